// @vitest-environment node
import { expect, test } from "vitest";
import { seededRandom } from "../../testing/random";
import { polyline } from "../testing/lines";
import { nearestIndex, neighbour, visible } from "./polyline";

const NONE = Number.NaN;

test("what is drawn is what is inside, and a neighbour at each side", () => {
  const line = polyline([0, 1, 2, 3, 4, 5]);
  expect(visible(line, { min: 2, max: 3 })).toEqual([1, 5]);
  expect(visible(line, { min: -9, max: 99 })).toEqual([0, 6]);
});

test("of a line whose x goes back every point may be inside", () => {
  expect(visible(polyline([1, 2, 3], [5, 9, 7]), { min: 8, max: 10 })).toEqual([0, 3]);
});

test("the index nearest to an x skips what has no place", () => {
  const line = polyline([1, NONE, NONE, 4]);
  expect(nearestIndex(line, 1.4)).toBe(0);
  expect(nearestIndex(line, 1.6)).toBe(3);
  expect(nearestIndex(line, Number.NEGATIVE_INFINITY)).toBe(0);
  expect(nearestIndex(line, Number.POSITIVE_INFINITY)).toBe(3);
  expect(nearestIndex(polyline([NONE]), 0)).toBe(-1);
});

test("the index nearest to an x is as near as that of any other point with a place", () => {
  const random = seededRandom(21);
  for (let round = 0; round < 300; round++) {
    const length = Math.floor(random() * 30);
    const xs = Array.from({ length }, () => Math.floor(random() * 50)).sort((a, b) => a - b);
    const line = polyline(
      xs.map(() => (random() < 0.3 ? NONE : 1)),
      xs,
    );
    const x = random() * 60 - 5;
    const distances = xs.filter((_, i) => Number.isFinite(line.ys[i])).map((at) => Math.abs(at - x));
    const found = nearestIndex(line, x);
    expect(found < 0 ? [] : [Math.abs((xs[found] as number) - x)]).toEqual(
      distances.length === 0 ? [] : [Math.min(...distances)],
    );
  }
});

test("neighbours are points with a place, and there is none beyond the ends", () => {
  const line = polyline([1, NONE, 3]);
  expect([neighbour(line, 0, 1), neighbour(line, 2, 1), neighbour(line, 2, -1)]).toEqual([2, 2, 0]);
});
