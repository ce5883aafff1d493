import { describe, expect, test } from "vitest";
import { withIndex } from "./withIndex";

describe("what a virtual list holds", () => {
  const range = { startIndex: 10, endIndex: 12, overscan: 1, count: 100 };

  test.each([
    [50, [9, 10, 11, 12, 13, 50]],
    [3, [3, 9, 10, 11, 12, 13]],
    [11, [9, 10, 11, 12, 13]],
    [-1, [9, 10, 11, 12, 13]],
    [100, [9, 10, 11, 12, 13]],
  ])("is what is in sight and near, and number %i if there is one, in order", (index, indices) => {
    expect(withIndex(range, index)).toEqual(indices);
  });
});
