import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, type Mock, test, vi } from "vitest";
import type { Interval } from "../../model/interval";
import { installBrowser, type Record2D, SIZE } from "../../plot/testing/browser";
import type { Scene } from "./scene";
import { makeLines } from "./testing/lines";

let record: Record2D;

beforeEach(() => {
  record = installBrowser();
});

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

const LINES = makeLines([
  { runId: "low", steps: [0, 10, 20, 30, 40], values: [1, 1, 1, 1, 1] },
  { runId: "high", steps: [0, 10, 20, 30, 40], values: [5, 5, 5, 5, 5] },
]);
const WHOLE = { min: 0, max: 40 };

/** The x axis that was zoomed to last. */
function lastX(onZoom: Mock): Interval {
  const [{ x }] = onZoom.mock.lastCall as [{ x: Interval }];
  return x;
}

async function plot(shown: Partial<Scene> = {}) {
  const { LinePlot } = await import("./LinePlot");
  const told = { onHover: vi.fn(), onZoom: vi.fn() };
  const first: Scene = {
    tag: "loss",
    lines: LINES,
    x: WHOLE,
    y: { min: 0, max: 6 },
    xAxis: "step",
    yScale: "linear",
    isWhole: true,
    ...shown,
  };
  const element = (scene: Scene) => (
    <LinePlot
      scene={scene}
      whole={WHOLE}
      origins={new Map([["low", 1_000_000]])}
      summary="Line chart of loss over 2 runs."
      highlighted={null}
      {...told}
    />
  );
  const { rerender, container } = render(element(first));
  const region = screen.getByRole("application", { name: "loss" });
  const host = container.querySelector(".plot-host") as HTMLElement;
  return {
    ...told,
    region,
    host,
    press: (key: string, held: object = {}) => fireEvent.keyDown(region, { key, ...held }),
    point: (clientX: number, clientY: number) => fireEvent.pointerMove(host, { clientX, clientY }),
    show: (scene: Partial<Scene>) => rerender(element({ ...first, ...scene })),
    said: () => screen.getByRole("status").textContent,
    readout: () => container.querySelector(".chart-readout"),
  };
}

test("a screen reader finds the chart by its name, with a summary and the keys that it has", async () => {
  const { region } = await plot();
  expect(screen.getByRole("img", { name: "Line chart of loss over 2 runs." })).toBeTruthy();
  const help = document.getElementById(region.getAttribute("aria-describedby") ?? "");
  expect(help?.textContent).toContain("arrows");
  expect(region.tabIndex).toBe(0);
});

describe("the keyboard's cursor", () => {
  test("is said in words at each step, and shown beside its point", async () => {
    const { press, said, readout } = await plot();
    expect([said(), readout()]).toEqual(["", null]);
    press("ArrowLeft");
    expect(said()).toMatch(/^run low: 1 at step 40, /);
    press("ArrowLeft");
    expect(said()).toMatch(/^run low: 1 at step 30, /);
    expect(readout()?.textContent).toContain("step 30 · 30 s");
    press("ArrowUp");
    expect(said()).toMatch(/^run high: 5 at step 30, /);
  });

  test("tells which run it is on, so that its row stands out, and when it is gone", async () => {
    const { press, onHover } = await plot();
    press("ArrowLeft");
    expect(onHover).toHaveBeenLastCalledWith("low");
    press("ArrowUp");
    expect(onHover).toHaveBeenLastCalledWith("high");
    press("Escape");
    expect(onHover).toHaveBeenLastCalledWith(null);
  });

  test("goes when the focus goes", async () => {
    const { press, said, region, readout } = await plot();
    press("ArrowLeft");
    fireEvent.blur(region);
    expect([said(), readout()]).toEqual(["", null]);
  });

  test("takes the plot along when it leaves what is zoomed to", async () => {
    const { press, onZoom } = await plot({ x: { min: 25, max: 35 } });
    press("End");
    press("Home");
    expect(onZoom).toHaveBeenLastCalledWith({ x: { min: 0, max: 10 } });
  });

  test("takes the plot along upwards as well, where a rectangle was zoomed to", async () => {
    const { press, onZoom } = await plot({ y: { min: 4, max: 6 } });
    press("ArrowLeft");
    expect(onZoom).toHaveBeenLastCalledWith({ y: { min: 0, max: 2 } });
  });

  test("inside what is zoomed to it leaves the zoom alone", async () => {
    const { press, onZoom } = await plot();
    for (const key of ["ArrowLeft", "ArrowLeft", "Home", "End", "ArrowUp", "ArrowDown"]) {
      press(key);
    }
    expect(onZoom).not.toHaveBeenCalled();
  });
});

