// @vitest-environment node
import { expect, test } from "vitest";
import { seededRandom } from "../testing/random";
import { layOutLegend, legendHeight } from "./legend";

const measure = (text: string) => 6 * text.length;
const entriesOf = (...names: string[]) => names.map((name) => ({ name, color: "red", dash: [] }));

test("names stand beside one another, and below where the picture ends", () => {
  const places = layOutLegend(entriesOf("one", "two", "three"), 110, measure);
  expect(places.map(({ left, row }) => [left > 0, row])).toEqual([
    [false, 0],
    [true, 0],
    [false, 1],
  ]);
  expect(legendHeight(places)).toBe(30);
});

test("without names there is no legend", () => {
  expect(legendHeight(layOutLegend([], 100, measure))).toBe(0);
});

test("no name reaches beyond the picture or into the next, however long they are", () => {
  const random = seededRandom(8);
  for (let round = 0; round < 200; round++) {
    const width = 120 + random() * 900;
    const names = Array.from({ length: 20 }, () => "x".repeat(Math.floor(random() * 120)));
    const places = layOutLegend(entriesOf(...names), width, measure);
    for (const [i, { left, row, width: room }] of places.entries()) {
      const end = left + 22 + room;
      const next = places[i + 1];
      expect(end).toBeLessThanOrEqual(width + 1);
      expect(next === undefined || next.row === row + 1 || (next.row === row && next.left > end)).toBe(true);
    }
  }
});
