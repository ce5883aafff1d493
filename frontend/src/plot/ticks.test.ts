// @vitest-environment node
import { describe, expect, test } from "vitest";
import { seededRandom } from "../testing/random";
import { durationTicks, logTicks, numberTicks, wholeTicks } from "./ticks";

test.each([
  [0, 1, 5, [0, 0.2, 0.4, 0.6, 0.8, 1]],
  [0, 0.3, 3, [0, 0.1, 0.2, 0.3]],
  [-1, 1, 4, [-1, -0.5, 0, 0.5, 1]],
  [1e6, 1e6 + 3, 3, [1e6, 1e6 + 1, 1e6 + 2, 1e6 + 3]],
  [0, 4e-20, 4, [0, 1e-20, 2e-20, 3e-20, 4e-20]],
])("round numbers between %d and %d", (min, max, count, ticks) => {
  expect(numberTicks({ min, max }, count).values).toEqual(ticks);
});

test("any interval gets a few increasing ticks inside it", () => {
  const random = seededRandom(11);
  for (let round = 0; round < 2000; round++) {
    const center = (random() - 0.5) * 10 ** (random() * 40 - 20);
    const half = Math.abs(center) * 10 ** (random() * 12 - 8) + 10 ** (random() * 40 - 20);
    const interval = { min: center - half, max: center + half };
    const count = 2 + Math.floor(random() * 10);
    const { values } = numberTicks(interval, count);
    expect(values.length).toBeLessThanOrEqual(count + 1);
    expect(values.length).toBeGreaterThanOrEqual(1);
    values.forEach((value, i) => {
      expect(value).toBeGreaterThanOrEqual(interval.min - half * 1e-9);
      expect(value).toBeLessThanOrEqual(interval.max + half * 1e-9);
      expect(value).toBeGreaterThan(values[i - 1] ?? Number.NEGATIVE_INFINITY);
    });
  }
});

test("the ends of floating point do no harm", () => {
  expect(numberTicks({ min: -8e307, max: 8e307 }, 5).values.length).toBeGreaterThan(1);
  expect(numberTicks({ min: 1, max: 1 }, 5).values.length).toBeLessThanOrEqual(1);
  expect(numberTicks({ min: 0, max: Number.NaN }, 5).values).toEqual([]);
  expect(numberTicks({ min: 0, max: Number.MIN_VALUE }, 5).values.length).toBeLessThanOrEqual(200);
});

test("steps have no fractions", () => {
  expect(wholeTicks({ min: 0, max: 2 }, 10).values).toEqual([0, 1, 2]);
  expect(wholeTicks({ min: -0.5, max: 0.5 }, 10).values).toEqual([0]);
});

test.each([
  [60, 4, [0, 15, 30, 45, 60]],
  [3600, 4, [0, 900, 1800, 2700, 3600]],
  [86400 * 2, 4, [0, 43200, 86400, 129600, 172800]],
  [86400 * 30, 4, [0, 864000, 1728000, 2592000]],
  [0.4, 4, [0, 0.1, 0.2, 0.3, 0.4]],
])("durations up to %d seconds are round as people count them", (max, count, ticks) => {
  expect(durationTicks({ min: 0, max }, count).values).toEqual(ticks);
});

describe("a log axis", () => {
  test("has powers of ten, with more between them where there is room", () => {
    expect(logTicks({ min: 0.01, max: 10 }, 5)).toEqual([0.01, 0.1, 1, 10]);
    expect(logTicks({ min: 0.1, max: 10 }, 8)).toEqual([0.1, 0.2, 0.5, 1, 2, 5, 10]);
  });

  test("leaves out powers that would not fit", () => {
    expect(logTicks({ min: 1, max: 1e12 }, 3)).toEqual([1, 1e4, 1e8, 1e12]);
  });

  test("has ordinary round numbers inside a narrow interval", () => {
    expect(logTicks({ min: 0.31, max: 0.52 }, 5)).toEqual([0.35, 0.4, 0.45, 0.5]);
  });

  test("never has a tick outside", () => {
    const random = seededRandom(5);
    for (let round = 0; round < 1000; round++) {
      const exponent = random() * 600 - 300;
      const min = 10 ** exponent;
      const max = Math.min(8e307, 10 ** (exponent + 10 ** (random() * 4 - 2)));
      for (const tick of logTicks({ min, max }, 6)) {
        expect(tick).toBeGreaterThanOrEqual(min);
        expect(tick).toBeLessThanOrEqual(max);
      }
    }
  });
});