describe("keys that zoom", () => {
  test("plus halves what is shown about the point in the middle, minus doubles it within the whole", async () => {
    const { press, onZoom, show } = await plot();
    press("+");
    expect(onZoom).toHaveBeenLastCalledWith({ x: { min: 10, max: 30 } });
    show({ x: { min: 30, max: 40 } });
    press("-");
    expect(onZoom).toHaveBeenLastCalledWith({ x: { min: 20, max: 40 } });
  });

  test("minus after plus is no zoom, so that new points come into sight by themselves", async () => {
    const { press, onZoom, show } = await plot();
    press("+");
    show({ x: { min: 10, max: 30 } });
    press("-");
    expect(onZoom).toHaveBeenLastCalledWith({ x: null });
  });

  test("sixty times plus leaves a point in sight", async () => {
    const { press, onZoom, show } = await plot();
    for (let i = 0; i < 60; i++) {
      press("+");
      show(onZoom.mock.lastCall?.[0]);
    }
    const x = lastX(onZoom);
    expect(x.max - x.min).toBe(2);
    expect([0, 10, 20, 30, 40].some((step) => step >= x.min && step <= x.max)).toBe(true);
  });

  test("plus zooms about the point that the cursor is on", async () => {
    const { press, onZoom } = await plot();
    press("ArrowLeft");
    press("=");
    expect(onZoom).toHaveBeenLastCalledWith({ x: { min: 20, max: 40 } });
  });

  test("zero shows everything", async () => {
    const { press, onZoom } = await plot({ x: { min: 10, max: 20 } });
    press("0");
    expect(onZoom).toHaveBeenCalledExactlyOnceWith({ x: null, y: null });
  });

  test("the browser keeps its own keys", async () => {
    const { press, onZoom } = await plot();
    for (const held of [{ ctrlKey: true }, { metaKey: true }, { altKey: true }]) {
      for (const key of ["+", "-", "0", "ArrowLeft"]) {
        expect(press(key, held)).toBe(true);
      }
    }
    expect(press("Tab")).toBe(true);
    expect(press("x")).toBe(true);
    expect(press("+")).toBe(false);
    expect(onZoom).toHaveBeenCalledTimes(1);
  });
});

describe("the pointer", () => {
  const middle = { x: SIZE.width / 2, y: SIZE.height / 2 };

  test("reads the nearest point, and the run is told", async () => {
    const { point, readout, onHover } = await plot();
    point(middle.x, 60);
    expect(readout()?.textContent).toContain("run high5step 20");
    expect(onHover).toHaveBeenLastCalledWith("high");
    point(middle.x, SIZE.height - 80);
    expect(readout()?.textContent).toContain("run low1step 20");
    point(1, 1);
    expect(readout()).toBeNull();
    expect(onHover).toHaveBeenLastCalledWith(null);
  });

  test("keeps no point that a zoom took out of sight", async () => {
    const { point, readout, show, onHover } = await plot();
    point(middle.x, 60);
    show({ x: { min: 22, max: 28 } });
    expect(readout()).toBeNull();
    expect(onHover).toHaveBeenLastCalledWith(null);
    show({ y: { min: 0, max: 2 } });
    expect(readout()).toBeNull();
  });

  test("zooms along x to what is dragged from side to side, and to a rectangle along both axes", async () => {
    const { host, onZoom } = await plot();
    const drag = (from: [number, number], to: [number, number]) => {
      fireEvent.pointerDown(host, { clientX: from[0], clientY: from[1] });
      fireEvent.pointerUp(host, { clientX: to[0], clientY: to[1] });
      return onZoom.mock.lastCall?.[0] as { x?: Interval; y?: Interval };
    };
    const along = drag([200, 100], [400, 110]);
    expect(along.x?.min).toBeGreaterThan(8);
    expect(along.x?.max).toBeLessThan(30);
    expect(along.y).toBeUndefined();
    const rectangle = drag([200, 100], [400, 200]);
    expect(rectangle.x).toEqual(along.x);
    expect(rectangle.y?.min).toBeGreaterThan(1);
    expect(rectangle.y?.max).toBeLessThan(6);
  });

  test("zooms about its place with Ctrl and the wheel, and shows everything by a double click", async () => {
    const { host, onZoom } = await plot();
    fireEvent.wheel(host, { clientX: middle.x, clientY: middle.y, deltaY: -100, ctrlKey: true });
    const x = lastX(onZoom);
    expect(x.max - x.min).toBeLessThan(40);
    expect(x.min).toBeGreaterThan(0);
    expect(x.max).toBeLessThan(40);
    fireEvent.doubleClick(host, { clientX: middle.x, clientY: middle.y });
    expect(onZoom).toHaveBeenLastCalledWith({ x: null, y: null });
  });
});

test("a move of the pointer redraws what stands out, not the lines", async () => {
  const { point, host } = await plot();
  const [lines, front] = host.querySelectorAll("canvas");
  record.drawn.length = 0;
  point(SIZE.width / 2, 60);
  expect(new Set(record.drawn.map(({ canvas }) => canvas))).toEqual(new Set([front]));
  expect(lines).not.toBe(front);
});

test("without a point that can be shown the keys for points do nothing", async () => {
  const lines = makeLines([{ runId: "a", steps: [1, 2], values: [Number.NaN, Number.NaN] }]);
  const { press, said } = await plot({ lines });
  act(() => void press("ArrowLeft"));
  act(() => void press("End"));
  expect(said()).toBe("");
});
