// @vitest-environment node
import { expect, test } from "vitest";
import { splice, spliceAll } from "./splice";
import { makeSeries } from "./testing/answers";

const coarse = makeSeries({ runId: "a", steps: [0, 10, 20, 30, 40], values: [0, 1, 2, 3, 4], total: 41 });
const detail = makeSeries({ runId: "a", steps: [15, 20, 25], values: [1.5, 2, 2.5], total: 11, damaged: 3 });

test("detail stands where the coarse points of its window stood, and the line goes on at both sides", () => {
  const joined = splice(coarse, detail, { first: 15, last: 25 });
  expect([...joined.steps]).toEqual([0, 10, 15, 20, 25, 30, 40]);
  expect([...joined.values]).toEqual([0, 1, 1.5, 2, 2.5, 3, 4]);
  expect(joined.wallTimes).toHaveLength(7);
});

test("counts are those of the window", () => {
  expect(splice(coarse, detail, { first: 15, last: 25 })).toMatchObject({ count: 3, total: 11, damaged: 3 });
});

test("coarse points at the edges of the window are replaced, never shown twice", () => {
  const inside = makeSeries({ runId: "a", steps: [10, 12, 30], values: [1, 1.2, 3] });
  expect([...splice(coarse, inside, { first: 10, last: 30 }).steps]).toEqual([0, 10, 12, 30, 40]);
});

test("a window that holds no points leaves a line from one side to the other", () => {
  const nothing = makeSeries({ runId: "a", steps: [], values: [] });
  expect([...splice(coarse, nothing, { first: 11, last: 19 }).steps]).toEqual([0, 10, 20, 30, 40]);
});

test("a run without detail yet keeps its coarse points", () => {
  const other = makeSeries({ runId: "b", steps: [1], values: [1] });
  const [first, second] = spliceAll([coarse, other], [detail], { first: 15, last: 25 });
  expect(first?.steps).toHaveLength(7);
  expect(second).toBe(other);
});
