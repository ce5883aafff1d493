// @vitest-environment node
import { describe, expect, test } from "vitest";
import { seededRandom } from "../testing/random";
import { type AxisSpec, isOn, layOut } from "./frame";
import type { ScaleKind } from "./interval";

const measure = (text: string) => 6 * text.length;
const axis = (kind: ScaleKind, min: number, max: number): AxisSpec => ({ kind, domain: { min, max }, title: "title" });

describe("a plot with two axes", () => {
  const size = { width: 640, height: 360 };
  const frame = layOut(size, axis("step", 0, 2000), axis("linear", 0, 1), measure);

  test("fills its canvas but for the room of its labels", () => {
    const { left, top, width, height } = frame.area;
    expect(left).toBeGreaterThanOrEqual(36);
    expect(left + width).toBeLessThan(size.width);
    expect(top + height).toBeLessThan(size.height);
    expect(width * height).toBeGreaterThan(0.7 * size.width * size.height);
  });

  test("has the ends of its domains at the edges of the plot, larger values higher up", () => {
    const { area, x, y } = frame;
    expect([x.scale.place(0), x.scale.place(2000)]).toEqual([area.left, area.left + area.width]);
    expect([y.scale.place(0), y.scale.place(1)]).toEqual([area.top + area.height, area.top]);
  });

  test("has more room at the left for wider labels", () => {
    const wide = layOut(size, axis("step", 0, 2000), axis("linear", 1_000_000.5, 1_000_001), measure);
    expect(wide.area.left).toBeGreaterThan(frame.area.left);
  });
});

test("neither axis looks denser than the other, whatever the size", () => {
  const random = seededRandom(12);
  for (let round = 0; round < 300; round++) {
    const size = { width: 300 + random() * 1600, height: 200 + random() * 900 };
    const { area, x, y } = layOut(size, axis("step", 0, 1e4 * random() + 50), axis("linear", 0, random()), measure);
    expect(x.ticks.length).toBeLessThanOrEqual(9);
    expect(y.ticks.length).toBeLessThanOrEqual(9);
    expect(area.width / x.ticks.length).toBeGreaterThan(55);
    expect(area.height / y.ticks.length).toBeGreaterThan(40);
  }
});

test("on a canvas without room there is a plot all the same, of a pixel", () => {
  const { area } = layOut({ width: 0, height: 0 }, axis("step", 0, 1), axis("linear", 0, 1), measure);
  expect([area.width, area.height]).toEqual([1, 1]);
});

test("a place lies on the plot, edges and margin included", () => {
  const area = { left: 10, top: 10, width: 100, height: 50 };
  expect([isOn(area, 10, 60), isOn(area, 9, 60), isOn(area, 9, 60, 1), isOn(area, Number.NaN, 20)]).toEqual([
    true,
    false,
    true,
    false,
  ]);
});
