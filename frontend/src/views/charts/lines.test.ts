// @vitest-environment node
import { expect, test } from "vitest";
import { makeSeries } from "../../data/points/testing/answers";
import { countMisfits, toLines } from "./lines";
import { makeLine, makeLines } from "./testing/lines";

const INPUT = { runId: "a", steps: [0, 5, 10], values: [1, 10, 100], wallTimes: [1000, 1060, 1120] };

test("the x axis shows steps, wall times, or the time since the run's first point", () => {
  expect([...(makeLines([INPUT], "step")[0]?.xs ?? [])]).toEqual([0, 5, 10]);
  expect([...(makeLines([INPUT], "wall")[0]?.xs ?? [])]).toEqual([1000, 1060, 1120]);
  expect([...(makeLines([INPUT], "relative")[0]?.xs ?? [])]).toEqual([0, 60, 120]);
});

test("relative time counts from the run's beginning also where only a later part is shown", () => {
  const part = makeSeries({ ...INPUT, steps: [5, 10], values: [10, 100], wallTimes: [1060, 1120] });
  const run = { runId: "a", name: "a", color: "red" };
  const [line] = toLines([part], [run], new Map([["a", 1000]]), "relative", "linear");
  expect([...(line?.xs ?? [])]).toEqual([60, 120]);
});

test("steps and linear values are not copied", () => {
  const [line] = makeLines([INPUT]);
  expect(line?.xs).toBe(line?.series.steps);
  expect(line?.ys).toBe(line?.series.values);
});

test("what a log axis has no place for is not finite", () => {
  const line = makeLine([1, 0.01, 0, -3, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY], "a", "log");
  const { NaN: none, POSITIVE_INFINITY } = Number;
  expect([...line.ys]).toEqual([1, 0.01, none, none, none, POSITIVE_INFINITY, none]);
});

test("lines follow the order of the runs, and runs without points have none", () => {
  const series = [
    makeSeries({ runId: "b", steps: [1], values: [1] }),
    makeSeries(INPUT),
    makeSeries({ runId: "c", steps: [], values: [] }),
  ];
  const runs = ["a", "x", "c", "b"].map((runId) => ({ runId, name: runId, color: "red" }));
  expect(toLines(series, runs, new Map(), "step", "linear").map(({ run }) => run.runId)).toEqual(["a", "b"]);
});

test("a clock that was set back is noticed", () => {
  const input = { ...INPUT, wallTimes: [1000, 1060, 1030] };
  expect(makeLines([input], "wall")[0]?.sorted).toBe(false);
  expect(makeLines([INPUT], "wall")[0]?.sorted).toBe(true);
  expect(makeLines([input], "step")[0]?.sorted).toBe(true);
});

const ALL = { min: 0, max: 100 };

test("every point without a place is counted, with the reason", () => {
  const values = [1, 0, -1, Number.NaN, Number.POSITIVE_INFINITY];
  expect(countMisfits([makeLine(values)], ALL)).toEqual({ points: 5, notFinite: 2, notPositive: 0 });
  expect(countMisfits([makeLine(values, "a", "log")], ALL)).toEqual({ points: 5, notFinite: 2, notPositive: 2 });
});

test("what is out of sight is not counted", () => {
  const line = makeLine([Number.NaN, 1, Number.NaN, 1, Number.NaN]);
  expect(countMisfits([line], { min: 1, max: 3 })).toEqual({ points: 3, notFinite: 1, notPositive: 0 });
});
