// @vitest-environment node
import { expect, test } from "vitest";
import { makeLine, makeLines } from "./testing/lines";
import { isComplete, scaled, stepWindow } from "./zoom";

test("on an axis of steps the server is asked for the whole steps inside", () => {
  expect(stepWindow([], "step", { min: 10.2, max: 20.9 })).toEqual({ first: 11, last: 20 });
});

test("between two steps there is nothing to ask for", () => {
  expect(stepWindow([], "step", { min: 10.2, max: 10.8 })).toBeNull();
});

test("on an axis of times the window holds the steps of every line, and a neighbour at each side", () => {
  const lines = makeLines(
    [
      { runId: "slow", steps: [0, 1, 2, 3, 4], values: [0, 0, 0, 0, 0], wallTimes: [0, 100, 200, 300, 400] },
      { runId: "fast", steps: [0, 10, 20, 30, 40], values: [0, 0, 0, 0, 0], wallTimes: [0, 100, 200, 300, 400] },
    ],
    "wall",
  );
  expect(stepWindow(lines, "wall", { min: 150, max: 250 })).toEqual({ first: 1, last: 30 });
});

test("a clock that went back does not widen the window to the whole line", () => {
  const times = [0, 100, 200, 150, 300, 400];
  const lines = makeLines([{ runId: "a", steps: [0, 1, 2, 3, 4, 5], values: times, wallTimes: times }], "wall");
  expect(stepWindow(lines, "wall", { min: 140, max: 210 })).toEqual({ first: 2, last: 3 });
});

test("lines are complete when the server has nothing more", () => {
  const [sampled] = makeLines([{ runId: "a", steps: [0, 9], values: [0, 0], total: 10 }]);
  expect(isComplete([makeLine([1, 2])])).toBe(true);
  expect(isComplete([makeLine([1, 2]), sampled as never])).toBe(false);
});

test("zooming keeps its centre and stays inside the whole", () => {
  const whole = { min: 0, max: 100 };
  expect(scaled({ min: 0, max: 100 }, 20, 0.5, whole)).toEqual({ min: 10, max: 60 });
  expect(scaled({ min: 10, max: 60 }, 20, 2, whole)).toEqual({ min: 0, max: 100 });
});
