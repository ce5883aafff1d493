// @vitest-environment node
import { expect, test } from "vitest";
import {
  formatDuration,
  formatDurationTicks,
  formatLogTicks,
  formatTicks,
  formatTime,
  formatValue,
  formatWhole,
} from "./format";

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

test.each([
  [[0, 0.5, 1], 0.5, ["0.0", "0.5", "1.0"]],
  [[-1, 0, 1], 1, ["−1", "0", "1"]],
  [[0, 5000, 10000], 5000, ["0", "5k", "10k"]],
  [[0, 500000, 1000000], 500000, ["0", "0.5M", "1.0M"]],
  [[123456, 123458], 2, ["123,456", "123,458"]],
  [[1000000.5, 1000001], 0.5, ["1,000,000.5", "1,000,001.0"]],
  [[0, 2e-5, 4e-5], 2e-5, ["0", "2e−5", "4e−5"]],
  [[0.001, 0.002], 0.001, ["0.001", "0.002"]],
  [[0, 5e33, 1e34], 5e33, ["0", "0.5e34", "1.0e34"]],
  [[1e-320, 2e-320], 1e-320, ["1e−320", "2e−320"]],
  [[], 1, []],
])("ticks %j share a unit and their decimals", (values, step, labels) => {
  expect(formatTicks(values, step)).toEqual(labels);
});

test("ticks of durations", () => {
  expect(formatDurationTicks([0, 1800, 3600, 5400], 1800)).toEqual(["0", "30 min", "1 h", "1 h 30 min"]);
  expect(formatDurationTicks([0, 0.5], 0.5)).toEqual(["0.0 s", "0.5 s"]);
});

test("ticks of a log axis are plain while they are of everyday size", () => {
  expect(formatLogTicks([0.001, 0.02, 1, 50, 10000])).toEqual(["0.001", "0.02", "1", "50", "10,000"]);
  expect(formatLogTicks([1e-6, 1, 1e6])).toEqual(["1e−6", "1", "1e6"]);
});
