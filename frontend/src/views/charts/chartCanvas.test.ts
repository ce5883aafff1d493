import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Interval } from "./axis";
import { installBrowser, type Record2D, SIZE } from "./testing/browser";
import { makeLine, makeLines } from "./testing/lines";

let record: Record2D;
let host: HTMLElement;
const made: { destroy(): void }[] = [];

beforeEach(() => {
  record = installBrowser();
  host = document.createElement("div");
  document.body.append(host);
});

afterEach(() => {
  for (const canvas of made.splice(0)) {
    canvas.destroy();
  }
  host.remove();
  vi.unstubAllGlobals();
});

const LINES = makeLines([
  { runId: "a", steps: [0, 5, 10], values: [0, 1, 2] },
  { runId: "b", steps: [0, 5, 10], values: [2, 1, Number.NaN] },
]).map((line, i) => ({ ...line, run: { ...line.run, color: ["#ff0000", "#00ff00"][i] as string } }));

const SCENE = {
  lines: LINES,
  x: { min: 0, max: 10 },
  y: { min: 0, max: 2 },
  xAxis: "step" as const,
  yScale: "linear" as const,
  isWhole: true,
};

/** uPlot asks for the browser's parts when it is loaded, so it is loaded after they are there. */
async function canvasOf(scene: Partial<typeof SCENE> = {}) {
  const { ChartCanvas } = await import("./chartCanvas");
  const events = { onPointer: vi.fn(), onSelect: vi.fn(), onReset: vi.fn(), onLayout: vi.fn() };
  const canvas = new ChartCanvas(host, { ...SCENE, ...scene }, events);
  made.push(canvas);
  await settled();
  return { canvas, events };
}

/** uPlot draws in a microtask. */
async function settled() {
  await new Promise((resolve) => setTimeout(resolve, 0));
}

const overlay = () => host.querySelector<HTMLCanvasElement>(".chart-overlay") as HTMLCanvasElement;
const over = () => host.querySelector<HTMLElement>(".u-over") as HTMLElement;
const labels = () => record.drawn.filter(({ method }) => method === "fillText").map(({ values }) => values[0]);
const strokesOf = (color: string) =>
  record.drawn.filter(({ method, stroke }) => method === "stroke" && stroke === color);
const onOverlay = () => record.drawn.filter(({ canvas }) => canvas === overlay());

test("each line is drawn in its run's colour, and axes have labels in words of the scale", async () => {
  await canvasOf();
  expect(strokesOf("#ff0000")).not.toEqual([]);
  expect(strokesOf("#00ff00")).not.toEqual([]);
  expect(labels()).toEqual(expect.arrayContaining(["0", "10", "0.5", "2.0"]));
});

test("a log axis is labelled with values, not with their logarithms", async () => {
  await canvasOf({ y: { min: -3, max: 2 }, yScale: "log" as never });
  expect(labels()).toEqual(expect.arrayContaining(["0.001", "100"]));
  expect(labels()).not.toContain("−3");
});

test("intervals that floating point can hardly tell apart still get their labels", async () => {
  const intervals: Interval[] = [
    { min: 1e-300, max: 4e-300 },
    { min: -8e307, max: 8e307 },
    { min: 1, max: 1 + 1e-12 },
  ];
  for (const y of intervals) {
    record.drawn.length = 0;
    await canvasOf({ y });
    expect(new Set(labels()).size).toBeGreaterThanOrEqual(8);
  }
});

test("pixels and plot coordinates agree at the corners of the plot", async () => {
  const { canvas } = await canvasOf();
  const { width, height } = canvas.area();
  expect(width).toBeGreaterThan(SIZE.width / 2);
  expect(height).toBeGreaterThan(SIZE.height / 2);
  expect(canvas.frame()).toEqual({ left: 0, top: 0, width, height, x: SCENE.x, y: SCENE.y });
});

test("another scene is on screen at once, without a new canvas", async () => {
  const { canvas } = await canvasOf();
  const before = host.querySelectorAll("canvas").length;
  record.drawn.length = 0;
  canvas.show({ ...SCENE, x: { min: 1000, max: 2000 } });
  await settled();
  expect(labels()).toContain("1,400");
  expect(canvas.frame().x).toEqual({ min: 1000, max: 2000 });
  expect(host.querySelectorAll("canvas")).toHaveLength(before);
});

