// @vitest-environment node
import { expect, test } from "vitest";
import { makeSeries } from "../../data/points/testing/answers";
import { coverageInside, coverageOf, describeCoverage, warnings } from "./coverage";
import { makeLine } from "./testing/lines";

const NO_MISFITS = { points: 10, notFinite: 0, notPositive: 0 };

test("the points shown and the points there are stand side by side", () => {
  const series = [
    makeSeries({ runId: "a", steps: [0, 1], values: [0, 0], total: 20_000 }),
    makeSeries({ runId: "b", steps: [0], values: [0] }),
  ];
  expect(describeCoverage(coverageOf(series, false))).toBe("3 of 20,001 points, extremes kept");
  expect(describeCoverage(coverageOf(series, true))).toBe("3 of 20,001 points in this range, extremes kept");
  expect(describeCoverage(coverageOf(series.slice(1), false))).toBe("1 of 1 point");
});

test("what is zoomed to in lines that are complete is counted", () => {
  expect(coverageInside([makeLine([1, 2, 3, 4])], { min: 1, max: 2.5 })).toMatchObject({
    shown: 2,
    total: 2,
    inView: true,
  });
});

test("nothing to warn of gives no sentence", () => {
  expect(warnings(coverageOf([], false), NO_MISFITS)).toEqual([]);
});

test("points that are not on a line, and points that are lost, are said", () => {
  const damaged = coverageOf([makeSeries({ runId: "a", steps: [], values: [], damaged: 512 })], false);
  const sentences = warnings(damaged, { points: 5000, notFinite: 3, notPositive: 1 });
  expect(sentences[0]).toBe("3 of the 5,000 shown are NaN or infinite, marked at the edge.");
  expect(sentences[1]).toContain("1 is not above zero");
  expect(sentences[2]).toContain("512 points cannot be read");
});
