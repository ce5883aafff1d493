// @vitest-environment node
import { expect, test } from "vitest";
import { seededRandom } from "../testing/random";
import { timeTicks } from "./timeTicks";

const labelsOf = (min: number, max: number, count: number) => timeTicks({ min, max }, count).map(({ label }) => label);

/** A local moment in seconds since the epoch. */
function at(year: number, month: number, day: number, hour = 0, minute = 0, second = 0): number {
  return new Date(year, month - 1, day, hour, minute, second).getTime() / 1000;
}

test("minutes of an hour, with the day once", () => {
  const [min, max] = [at(2026, 11, 24, 14, 3), at(2026, 11, 24, 14, 58)];
  expect(timeTicks({ min, max }, 4)[0]?.value).toBe(at(2026, 11, 24, 14, 15));
  expect(labelsOf(min, max, 4)).toEqual(["14:15\nNov 24", "14:30", "14:45"]);
});

test("the day is said again when it changes", () => {
  const labels = labelsOf(at(2026, 11, 24, 20), at(2026, 11, 25, 5), 4);
  expect(labels).toEqual(["21:00\nNov 24", "00:00\nNov 25", "03:00"]);
});

test("seconds and their parts", () => {
  const start = at(2026, 1, 2, 3, 4, 5);
  expect(labelsOf(start, start + 11, 3)).toEqual(["03:04:05\nJan 2", "03:04:10", "03:04:15"]);
  expect(labelsOf(start, start + 0.4, 4)[1]).toBe("03:04:05.100");
});

test("days, months and years", () => {
  expect(labelsOf(at(2026, 12, 30), at(2027, 1, 2), 4)).toEqual(["Dec 30\n2026", "Dec 31", "Jan 1\n2027", "Jan 2"]);
  expect(labelsOf(at(2026, 11, 20), at(2027, 3, 2), 4)).toEqual(["Dec\n2026", "Jan\n2027", "Feb", "Mar"]);
  expect(labelsOf(at(2020, 5, 1), at(2031, 5, 1), 6)).toEqual(["2022", "2024", "2026", "2028", "2030"]);
});

test("any interval gets a few increasing ticks inside it, each with its label", () => {
  const random = seededRandom(2);
  for (let round = 0; round < 500; round++) {
    const min = random() * 2e9;
    const max = min + 10 ** (random() * 12 - 2);
    const ticks = timeTicks({ min, max }, 6);
    expect(ticks.length).toBeLessThanOrEqual(14);
    for (const [i, { value, label }] of ticks.entries()) {
      expect(value).toBeGreaterThanOrEqual(min - 1e-3);
      expect(value).toBeLessThanOrEqual(max + 1e-3);
      expect(value).toBeGreaterThan(ticks[i - 1]?.value ?? Number.NEGATIVE_INFINITY);
      expect(label).not.toMatch(/^$|NaN|undefined/);
    }
  }
});
