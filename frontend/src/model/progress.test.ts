import { expect, test } from "vitest";
import { sampleRun } from "../testing/runs";
import { PROGRESS_COLUMNS, percentOf, progressOf } from "./progress";

const below = (value: number) => ({ rolled_up: value, over: 3, best: "" });

test("a run is as far as what is below it, else as it is itself", () => {
  const run = (cells: (number | ReturnType<typeof below> | null)[]) => sampleRun("a", { status: "Running", cells });
  expect(progressOf(run([0.25, below(0.5)]), PROGRESS_COLUMNS)).toBe(0.5);
  expect(progressOf(run([0.25, null]), PROGRESS_COLUMNS)).toBe(0.25);
  expect(progressOf(run([null, null]), PROGRESS_COLUMNS)).toBeNull();
  expect(progressOf(run([0.25]), ["metrics.loss"])).toBeNull();
});

test("of what is over nothing is said, and a parent is not over while anything below it runs", () => {
  const run = sampleRun("a", { status: "Completed", cells: [null, below(0.5)] });
  expect(progressOf(run, PROGRESS_COLUMNS)).toBeNull();
  expect(progressOf({ ...run, descendants: [{ status: "Running", runs: 1 }] }, PROGRESS_COLUMNS)).toBe(0.5);
});

test("nothing is done before it is", () => {
  expect([0, 0.999, 1].map(percentOf)).toEqual(["0 %", "99 %", "100 %"]);
});
