import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Surface } from "../../plot/surface";
import { installBrowser, type Record2D, SIZE } from "../../plot/testing/browser";
import type { Line } from "./lines";
import { type Emphasis, frameOf, paintEmphasis, paintScene, type Scene } from "./scene";
import { makeLine, makeLines } from "./testing/lines";

let record: Record2D;
let context: CanvasRenderingContext2D;

beforeEach(() => {
  record = installBrowser();
  context = document.createElement("canvas").getContext("2d") as CanvasRenderingContext2D;
});

afterEach(() => {
  vi.unstubAllGlobals();
});

const THEME = { text: "#222222", grid: "#dddddd", background: "#ffffff", font: "11px sans-serif" };
const SURFACE: Surface = { ...SIZE, ratio: 1, theme: THEME };
const measure = (text: string) => 6 * text.length;

function dashed(line: Line, color: string, dash: readonly number[] = []): Line {
  return { ...line, run: { ...line.run, color, dash } };
}

const [A, B] = makeLines([
  { runId: "a", steps: [0, 5, 10], values: [0, 1, 2] },
  { runId: "b", steps: [0, 5, 10], values: [2, 1, Number.NaN] },
]) as [Line, Line];

const SCENE: Scene = {
  tag: "loss",
  lines: [dashed(A, "#ff0000"), dashed(B, "#00ff00", [4, 2])],
  x: { min: 0, max: 10 },
  y: { min: 0, max: 2 },
  xAxis: "step",
  yScale: "linear",
  isWhole: true,
};

function paint(scene: Partial<Scene> = {}) {
  const whole = { ...SCENE, ...scene };
  paintScene(context, SURFACE, whole, frameOf(whole, SURFACE, measure));
}

function emphasize(emphasis: Emphasis, scene: Partial<Scene> = {}) {
  const whole = { ...SCENE, ...scene };
  paintEmphasis(context, SURFACE, whole, frameOf(whole, SURFACE, measure), emphasis);
}

const calls = (method: string) => record.drawn.filter((one) => one.method === method);
const texts = () => calls("fillText").map(({ values }) => values[0]);
const strokesOf = (color: string) => calls("stroke").filter(({ stroke }) => stroke === color);

test("each line is drawn in its run's colour, over axes that say what they count", () => {
  paint();
  expect(strokesOf("#ff0000")).not.toEqual([]);
  expect(strokesOf("#00ff00")).not.toEqual([]);
  expect(texts()).toEqual(expect.arrayContaining(["Step", "loss", "0", "10", "0.5", "2.0"]));
});

test("a log axis is labelled with values, and says that it is one", () => {
  paint({ y: { min: 0.001, max: 100 }, yScale: "log" });
  expect(texts()).toEqual(expect.arrayContaining(["loss (log)", "0.001", "100"]));
});

test("lines of one colour are told apart by dashes, while there are few enough to see them", () => {
  const dashes = () => calls("setLineDash").map(({ values }) => (values[0] as number[]).length);
  paint();
  expect(dashes()).toContain(2);
  record.drawn.length = 0;
  paint({ lines: Array.from({ length: 41 }, () => dashed(A, "#ff0000", [4, 2])) });
  expect(new Set(dashes())).toEqual(new Set([0]));
});

test("what has no place on a line is marked at the edge", () => {
  paint({ lines: [dashed(B, "#00ff00")] });
  const crosses = calls("stroke").filter(({ stroke }) => stroke === "#00ff00");
  expect(crosses).toHaveLength(2);
});

test("a line that stands out has a halo below it, and its point a dot", () => {
  emphasize({ line: SCENE.lines[0] as Line, index: 1 });
  expect(calls("stroke").map(({ stroke }) => stroke)).toEqual([THEME.background, "#ff0000"]);
  expect(calls("arc").at(-1)?.fill).toBe("#ff0000");
  expect(calls("fillRect")[0]?.fill).toBe(THEME.text);
});

test("nothing that stands out draws nothing", () => {
  emphasize({ line: null, index: null });
  expect(record.drawn).toEqual([]);
});

test("a single line is not drawn a second time when it stands out; its point is", () => {
  const line = makeLine([1, 2, 3]);
  emphasize({ line, index: null }, { lines: [line] });
  expect(calls("stroke")).toEqual([]);
  emphasize({ line, index: 1 }, { lines: [line] });
  expect(calls("stroke")).toEqual([]);
  expect(calls("arc")).toHaveLength(2);
});
