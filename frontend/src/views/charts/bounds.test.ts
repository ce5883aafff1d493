// @vitest-environment node
import { expect, test } from "vitest";
import { xExtent, yExtent } from "./bounds";
import { makeLine, makeLines } from "./testing/lines";

const ALL = { min: Number.NEGATIVE_INFINITY, max: Number.POSITIVE_INFINITY };

test("the x axis spans all lines", () => {
  const lines = makeLines([
    { runId: "a", steps: [5, 9], values: [0, 0] },
    { runId: "b", steps: [-2, 7], values: [0, 0] },
  ]);
  expect(xExtent(lines, "step")).toEqual({ min: -2, max: 9 });
});

test("the x axis spans times that go back", () => {
  const input = { runId: "a", steps: [0, 1, 2], values: [0, 0, 0], wallTimes: [50, 90, 70] };
  expect(xExtent(makeLines([input], "wall"), "wall")).toEqual({ min: 50, max: 90 });
});

test("one x, or none, still gives an axis", () => {
  expect(xExtent([makeLine([1])], "step")).toEqual({ min: -0.5, max: 0.5 });
  expect(xExtent(makeLines([{ runId: "a", steps: [0], values: [0], wallTimes: [1000] }], "wall"), "wall")).toEqual({
    min: 970,
    max: 1030,
  });
  expect(xExtent([], "step")).toEqual({ min: 0, max: 1 });
});

test("the y axis holds every finite value, with room", () => {
  const extent = yExtent([makeLine([-1, Number.NaN, 3, Number.POSITIVE_INFINITY])], ALL, "linear");
  expect(extent?.min).toBeLessThan(-1);
  expect(extent?.max).toBeGreaterThan(3);
  expect(extent?.max).toBeLessThan(4);
});

test("room does not cross zero on a linear axis, and may on a log axis", () => {
  expect(yExtent([makeLine([0.01, 2])], ALL, "linear")?.min).toBe(0);
  expect(yExtent([makeLine([-2, -0.01])], ALL, "linear")?.max).toBe(0);
  const extent = yExtent([makeLine([1, 100], "a", "log")], ALL, "log");
  expect(extent?.min).toBeGreaterThan(0.5);
  expect(extent?.min).toBeLessThan(1);
});

test("a flat line stands in the middle", () => {
  const around = (value: number) => yExtent([makeLine([value, value])], ALL, "linear");
  expect(around(0)).toEqual({ min: -1, max: 1 });
  const extent = around(-1e-20);
  expect(((extent?.min ?? 0) + (extent?.max ?? 0)) / 2).toBeCloseTo(-1e-20, 30);
  expect(extent?.min).toBeLessThan(extent?.max ?? 0);
});

test("the ends of floating point still give a range that can be divided", () => {
  const extent = yExtent([makeLine([-Number.MAX_VALUE, Number.MAX_VALUE])], ALL, "linear");
  expect(Number.isFinite((extent?.max ?? 0) - (extent?.min ?? 0))).toBe(true);
  const magnitudes = yExtent([makeLine([Number.MIN_VALUE, Number.MAX_VALUE], "a", "log")], ALL, "log");
  expect(magnitudes?.min).toBeGreaterThan(0);
  expect(magnitudes?.max).toBeLessThan(Number.MAX_VALUE);
});

test("inside an interval only what is drawn there counts", () => {
  const line = makeLine([0, 100, 0, 0, 5, 0]);
  expect(yExtent([line], { min: 3, max: 5 }, "linear")?.max).toBeLessThan(6);
});

test("a segment that passes through an interval without a point counts where it passes", () => {
  const line = makeLine([0, 10]);
  const extent = yExtent([line], { min: 0.5, max: 0.6 }, "linear");
  expect(extent?.min).toBeGreaterThan(4.9);
  expect(extent?.max).toBeLessThan(6.1);
});

test("on a log axis it passes half way at the middle of the magnitudes", () => {
  const line = makeLine([1, 100], "a", "log");
  const extent = yExtent([line], { min: 0.499, max: 0.501 }, "log");
  expect(extent?.min).toBeLessThan(10);
  expect(extent?.max).toBeGreaterThan(10);
  expect((extent?.max ?? 0) / (extent?.min ?? 1)).toBeLessThan(1.02);
});

test("nothing finite in the interval gives no axis", () => {
  expect(yExtent([makeLine([Number.NaN])], ALL, "linear")).toBeNull();
  expect(yExtent([makeLine([1, 2])], { min: 5, max: 6 }, "linear")).toBeNull();
});
