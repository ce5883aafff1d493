// @vitest-environment node
import { expect, test } from "vitest";
import { frameOf } from "../../plot/testing/lines";
import type { Line } from "./lines";
import { type LinePoint, nearestPoint, pointOnNextLine } from "./nearest";
import { makeLines } from "./testing/lines";

/** One pixel is one unit, upwards and to the right. */
const ALL = { min: 0, max: 100 };
const FRAME = frameOf({ kind: "step", domain: ALL }, { kind: "linear", domain: ALL });

function name(point: LinePoint | null): string | null {
  return point && `${point.line.run.runId}${point.index}`;
}

test("under the pointer is the point of the line that passes closest", () => {
  const lines = makeLines([
    { runId: "low", steps: [0, 50, 100], values: [10, 10, 10] },
    { runId: "high", steps: [0, 50, 100], values: [90, 90, 90] },
  ]);
  expect(name(nearestPoint(lines, FRAME, 60, 80))).toBe("low1");
  expect(name(nearestPoint(lines, FRAME, 90, 20))).toBe("high2");
});

test("a steep line that passes through the pointer goes before a flat one whose point is nearer", () => {
  const lines = makeLines([
    { runId: "flat", steps: [0, 50, 100], values: [45, 45, 45] },
    { runId: "steep", steps: [0, 49, 50, 51, 100], values: [0, 0, 100, 0, 0] },
  ]);
  expect(name(nearestPoint(lines, FRAME, 50, 30))).toBe("steep2");
});

test("no line is no point", () => {
  expect(nearestPoint([], FRAME, 50, 50)).toBeNull();
});

test("up and down lead to the line above and below at the same x", () => {
  const lines = makeLines([
    { runId: "mid", steps: [0, 10], values: [5, 5] },
    { runId: "top", steps: [0, 9, 12], values: [9, 9, 0] },
    { runId: "low", steps: [0, 10], values: [1, 1] },
    { runId: "none", steps: [0], values: [Number.NaN] },
  ]);
  const from = { line: lines[0] as Line, index: 1 };
  expect(name(pointOnNextLine(lines, from, 1))).toBe("top1");
  expect(name(pointOnNextLine(lines, from, -1))).toBe("low1");
  const top = pointOnNextLine(lines, from, 1);
  expect(pointOnNextLine(lines, top, 1)).toEqual(top);
});
