import { act, cleanup, render } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { toPng } from "./export";
import { Layer } from "./Layer";
import { type Painter, type Surface, useSurface } from "./surface";
import { installBrowser, type Record2D, SIZE } from "./testing/browser";

let record: Record2D;
/** What tells the page that something changed, by what it watches. */
const changed = new Map<string, () => void>();

beforeEach(() => {
  record = installBrowser();
  changed.clear();
  vi.stubGlobal("devicePixelRatio", 1);
  vi.stubGlobal("matchMedia", (query: string) => ({
    addEventListener: (_event: string, tell: () => void) => changed.set(query, tell),
    removeEventListener: () => changed.delete(query),
  }));
});

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
  delete document.documentElement.dataset["theme"];
});

function Plot({ paint, seen }: { paint: Painter; seen: Surface[] }) {
  const { host, surface } = useSurface();
  if (surface !== null && surface !== seen.at(-1)) {
    seen.push(surface);
  }
  return <div ref={host}>{surface && <Layer surface={surface} paint={paint} />}</div>;
}

function plot(paint: Painter = () => undefined) {
  const seen: Surface[] = [];
  const { container, rerender, unmount } = render(<Plot paint={paint} seen={seen} />);
  return {
    seen,
    unmount,
    paint: (next: Painter) => rerender(<Plot paint={next} seen={seen} />),
    canvas: () => container.querySelector("canvas") as HTMLCanvasElement,
  };
}

test("a layer has a pixel for each of the screen, and is drawn in CSS pixels", () => {
  vi.stubGlobal("devicePixelRatio", 1.5);
  const { canvas, seen } = plot();
  expect([canvas().width, canvas().height]).toEqual([SIZE.width * 1.5, SIZE.height * 1.5]);
  expect(record.drawn.find(({ method }) => method === "setTransform")?.values).toEqual([1.5, 0, 0, 1.5, 0, 0]);
  expect(seen).toHaveLength(1);
  expect(seen[0]).toMatchObject({ ...SIZE, ratio: 1.5 });
});

test("a layer is drawn again by another painter only", () => {
  const [first, second] = [vi.fn(), vi.fn()];
  const { paint } = plot(first);
  paint(first);
  expect(first).toHaveBeenCalledTimes(1);
  paint(second);
  expect(second).toHaveBeenCalledTimes(1);
});

test("what was drawn before is gone, and so are its colours and dashes", () => {
  const { paint } = plot((context) => context.setLineDash([1, 2]));
  record.drawn.length = 0;
  paint(() => undefined);
  expect(record.drawn.map(({ method }) => method)).toEqual(["setTransform", "clearRect", "save", "restore"]);
});

test("a plot follows the zoom of the page, and the page's colours", async () => {
  const { canvas, seen } = plot();
  vi.stubGlobal("devicePixelRatio", 2);
  act(() => changed.get("(resolution: 1dppx)")?.());
  expect(canvas().width).toBe(SIZE.width * 2);
  expect(changed.has("(resolution: 2dppx)")).toBe(true);
  canvas().parentElement?.style.setProperty("--plot-text", "white");
  document.documentElement.dataset["theme"] = "dark";
  await vi.waitFor(() => expect(seen.at(-1)?.theme.text).toBe("white"));
});

test("what says nothing new draws nothing", () => {
  const paint = vi.fn();
  plot(paint);
  act(() => changed.get("(prefers-color-scheme: dark)")?.());
  act(() => changed.get("(forced-colors: active)")?.());
  expect(paint).toHaveBeenCalledTimes(1);
});

test("nothing is watched once the plot is gone", () => {
  const { unmount } = plot();
  expect(changed.size).toBe(3);
  unmount();
  expect(changed.size).toBe(0);
});

test("a picture can be had as a file, on the page's background", async () => {
  const theme = { text: "black", grid: "grey", background: "ivory", font: "11px serif" };
  vi.spyOn(HTMLCanvasElement.prototype, "toBlob").mockImplementation(function (this: HTMLCanvasElement, tell) {
    tell(new Blob([], { type: `image/png;size=${this.width}x${this.height}` }));
  });
  const paint = vi.fn();
  const file = await toPng(paint, { width: 300, height: 200, ratio: 1, theme });
  expect(file.type).toBe("image/png;size=600x400");
  expect(record.drawn.find(({ method }) => method === "fillRect")?.fill).toBe("ivory");
  expect(paint).toHaveBeenCalledTimes(1);
});

test("a picture that the browser cannot make is an error with a way out", async () => {
  const theme = { text: "black", grid: "grey", background: "ivory", font: "11px serif" };
  vi.spyOn(HTMLCanvasElement.prototype, "toBlob").mockImplementation((tell) => tell(null));
  await expect(toPng(() => undefined, { width: 1e6, height: 1e6, ratio: 1, theme })).rejects.toThrow("smaller");
});
