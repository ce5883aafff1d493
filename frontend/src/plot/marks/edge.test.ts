// @vitest-environment node
import { expect, test } from "vitest";
import type { Interval } from "../../model/interval";
import { frameOf, polyline } from "../testing/lines";
import { edgeMarksOf } from "./edge";

const { NaN: NONE, POSITIVE_INFINITY: UP, NEGATIVE_INFINITY: DOWN } = Number;

function marksOf(values: number[], spacing: number, x: Interval = { min: 0, max: 10 }) {
  const frame = frameOf({ kind: "step", domain: x }, { kind: "linear", domain: { min: 0, max: 1 } });
  return edgeMarksOf(polyline(values), Float64Array.from(values), frame, spacing);
}

test("every kind of point without a place has its mark, where it lies along x", () => {
  expect(marksOf([1, NONE, 1, UP, 1, DOWN], 5)).toEqual([
    { x: 10, shape: "none" },
    { x: 30, shape: "up" },
    { x: 50, shape: "down" },
  ]);
});

test("a value that the scale alone has no place for lies below", () => {
  const frame = frameOf({ kind: "step", domain: { min: 0, max: 2 } }, { kind: "log", domain: { min: 1, max: 9 } });
  const marks = edgeMarksOf(polyline([1, NONE, NONE]), Float64Array.of(1, 0, -2), frame, 5);
  expect(marks.map(({ shape }) => shape)).toEqual(["down", "down"]);
});

test("marks of one shape keep their distance, and shapes do not hide one another", () => {
  expect(marksOf([NONE, NONE, UP, NONE, NONE], 25)).toEqual([
    { x: 0, shape: "none" },
    { x: 20, shape: "up" },
    { x: 30, shape: "none" },
  ]);
});

test("what is zoomed away has no mark", () => {
  expect(marksOf([NONE, 1, 1, NONE], 5, { min: 1, max: 2 })).toEqual([]);
});
