// @vitest-environment node
import { expect, test } from "vitest";
import { describePoint, factsOf, summarize } from "./summary";
import { makeLine, makeLines } from "./testing/lines";

test("a chart is told by its range and where its lines end", () => {
  const lines = makeLines([
    { runId: "a", steps: [0, 10], values: [3, 0.5] },
    { runId: "b", steps: [0, 12000], values: [2, Number.NaN] },
  ]);
  expect(summarize("loss", lines)).toBe(
    "Line chart of loss over 2 runs. Values from 0.5 to 3. Last: run a 0.5 at step 10; run b NaN at step 12,000.",
  );
});

test("of many runs a few are named", () => {
  const lines = Array.from({ length: 9 }, (_, i) => makeLine([i], String(i)));
  expect(summarize("loss", lines)).toContain("run 4 4 at step 0; 4 more.");
});

test("a chart without a finite value says so", () => {
  expect(summarize("loss", [makeLine([Number.NaN])])).toContain("No finite value.");
  expect(factsOf(makeLine([Number.NaN])).min).toBeNaN();
});

test("the facts of a run leave aside what is not finite", () => {
  expect(factsOf(makeLine([2, Number.POSITIVE_INFINITY, -1, 7]))).toMatchObject({
    points: 4,
    lastStep: 3,
    last: 7,
    min: -1,
    max: 7,
  });
});

test("a point is read out with its run, value, step and time", () => {
  const [line] = makeLines([{ runId: "a", steps: [0, 1500], values: [3, 0.25], wallTimes: [1000, 1090] }], "relative");
  expect(describePoint({ line: line as never, index: 1 }, "relative")).toBe(
    "run a: 0.25 at step 1,500, after 1 min 30 s",
  );
});