test("a line is emphasized on a canvas of its own: the others are not drawn again", async () => {
  const { canvas } = await canvasOf();
  record.drawn.length = 0;
  canvas.emphasize({ line: LINES[0] ?? null, index: 1 });
  expect(record.drawn.length).toBeGreaterThan(0);
  expect(onOverlay()).toEqual(record.drawn);
  expect(record.drawn.some(({ stroke }) => stroke === "#ff0000")).toBe(true);
  expect(record.drawn.filter(({ method }) => method === "arc").at(-1)?.fill).toBe("#ff0000");
});

test("nothing emphasized leaves the overlay empty", async () => {
  const { canvas } = await canvasOf();
  canvas.emphasize({ line: LINES[0] ?? null, index: 1 });
  record.drawn.length = 0;
  canvas.emphasize({ line: null, index: null });
  expect(record.drawn).toEqual([]);
});

test("a single line is not drawn a second time when it stands out; its point is", async () => {
  const line = makeLine([1, 2, 3]);
  const { canvas } = await canvasOf({ lines: [line] });
  record.drawn.length = 0;
  canvas.emphasize({ line, index: null });
  expect(onOverlay()).toEqual([]);
  canvas.emphasize({ line, index: 1 });
  expect(onOverlay().filter(({ method }) => method === "arc")).toHaveLength(2);
});

/** Moves the mouse over the plot, in CSS pixels from its corner. */
function mouse(type: string, x: number, y: number) {
  const event = new MouseEvent(type, { clientX: x, clientY: y, bubbles: true, button: 0 });
  (type === "mouseup" ? document : over()).dispatchEvent(event);
}

test("the pointer is told in pixels of the plot, and its leaving too", async () => {
  const { events } = await canvasOf();
  mouse("mouseenter", 30, 40);
  mouse("mousemove", 30, 40);
  await vi.waitFor(() => expect(events.onPointer).toHaveBeenLastCalledWith({ x: 30, y: 40 }));
  mouse("mouseleave", 30, 40);
  await vi.waitFor(() => expect(events.onPointer).toHaveBeenLastCalledWith(null));
});

test("a rectangle that is dragged is told in plot coordinates", async () => {
  const { canvas, events } = await canvasOf();
  const { width, height } = canvas.area();
  mouse("mouseenter", width / 4, height / 4);
  mouse("mousemove", width / 4, height / 4);
  mouse("mousedown", width / 4, height / 4);
  mouse("mousemove", width / 2, (3 * height) / 4);
  await settled();
  mouse("mouseup", width / 2, (3 * height) / 4);
  await vi.waitFor(() => expect(events.onSelect).toHaveBeenCalled());
  const [x, y] = events.onSelect.mock.calls[0] as [Interval, Interval];
  expect(x.min).toBeCloseTo(2.5, 1);
  expect(x.max).toBeCloseTo(5, 1);
  expect(y.min).toBeCloseTo(0.5, 1);
  expect(y.max).toBeCloseTo(1.5, 1);
});

test("a double click asks for everything", async () => {
  const { events } = await canvasOf();
  over().dispatchEvent(new MouseEvent("dblclick", { bubbles: true }));
  expect(events.onReset).toHaveBeenCalledTimes(1);
});

test("another size is laid out once, the same size not at all", async () => {
  const { canvas, events } = await canvasOf();
  events.onLayout.mockClear();
  canvas.resize(SIZE.width, SIZE.height);
  await settled();
  expect(events.onLayout).not.toHaveBeenCalled();
  canvas.resize(900, 300);
  await settled();
  const [area] = events.onLayout.mock.lastCall as [{ width: number; height: number }];
  expect(area).toEqual(canvas.area());
  expect(area.width).toBeGreaterThan(700);
});

test("after it is destroyed nothing of it is left", async () => {
  const { canvas } = await canvasOf();
  canvas.destroy();
  made.length = 0;
  expect(host.querySelector(".uplot")).toBeNull();
});
