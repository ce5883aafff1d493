// @vitest-environment node
import { expect, test } from "vitest";
import { lowerBound, upperBound } from "./search";
import { seededRandom } from "./testing/answers";

test("bounds agree with a search from the start", () => {
  const random = seededRandom(3);
  for (let round = 0; round < 300; round++) {
    const sorted = Float64Array.from({ length: Math.floor(random() * 12) }, () => Math.floor(random() * 8)).sort();
    const value = Math.floor(random() * 10) - 1;
    const notBelow = sorted.findIndex((item) => item >= value);
    const above = sorted.findIndex((item) => item > value);
    expect(lowerBound(sorted, value)).toBe(notBelow < 0 ? sorted.length : notBelow);
    expect(upperBound(sorted, value)).toBe(above < 0 ? sorted.length : above);
  }
});

test("everything is below infinity and nothing below its negative", () => {
  const sorted = Float64Array.of(1, 2);
  expect(lowerBound(sorted, Number.POSITIVE_INFINITY)).toBe(2);
  expect(upperBound(sorted, Number.NEGATIVE_INFINITY)).toBe(0);
});
