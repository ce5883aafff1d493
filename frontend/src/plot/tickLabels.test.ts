// @vitest-environment node
import { expect, test } from "vitest";
import { formatDurationTicks, formatLogTicks, formatTicks } from "./tickLabels";

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
