// @vitest-environment node
import { expect, test } from "vitest";
import { clipped, paintAxes } from "./axes";
import { type AxisSpec, layOut } from "./frame";
import type { Surface } from "./surface";

const THEME = { text: "#111", grid: "#ddd", background: "#fff", font: "11px sans-serif" };
const measure = (text: string) => 6 * text.length;

function paint(x: AxisSpec, y: AxisSpec, size = { width: 640, height: 360 }, ratio = 1) {
  const texts: { text: string; x: number; y: number }[] = [];
  const lines: [number, number][] = [];
  const context = {
    measureText: (text: string) => ({ width: measure(text) }),
    beginPath: () => {},
    stroke: () => {},
    moveTo: (x: number, y: number) => lines.push([x, y]),
    lineTo: () => {},
    fillText: (text: string, x: number, y: number) => texts.push({ text, x, y }),
  };
  const surface: Surface = { ...size, ratio, theme: THEME };
  const frame = layOut(surface, x, y, measure);
  paintAxes(context as unknown as CanvasRenderingContext2D, frame, surface);
  return { frame, lines, texts, written: texts.map(({ text }) => text) };
}

const STEPS: AxisSpec = { kind: "step", domain: { min: 0, max: 100 }, title: "Step" };
const VALUES: AxisSpec = { kind: "linear", domain: { min: 0, max: 2 }, title: "loss/train" };

test("an axis says what it counts, and names its ticks", () => {
  const { written } = paint(STEPS, VALUES);
  expect(written).toEqual(expect.arrayContaining(["Step", "loss/train", "0", "100", "0.0", "2.0"]));
});

test("each tick has a line of the grid, through the middle of a pixel of the screen", () => {
  const { frame, lines } = paint(STEPS, VALUES, { width: 640, height: 360 }, 2);
  expect(lines).toHaveLength(frame.x.ticks.length + frame.y.ticks.length);
  for (const [x] of lines.slice(0, frame.x.ticks.length)) {
    expect((x * 2) % 1).toBeCloseTo(0.5, 9);
  }
});

test("times are written on two lines where the day is new, and never over one another", () => {
  const min = new Date(2026, 10, 24, 14).getTime() / 1000;
  const { frame, texts } = paint({ kind: "time", domain: { min, max: min + 3 * 86400 }, title: "Local time" }, VALUES, {
    width: 420,
    height: 300,
  });
  const below = frame.area.top + frame.area.height;
  const labels = texts.filter(({ y, text }) => y > below && text !== "Local time");
  const rows = [...new Set(labels.map(({ y }) => y))].map((row) => labels.filter(({ y }) => y === row));
  expect(rows).toHaveLength(2);
  for (const row of rows) {
    for (const [i, { text, x }] of row.entries()) {
      const before = row[i - 1];
      expect(x - measure(text) / 2).toBeGreaterThan(before ? before.x + measure(before.text) / 2 : 0);
    }
  }
});

test("a title that is too long ends where the canvas does", () => {
  const { written } = paint(STEPS, { ...VALUES, title: "x".repeat(10_000) });
  const title = written.find((text) => text.startsWith("xxx")) ?? "";
  expect(title.endsWith("…")).toBe(true);
  expect(measure(title)).toBeLessThanOrEqual(640);
});

test("a text that fits is not cut, and cutting never halves a letter", () => {
  const context = { measureText: (text: string) => ({ width: measure(text) }) } as unknown as CanvasRenderingContext2D;
  expect(clipped(context, "loss", 24)).toBe("loss");
  expect(clipped(context, "𝔩𝔬𝔰𝔰", 30)).toBe("𝔩𝔬…");
});
