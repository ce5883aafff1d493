// @vitest-environment node
import { expect, test } from "vitest";
import { seededRandom } from "../testing/random";
import type { ScaleKind } from "./interval";
import { makeScale } from "./scale";

const KINDS: ScaleKind[] = ["linear", "log", "step", "time", "duration"];

test.each(KINDS)("on a %s scale the way to a pixel and back leads to where it began", (kind) => {
  const random = seededRandom(66);
  for (let round = 0; round < 500; round++) {
    const min = (kind === "log" ? random() : random() - 0.5) * 10 ** (random() * 20 - 10);
    const max = min + Math.abs(min) * 10 ** (random() * 8 - 4);
    const scale = makeScale(kind, { min, max }, 340, 40);
    const value = min + random() * (max - min);
    expect(Math.abs(scale.valueAt(scale.place(value)) - value)).toBeLessThanOrEqual(
      (max - min) * 1e-9 + Math.abs(value) * 1e-12,
    );
    expect([scale.place(min), scale.place(max)]).toEqual([340, 40]);
  }
});

test("on a log scale each power of ten takes the same room, and what is not above zero has no place", () => {
  const { place } = makeScale("log", { min: 0.01, max: 100 }, 0, 400);
  expect([0.1, 1, 10].map((value) => Math.round(place(value)))).toEqual([100, 200, 300]);
  expect([0, -1, Number.NaN, Number.POSITIVE_INFINITY].map((value) => Number.isFinite(place(value)))).toEqual([
    false,
    false,
    false,
    false,
  ]);
});

test("the widest domains that there are still have pixels", () => {
  for (const [kind, min, max] of [
    ["linear", -8e307, 8e307],
    ["log", Number.MIN_VALUE, 8e307],
  ] as const) {
    const { place, valueAt } = makeScale(kind, { min, max }, 0, 100);
    expect(place(1)).toBeGreaterThan(0);
    expect(place(1)).toBeLessThan(100);
    expect(Number.isFinite(valueAt(50))).toBe(true);
  }
});
