// @vitest-environment node
import { describe, expect, test } from "vitest";
import { seededRandom } from "../../data/points/testing/answers";
import type { Frame } from "./frame";
import { toPixelX, toPixelY } from "./frame";
import type { LinePoint } from "./nearest";
import { nearestIndex, nearestPoint, neighbour, pointOnNextLine } from "./nearest";
import { makeLine, makeLines } from "./testing/lines";

/** One pixel is one unit, upwards and to the right. */
const FRAME: Frame = { left: 0, top: 0, width: 100, height: 100, x: { min: 0, max: 100 }, y: { min: 0, max: 100 } };

function name(point: LinePoint | null): string | null {
  return point && `${point.line.run.runId}${point.index}`;
}

describe("under the pointer", () => {
  test("is the point of the line that passes closest", () => {
    const lines = makeLines([
      { runId: "low", steps: [0, 50, 100], values: [10, 10, 10] },
      { runId: "high", steps: [0, 50, 100], values: [90, 90, 90] },
    ]);
    expect(name(nearestPoint(lines, FRAME, 60, 80))).toBe("low1");
    expect(name(nearestPoint(lines, FRAME, 90, 20))).toBe("high2");
  });

  test("is a steep line that passes through it, not a flat one whose point is nearer", () => {
    const lines = makeLines([
      { runId: "flat", steps: [0, 50, 100], values: [45, 45, 45] },
      { runId: "steep", steps: [0, 49, 50, 51, 100], values: [0, 0, 100, 0, 0] },
    ]);
    expect(name(nearestPoint(lines, FRAME, 50, 30))).toBe("steep2");
  });

  test("is never a point without a place, and a gap is not bridged", () => {
    const line = makeLine([50, Number.NaN, 50]);
    const frame = { ...FRAME, x: { min: 0, max: 2 } };
    expect(name(nearestPoint([line], frame, 45, 50))).toBe("a0");
    expect(nearestPoint([makeLine([Number.NaN])], frame, 45, 50)).toBeNull();
  });

  test("is a point of a line whose clock went back", () => {
    const lines = makeLines([{ runId: "a", steps: [0, 1, 2], values: [10, 50, 90], wallTimes: [0, 90, 40] }], "wall");
    expect(name(nearestPoint(lines, FRAME, 41, 11))).toBe("a2");
  });

  test("is what a look at every segment finds, wherever a line is near", () => {
    const random = seededRandom(9);
    const frame = { ...FRAME, x: { min: 0, max: 39 } };
    for (let round = 0; round < 300; round++) {
      const lines = ["a", "b", "c"].map((runId) =>
        makeLine(
          Array.from({ length: 40 }, () => (random() < 0.1 ? Number.NaN : random() * 100)),
          runId,
        ),
      );
      const near = Math.floor(random() * 40);
      const x = toPixelX(frame, near) + random() * 6 - 3;
      const y = toPixelY(frame, lines[0]?.ys[near] || 50) + random() * 6 - 3;
      const everySegment = lines.map((line) => ({ ...line, sorted: false }));
      const isNear = Number.isFinite(lines[0]?.ys[near]);
      expect(isNear ? name(nearestPoint(lines, frame, x, y)) : null).toBe(
        isNear ? name(nearestPoint(everySegment, frame, x, y)) : null,
      );
    }
  });
});

test("the index nearest to an x skips what has no place", () => {
  const line = makeLine([1, Number.NaN, Number.NaN, 4]);
  expect(nearestIndex(line, 1.4)).toBe(0);
  expect(nearestIndex(line, 1.6)).toBe(3);
  expect(nearestIndex(line, Number.NEGATIVE_INFINITY)).toBe(0);
  expect(nearestIndex(line, Number.POSITIVE_INFINITY)).toBe(3);
  expect(nearestIndex(makeLine([Number.NaN]), 0)).toBe(-1);
});

test("arrow keys move to the next point with a place, and stop at the ends", () => {
  const line = makeLine([1, Number.NaN, 3]);
  expect(neighbour({ line, index: 0 }, 1).index).toBe(2);
  expect(neighbour({ line, index: 2 }, 1).index).toBe(2);
  expect(neighbour({ line, index: 2 }, -1).index).toBe(0);
});

test("up and down lead to the line above and below at the same x", () => {
  const lines = makeLines([
    { runId: "mid", steps: [0, 10], values: [5, 5] },
    { runId: "top", steps: [0, 9, 12], values: [9, 9, 0] },
    { runId: "low", steps: [0, 10], values: [1, 1] },
    { runId: "none", steps: [0], values: [Number.NaN] },
  ]);
  const from = { line: lines[0] as (typeof lines)[0], index: 1 };
  expect(name(pointOnNextLine(lines, from, 1))).toBe("top1");
  expect(name(pointOnNextLine(lines, from, -1))).toBe("low1");
  const top = pointOnNextLine(lines, from, 1);
  expect(pointOnNextLine(lines, top, 1)).toEqual(top);
});
