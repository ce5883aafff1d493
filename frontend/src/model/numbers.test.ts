// @vitest-environment node
import { expect, test } from "vitest";
import { seededRandom } from "../testing/random";
import { formatDuration, formatTime, formatValue, formatWhole } from "./numbers";

test.each([
  [0, "0"],
  [0.1 + 0.2, "0.3"],
  [-0.0312, "−0.0312"],
  [12345.678, "12,345.7"],
  [1234567.5, "1,234,567.5"],
  [1.5e-7, "1.5e−7"],
  [-2.5e30, "−2.5e30"],
  [Number.NaN, "NaN"],
  [Number.POSITIVE_INFINITY, "∞"],
  [Number.NEGATIVE_INFINITY, "−∞"],
])("the value %d reads %s", (value, text) => {
  expect(formatValue(value)).toBe(text);
});

test("counts have their thousands apart", () => {
  expect(formatWhole(1234567)).toBe("1,234,567");
  expect(formatWhole(-5)).toBe("−5");
});

test.each([
  [0, "0 s"],
  [0.25, "0.25 s"],
  [59, "59 s"],
  [90, "1 min 30 s"],
  [3600, "1 h"],
  [7500, "2 h 5 min"],
  [86399.9, "1 d"],
  [86400 * 3 + 3600 * 4, "3 d 4 h"],
  [-90, "−1 min 30 s"],
])("%d seconds read %s", (seconds, text) => {
  expect(formatDuration(seconds)).toBe(text);
});

test("a moment is written in full, and one outside the calendar is said to be unknown", () => {
  expect(formatTime(new Date(2026, 10, 4, 9, 5, 3).getTime() / 1000)).toBe("2026-11-04 09:05:03");
  expect(formatTime(1e300)).toBe("unknown time");
  expect(formatTime(Number.NaN)).toBe("unknown time");
});

/** What a text says as a number. */
function readNumber(text: string): number {
  return Number(text.replaceAll("\u2212", "-").replaceAll(",", ""));
}

test("a value as it is read is the value to six digits, however large or small", () => {
  const random = seededRandom(64);
  for (let round = 0; round < 2000; round++) {
    const value = (random() - 0.5) * 10 ** (random() * 600 - 300);
    expect(Math.abs(readNumber(formatValue(value)) / value - 1)).toBeLessThan(1e-5);
  }
});

test("a duration as it is read is right to a part in twenty, with one unit or two", () => {
  const random = seededRandom(65);
  const lengths: Record<string, number> = { d: 86400, h: 3600, min: 60, s: 1 };
  for (let round = 0; round < 1000; round++) {
    const seconds = 1 + 10 ** (random() * 7);
    const parts = formatDuration(seconds).match(/[\d.]+ \w+/g) ?? [];
    const read = parts.reduce((sum, part) => {
      const [amount, unit] = part.split(" ") as [string, string];
      return sum + Number(amount) * (lengths[unit] as number);
    }, 0);
    expect(parts.length).toBeGreaterThanOrEqual(1);
    expect(parts.length).toBeLessThanOrEqual(2);
    expect(Math.abs(read / seconds - 1)).toBeLessThan(0.05);
  }
});
