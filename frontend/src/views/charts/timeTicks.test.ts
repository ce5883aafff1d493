// @vitest-environment node
import { expect, test } from "vitest";
import { seededRandom } from "../../data/points/testing/answers";
import { timeTicks } from "./timeTicks";

/** A local moment in seconds since the epoch. */
function at(year: number, month: number, day: number, hour = 0, minute = 0, second = 0): number {
  return new Date(year, month - 1, day, hour, minute, second).getTime() / 1000;
}

test("minutes of an hour, with the day once", () => {
  const { values, labels } = timeTicks({ min: at(2026, 11, 24, 14, 3), max: at(2026, 11, 24, 14, 58) }, 6);
  expect(values[0]).toBe(at(2026, 11, 24, 14, 10));
  expect(labels).toEqual(["14:10\nNov 24", "14:20", "14:30", "14:40", "14:50"]);
});

test("the day is said again when it changes", () => {
  const { labels } = timeTicks({ min: at(2026, 11, 24, 20), max: at(2026, 11, 25, 5) }, 4);
  expect(labels).toEqual(["21:00\nNov 24", "00:00\nNov 25", "03:00"]);
});

test("seconds and their parts", () => {
  expect(timeTicks({ min: at(2026, 1, 2, 3, 4, 5), max: at(2026, 1, 2, 3, 4, 16) }, 3).labels).toEqual([
    "03:04:05\nJan 2",
    "03:04:10",
    "03:04:15",
  ]);
  const start = at(2026, 1, 2, 3, 4, 5);
  expect(timeTicks({ min: start, max: start + 0.4 }, 3).labels[1]).toBe("03:04:05.200");
});

test("days, months and years", () => {
  expect(timeTicks({ min: at(2026, 12, 30), max: at(2027, 1, 2) }, 4).labels).toEqual([
    "Dec 30\n2026",
    "Dec 31",
    "Jan 1\n2027",
    "Jan 2",
  ]);
  expect(timeTicks({ min: at(2026, 11, 20), max: at(2027, 3, 2) }, 5).labels).toEqual([
    "Dec\n2026",
    "Jan\n2027",
    "Feb",
    "Mar",
  ]);
  expect(timeTicks({ min: at(2020, 5, 1), max: at(2031, 5, 1) }, 6).labels).toEqual([
    "2022",
    "2024",
    "2026",
    "2028",
    "2030",
  ]);
});

test("any interval gets a few increasing ticks inside it", () => {
  const random = seededRandom(2);
  for (let round = 0; round < 500; round++) {
    const min = random() * 2e9;
    const max = min + 10 ** (random() * 12 - 2);
    const { values, labels } = timeTicks({ min, max }, 6);
    expect(labels).toHaveLength(values.length);
    expect(values.length).toBeLessThanOrEqual(14);
    values.forEach((value, i) => {
      expect(value).toBeGreaterThanOrEqual(min - 1e-3);
      expect(value).toBeLessThanOrEqual(max + 1e-3);
      expect(value).toBeGreaterThan(values[i - 1] ?? Number.NEGATIVE_INFINITY);
    });
  }
});
