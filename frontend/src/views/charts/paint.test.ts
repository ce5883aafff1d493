// @vitest-environment node
import { expect, test } from "vitest";
import { seededRandom } from "../../data/points/testing/answers";
import type { Frame } from "./frame";
import type { Line } from "./lines";
import { areSparse, paintLine } from "./paint";
import { makeLine, makeLines } from "./testing/lines";

const FRAME: Frame = { left: 0, top: 0, width: 100, height: 100, x: { min: 0, max: 10 }, y: { min: 0, max: 10 } };
const NONE = Number.NaN;

/** A canvas context that writes down what is drawn on it. */
function paint(line: Line, dotted = false) {
  const strokes: string[] = [];
  const dots: number[] = [];
  const furthest = { pixel: 0 };
  const reach = (x: number, y: number) => {
    furthest.pixel = Math.max(furthest.pixel, Math.abs(x), Math.abs(y));
    return `${Math.round(x)},${Math.round(y)}`;
  };
  const context = {
    beginPath: () => {},
    stroke: () => {},
    fill: () => {},
    moveTo: (x: number, y: number) => strokes.push(`M${reach(x, y)}`),
    lineTo: (x: number, y: number) => strokes.push(`L${reach(x, y)}`),
    arc: (x: number) => dots.push(Math.round(x)),
  };
  paintLine(context as unknown as CanvasRenderingContext2D, FRAME, line, {
    color: "red",
    width: 1,
    dotRadius: 2,
    dotted,
  });
  return { lines: strokes.filter((stroke) => stroke.startsWith("L")), strokes, dots, furthest: furthest.pixel };
}

function manyPoints(values: number[]): Line {
  return makeLines([{ runId: "a", steps: values.map((_, i) => i / 10), values }])[0] as Line;
}

test("a line joins its points", () => {
  expect(paint(makeLine([0, 10, 5])).strokes.slice(0, 3)).toEqual(["M0,100", "L10,0", "L20,50"]);
});

test("a point without a place breaks the line, and is not bridged", () => {
  const values = Array.from({ length: 20 }, (_, i) => (i === 10 ? NONE : 5));
  const { strokes } = paint(manyPoints(values));
  expect(strokes.filter((stroke) => stroke.startsWith("M"))).toEqual(["M0,50", "M11,50"]);
});

test("a point that no segment reaches is a dot", () => {
  const values = Array.from({ length: 20 }, (_, i) => (i === 9 || i === 11 ? NONE : 5));
  expect(paint(manyPoints(values)).dots).toEqual([10]);
  expect(paint(makeLine([5])).dots).toEqual([0]);
});

test("every point with a place is a dot where that is asked for", () => {
  expect(paint(makeLine([1, NONE, 3]), true).dots).toEqual([0, 20]);
});

test("lines are dotted together or not at all", () => {
  const few = makeLine([1, 2, 3]);
  const many = manyPoints(Array(50).fill(5));
  expect(areSparse([few], FRAME, 20)).toBe(true);
  expect(areSparse([few, many], FRAME, 20)).toBe(false);
});

test("a line without a finite point draws nothing", () => {
  expect(paint(makeLine([NONE, Number.POSITIVE_INFINITY])).lines).toEqual([]);
});

test("nothing is drawn far outside, however far the values reach", () => {
  const random = seededRandom(4);
  for (let round = 0; round < 100; round++) {
    const values = Array.from({ length: 30 }, () => (random() - 0.5) * 10 ** (random() * 300));
    expect(paint(manyPoints(values)).furthest).toBeLessThan(2200);
  }
});

test("a spike beyond the frame still goes up and comes down at its place", () => {
  const { strokes } = paint(makeLine([5, 1e30, 5]));
  expect(strokes).toContain("M0,50");
  expect(strokes).toContain("M20,50");
  const far = strokes.filter((stroke) => stroke.endsWith(",-2000"));
  expect(far.length).toBe(2);
});
