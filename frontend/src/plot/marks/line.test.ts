// @vitest-environment node
import { describe, expect, test } from "vitest";
import { seededRandom } from "../../testing/random";
import { frameOf, polyline } from "../testing/lines";
import { areSparse, hitLine, isInView, paintLine } from "./line";
import type { Polyline } from "./polyline";

const TEN = { min: 0, max: 10 };
const FRAME = frameOf({ kind: "step", domain: TEN }, { kind: "linear", domain: TEN });
const NONE = Number.NaN;

/** A canvas context that writes down what is drawn on it. */
function paint(line: Polyline, dotted = false, frame = FRAME) {
  const strokes: string[] = [];
  const dots: number[] = [];
  const dashes: number[][] = [];
  const furthest = { pixel: 0 };
  const reach = (x: number, y: number) => {
    furthest.pixel = Math.max(furthest.pixel, Math.abs(x), Math.abs(y));
    return `${Math.round(x)},${Math.round(y)}`;
  };
  const context = {
    beginPath: () => {},
    stroke: () => {},
    fill: () => {},
    setLineDash: (lengths: number[]) => dashes.push(lengths),
    moveTo: (x: number, y: number) => strokes.push(`M${reach(x, y)}`),
    lineTo: (x: number, y: number) => strokes.push(`L${reach(x, y)}`),
    arc: (x: number) => dots.push(Math.round(x)),
  };
  const style = { color: "red", width: 1.5, dash: [4, 2], dotRadius: 2, dotted };
  paintLine(context as unknown as CanvasRenderingContext2D, frame, line, style);
  return { lines: strokes.filter((stroke) => stroke.startsWith("L")), strokes, dots, dashes, furthest: furthest.pixel };
}

function manyPoints(values: number[]): Polyline {
  return polyline(
    values,
    values.map((_, i) => i / 10),
  );
}

test("a line joins its points", () => {
  expect(paint(polyline([0, 10, 5])).strokes.slice(0, 3)).toEqual(["M0,100", "L10,0", "L20,50"]);
});

test("a point without a place breaks the line, and is not bridged", () => {
  const values = Array.from({ length: 20 }, (_, i) => (i === 10 ? NONE : 5));
  const { strokes } = paint(manyPoints(values));
  expect(strokes.filter((stroke) => stroke.startsWith("M"))).toEqual(["M0,50", "M11,50"]);
});

test("a point that no segment reaches is a dot", () => {
  const values = Array.from({ length: 20 }, (_, i) => (i === 9 || i === 11 ? NONE : 5));
  expect(paint(manyPoints(values)).dots).toEqual([10]);
  expect(paint(polyline([5])).dots).toEqual([0]);
});

test("dashes are as long as the line is wide", () => {
  expect(paint(polyline([1, 2])).dashes).toEqual([[6, 3]]);
});

test("on a log scale equal factors are equal heights", () => {
  const frame = frameOf({ kind: "step", domain: TEN }, { kind: "log", domain: { min: 0.1, max: 10 } });
  expect(paint(polyline([0.1, 1, 10]), false, frame).strokes.slice(0, 3)).toEqual(["M0,100", "L10,50", "L20,0"]);
});

test("every point with a place is a dot where that is asked for", () => {
  expect(paint(polyline([1, NONE, 3]), true).dots).toEqual([0, 20]);
});

test("lines are dotted together or not at all", () => {
  const few = polyline([1, 2, 3]);
  const many = manyPoints(Array(50).fill(5));
  expect(areSparse([few], FRAME, 20)).toBe(true);
  expect(areSparse([few, many], FRAME, 20)).toBe(false);
});

test("a line without a finite point draws nothing", () => {
  expect(paint(polyline([NONE, Number.POSITIVE_INFINITY])).lines).toEqual([]);
});

test("nothing is drawn far outside, however far the values reach", () => {
  const random = seededRandom(4);
  for (let round = 0; round < 100; round++) {
    const values = Array.from({ length: 30 }, () => (random() - 0.5) * 10 ** (random() * 300));
    expect(paint(manyPoints(values)).furthest).toBeLessThan(2200);
  }
});

test("a spike beyond the frame still goes up and comes down at its place", () => {
  const { strokes } = paint(polyline([5, 1e30, 5]));
  expect(strokes).toContain("M0,50");
  expect(strokes).toContain("M20,50");
  const far = strokes.filter((stroke) => stroke.endsWith(",-2000"));
  expect(far.length).toBe(2);
});

describe("the point that a place on the canvas means", () => {
  /** One pixel is one unit, upwards and to the right. */
  const ALL = { min: 0, max: 100 };
  const units = frameOf({ kind: "step", domain: ALL }, { kind: "linear", domain: ALL });

  test("is of the segment that passes closest, however far its ends lie", () => {
    const steep = polyline([0, 0, 100, 0, 0], [0, 49, 50, 51, 100]);
    const flat = polyline([45, 45, 45], [0, 50, 100]);
    expect(hitLine(steep, units, 50, 30)?.distance).toBeLessThan(1);
    expect(hitLine(flat, units, 50, 30)).toEqual({ index: 1, distance: expect.closeTo(25, 9) });
  });

  test("is never a point without a place, and a gap is not bridged", () => {
    const frame = frameOf({ kind: "step", domain: { min: 0, max: 2 } }, { kind: "linear", domain: ALL });
    expect(hitLine(polyline([50, NONE, 50]), frame, 45, 50)?.index).toBe(0);
    expect(hitLine(polyline([NONE]), frame, 45, 50)).toBeNull();
  });

  test("is in view: a point beyond the edge is not meant, whose line passes through", () => {
    const line = polyline([0, 200], [0, 100]);
    const zoomed = frameOf({ kind: "step", domain: { min: 25, max: 75 } }, { kind: "linear", domain: ALL });
    expect(hitLine(line, zoomed, 10, 60)).toBeNull();
    expect(hitLine(line, units, 49, 2)?.index).toBe(0);
    expect([isInView(line, 0, units), isInView(line, 1, units), isInView(line, 0, zoomed)]).toEqual([
      true,
      false,
      false,
    ]);
  });

  test("is a point of a line whose clock went back", () => {
    expect(hitLine(polyline([10, 50, 90], [0, 90, 40]), units, 41, 11)?.index).toBe(2);
  });

  test("is what a look at every segment finds, wherever the line is near", () => {
    const random = seededRandom(9);
    const frame = frameOf({ kind: "step", domain: { min: 0, max: 39 } }, { kind: "linear", domain: ALL });
    for (let round = 0; round < 300; round++) {
      const line = polyline(Array.from({ length: 40 }, () => (random() < 0.1 ? NONE : random() * 100)));
      const near = Math.floor(random() * 40);
      const x = frame.x.scale.place(near) + random() * 6 - 3;
      const y = frame.y.scale.place(line.ys[near] || 50) + random() * 6 - 3;
      if (Number.isFinite(line.ys[near])) {
        expect(hitLine(line, frame, x, y)).toEqual(hitLine({ ...line, sorted: false }, frame, x, y));
      }
    }
  });
});
