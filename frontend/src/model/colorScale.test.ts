import { describe, expect, test } from "vitest";
import type { Cell } from "../api/messages";
import { placeIn, scaleOf } from "./colorScale";

const having = (...values: Cell[]) => values.map((value) => ({ value }));
const numbers = (from: number, count: number) => Array.from({ length: count }, (_, i) => from + i);

describe("a few values", () => {
  const scale = scaleOf({ total: 4, first: having(0.1, true, "adam", null), middle: true, last: "adam" });

  test("have a colour each, in their order, whatever type they are of", () => {
    expect(scale.kind).toBe("categories");
    expect([0.1, true, "adam"].map((value) => placeIn(scale, value))).toEqual([
      { number: 0 },
      { number: 1 },
      { number: 2 },
    ]);
  });

  test("are not those that look like them, and no value has no colour", () => {
    for (const other of ["0.1", "true", null, { non_finite: "NaN" } as const]) {
      expect(placeIn(scale, other)).toBeNull();
    }
  });
});

test("of many texts those beyond the colours have none", () => {
  const texts = numbers(0, 11).map((number) => `text ${number}`);
  const scale = scaleOf({ total: 500, first: having(...texts), middle: "text 5", last: "text 99" });
  expect(texts.map((text) => placeIn(scale, text))).toEqual([...numbers(0, 10).map((number) => ({ number })), null]);
});

test("many numbers go from one end to the other, and no further; a roll-up and what is inherited are what they say", () => {
  const scale = scaleOf({ total: 41, first: having(...numbers(-10, 11)), middle: 10, last: 30 });
  expect([-10, 0, 30, 99, -99].map((value) => placeIn(scale, value))).toEqual(
    [0, 0.25, 1, 1, 0].map((share) => ({ share })),
  );
  expect(placeIn(scale, { rolled_up: 10, over: 3, best: "" })).toEqual({ share: 0.5 });
  expect(placeIn(scale, { inherited: 10, source: "above" })).toEqual({ share: 0.5 });
  for (const other of [null, "10", true, { non_finite: "Infinity" } as const]) {
    expect(placeIn(scale, other)).toBeNull();
  }
});

test("numbers of several magnitudes go by these", () => {
  const few = { total: 50, first: having(...numbers(1, 11).map((i) => i * 1e-4)), last: 1 };
  const scale = scaleOf({ ...few, middle: 2e-2 });
  expect(placeIn(scale, 1e-2)).toEqual({ share: expect.closeTo(0.5, 9) });
  expect([0, -1].map((value) => placeIn(scale, value))).toEqual([null, null]);
  expect(placeIn(scaleOf({ ...few, middle: 0.5 }), 0.5)).toEqual({ share: expect.closeTo(0.5, 3) });
});

test("numbers with texts or infinities among them are told apart one by one", () => {
  const many = { total: 50, first: having(...numbers(0, 11)), middle: 25 };
  expect(scaleOf({ ...many, last: "auto" }).kind).toBe("categories");
  expect(scaleOf({ ...many, last: { non_finite: "Infinity" } }).kind).toBe("categories");
});
