// @vitest-environment node
import { expect, test } from "vitest";
import { seededRandom } from "../../testing/random";
import { makeLine, makeLines } from "./testing/lines";
import { centered, isComplete, scaled, stepWindow, zoomInside } from "./zoom";

test("on an axis of steps the server is asked for the whole steps inside", () => {
  expect(stepWindow([], "step", { min: 10.2, max: 20.9 })).toEqual({ first: 11, last: 20 });
});

test("between two steps there is nothing to ask for", () => {
  expect(stepWindow([], "step", { min: 10.2, max: 10.8 })).toBeNull();
});

test("on an axis of times the window holds the steps of every line, and a neighbour at each side", () => {
  const lines = makeLines(
    [
      { runId: "slow", steps: [0, 1, 2, 3, 4], values: [0, 0, 0, 0, 0], wallTimes: [0, 100, 200, 300, 400] },
      { runId: "fast", steps: [0, 10, 20, 30, 40], values: [0, 0, 0, 0, 0], wallTimes: [0, 100, 200, 300, 400] },
    ],
    "wall",
  );
  expect(stepWindow(lines, "wall", { min: 150, max: 250 })).toEqual({ first: 1, last: 30 });
});

test("a clock that went back does not widen the window to the whole line", () => {
  const times = [0, 100, 200, 150, 300, 400];
  const lines = makeLines([{ runId: "a", steps: [0, 1, 2, 3, 4, 5], values: times, wallTimes: times }], "wall");
  expect(stepWindow(lines, "wall", { min: 140, max: 210 })).toEqual({ first: 2, last: 3 });
});

test("lines are complete when the server has nothing more", () => {
  const [sampled] = makeLines([{ runId: "a", steps: [0, 9], values: [0, 0], total: 10 }]);
  expect(isComplete([makeLine([1, 2])])).toBe(true);
  expect(isComplete([makeLine([1, 2]), sampled as never])).toBe(false);
});

test("an interval grows and shrinks about a centre, and moves to one", () => {
  expect(scaled({ min: 0, max: 100 }, 20, 0.5)).toEqual({ min: 10, max: 60 });
  expect(scaled({ min: 10, max: 60 }, 20, 2)).toEqual({ min: 0, max: 100 });
  expect(centered({ min: 0, max: 10 }, 50)).toEqual({ min: 45, max: 55 });
});

const WHOLE = { min: 0, max: 100 };

test("a zoom to everything is none, so that it goes on to show everything while a run grows", () => {
  expect(zoomInside(WHOLE, WHOLE, "step")).toBeNull();
  expect(zoomInside({ min: -50, max: 300 }, WHOLE, "step")).toBeNull();
  const there = zoomInside(scaled(WHOLE, 73.1, 0.5), WHOLE, "step");
  expect(there).not.toBeNull();
  expect(zoomInside(scaled(there ?? WHOLE, 73.1, 2), WHOLE, "step")).toBeNull();
});

test("a zoom stays inside the whole, with its width", () => {
  expect(zoomInside({ min: 90, max: 110 }, WHOLE, "step")).toEqual({ min: 80, max: 100 });
  expect(zoomInside({ min: -5, max: 15 }, WHOLE, "step")).toEqual({ min: 0, max: 20 });
});

test.each([
  ["step", 2],
  ["wall", 0.002],
  ["relative", 0.002],
] as const)("on an axis of %s a zoom is never narrower than %d", (xAxis, narrowest) => {
  let x = WHOLE;
  for (let i = 0; i < 60; i++) {
    x = zoomInside(scaled(x, 41, 0.5), WHOLE, xAxis) ?? WHOLE;
  }
  expect(x.max - x.min).toBeCloseTo(narrowest, 9);
  expect(x.min).toBeLessThanOrEqual(41);
  expect(x.max).toBeGreaterThanOrEqual(41);
});

test("whatever is zoomed to lies inside the whole, and has a width", () => {
  const random = seededRandom(31);
  for (let round = 0; round < 1000; round++) {
    const whole = { min: (random() - 0.5) * 1e6, max: 1e6 + random() * 1e9 };
    const min = (random() - 0.5) * 3e9;
    const x = zoomInside({ min, max: min + random() * 10 ** (random() * 12 - 3) }, whole, "wall");
    if (x !== null) {
      expect(x.min).toBeGreaterThanOrEqual(whole.min);
      expect(x.max).toBeLessThanOrEqual(whole.max * (1 + 1e-12));
      expect(x.max).toBeGreaterThan(x.min);
    }
  }
});
