import { describe, expect, test } from "vitest";
import { METRIC, PARAMETER, padOf, widened } from "./alignment";
import { formatValue } from "./numbers";

describe("the numbers of a column", () => {
  const texts = (values: readonly number[], before = METRIC) => {
    const alignment = widened(before, values);
    return values.map((value) => {
      const text = formatValue(value, alignment.digits);
      return `${text}|${padOf(alignment, text)}`;
    });
  };

  test("have four digits, and their points below one another", () => {
    expect(texts([0.983306, 0.97, 12, 1.5])).toEqual(["0.9833|", "0.97|33", "12|.9833", "1.5|833"]);
  });

  test("have as many digits as tell them apart", () => {
    expect(texts([0.97662771, 0.97662784, 0.5])).toEqual(["0.9766277|", "0.9766278|", "0.5|766277"]);
    expect(widened(METRIC, [1, 1 + 1e-13]).digits).toBe(10);
  });

  test("have no digit taken of what is whole, and do not become whole", () => {
    expect(texts([1234567, 0.99996])).toEqual(["1,234,567|.99996", "0.99996|"]);
  });

  test("stand with what is none and with powers of ten", () => {
    expect(texts([Number.NaN, Number.POSITIVE_INFINITY, 0.25])).toEqual(["NaN|.25", "∞|.25", "0.25|"]);
    expect(texts([1.5e-7, 0.1])).toEqual(["1.5e−7|", "0.1|e−7"]);
  });

  test("of a parameter are written as they are", () => {
    expect(texts([0.00012345, 0.1], PARAMETER)).toEqual(["0.00012345|", "0.1|0012345"]);
  });
});

describe("what is known of a column", () => {
  test("only grows, and is the same while nothing new is said", () => {
    const first = widened(METRIC, [0.12345, 0.12346]);
    expect(widened(first, [0.5, 7])).toBe(first);
    expect(widened(first, []).digits).toBe(5);
  });

  test("is that it is numeric while there is no word; for good", () => {
    expect(widened(PARAMETER, []).isNumeric).toBe(false);
    const numeric = widened(PARAMETER, [1, 2]);
    const mixed = widened(numeric, [null]);
    expect([numeric.isNumeric, mixed.isNumeric, widened(mixed, [3]).isNumeric]).toEqual([true, false, false]);
  });
});
