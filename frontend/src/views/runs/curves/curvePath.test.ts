import { expect, test } from "vitest";
import { curvePath } from "./curvePath";

test("a curve goes from its first step to its last, and from its lowest value to its highest", () => {
  expect(curvePath([0, 10, 20], [1, 0, 2])).toBe("M1.5 9L28 16.5L54.5 1.5");
});

test("values that are not finite interrupt it, and one alone is a dot", () => {
  expect(curvePath([0, 1, 2, 3, 4], [0, Number.NaN, 1, Number.POSITIVE_INFINITY, 0])).toBe(
    "M1.5 16.5l0 0M28 1.5l0 0M54.5 16.5l0 0",
  );
  expect(curvePath([7], [3])).toBe("");
  expect(curvePath([0, 1], [Number.NaN, Number.NaN])).toBe("");
  expect(curvePath([], [])).toBe("");
});

test("equal values are a line in the middle, and the largest numbers stay in the box", () => {
  expect(curvePath([0, 1], [5, 5])).toBe("M1.5 9L54.5 9");
  expect(curvePath([-1e308, 1e308], [-1.7e308, 1.7e308])).toBe("M1.5 16.5L54.5 1.5");
});
