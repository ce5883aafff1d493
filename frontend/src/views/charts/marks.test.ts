// @vitest-environment node
import { expect, test } from "vitest";
import { marksOf } from "./marks";
import { makeLine } from "./testing/lines";

const { NaN: NONE, POSITIVE_INFINITY: UP, NEGATIVE_INFINITY: DOWN } = Number;
const FRAME = { left: 10, top: 0, width: 100, height: 50, x: { min: 0, max: 10 }, y: { min: 0, max: 1 } };

test("every kind of point without a place has its mark, where it lies along x", () => {
  const line = makeLine([1, NONE, 1, UP, 1, DOWN]);
  expect(marksOf(line, FRAME, 5)).toEqual([
    { x: 20, shape: "none" },
    { x: 40, shape: "up" },
    { x: 60, shape: "down" },
  ]);
});

test("on a log axis what is not above zero lies below", () => {
  expect(marksOf(makeLine([1, 0, -2], "a", "log"), FRAME, 5).map(({ shape }) => shape)).toEqual(["down", "down"]);
});

test("marks of one shape keep their distance, and shapes do not hide one another", () => {
  const line = makeLine([NONE, NONE, UP, NONE, NONE]);
  const marks = marksOf(line, FRAME, 25);
  expect(marks).toEqual([
    { x: 10, shape: "none" },
    { x: 30, shape: "up" },
    { x: 40, shape: "none" },
  ]);
});

test("what is zoomed away has no mark", () => {
  const line = makeLine([NONE, 1, 1, NONE]);
  expect(marksOf(line, { ...FRAME, x: { min: 1, max: 2 } }, 5)).toEqual([]);
});
