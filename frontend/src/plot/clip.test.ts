// @vitest-environment node
import { expect, test } from "vitest";
import { clipSegment } from "./clip";

const SQUARE = { left: 0, top: 0, right: 10, bottom: 10 };

test.each([
  ["inside", [1, 2, 3, 4], [1, 2, 3, 4]],
  ["through both sides", [-10, 5, 20, 5], [0, 5, 10, 5]],
  ["out at the top", [5, 5, 5, -1e30], [5, 5, 5, 0]],
  ["in from far above", [5, -1e30, 6, 5], [6, 0, 6, 5]],
  ["from far above to far below", [4, -1e30, 6, 1e30], [5, 0, 5, 10]],
  ["a corner cut off", [-5, 5, 5, -5], [0, 0, 0, 0]],
])("a segment %s", (_, [x0, y0, x1, y1], [left, top, right, bottom]) => {
  const cut = clipSegment({ x0, y0, x1, y1 } as never, SQUARE);
  expect(cut?.x0).toBeCloseTo(left as number);
  expect(cut?.y0).toBeCloseTo(top as number);
  expect(cut?.x1).toBeCloseTo(right as number);
  expect(cut?.y1).toBeCloseTo(bottom as number);
});

test.each([
  ["beside", [-1, 0, -1, 10]],
  ["past a corner", [-6, 5, 5, -6]],
  ["of no length outside", [20, 20, 20, 20]],
])("a segment %s is not there", (_, [x0, y0, x1, y1]) => {
  expect(clipSegment({ x0, y0, x1, y1 } as never, SQUARE)).toBeNull();
});
