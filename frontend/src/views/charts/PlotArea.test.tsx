import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Interval } from "./axis";
import type { Line } from "./lines";
import { installBrowser } from "./testing/browser";
import { makeLines } from "./testing/lines";

beforeEach(() => {
  installBrowser();
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

async function plot(x: Interval = WHOLE, lines: Line[] = LINES) {
  const { PlotArea } = await import("./PlotArea");
  const told = { onHover: vi.fn(), onZoom: vi.fn(), onReset: vi.fn() };
  const scene = { lines, y: { min: 0, max: 6 }, xAxis: "step", yScale: "linear", isWhole: true } as const;
  const element = (shown: Interval) => (
    <PlotArea
      scene={{ ...scene, x: shown }}
      whole={WHOLE}
      origins={new Map([["low", 1_000_000]])}
      label="loss"
      summary="Line chart of loss over 2 runs."
      highlighted={null}
      {...told}
    />
  );
  const { rerender, container } = render(element(x));
  const region = screen.getByRole("application", { name: "loss" });
  return {
    ...told,
    region,
    press: (key: string, held: object = {}) => fireEvent.keyDown(region, { key, ...held }),
    show: (shown: Interval) => rerender(element(shown)),
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
    const { press, onZoom } = await plot({ min: 25, max: 35 });
    press("End");
    press("Home");
    expect(onZoom).toHaveBeenLastCalledWith({ min: 0, max: 10 }, null);
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
  test("plus halves what is shown about the middle, minus doubles it within the whole", async () => {
    const { press, onZoom, show } = await plot();
    press("+");
    expect(onZoom).toHaveBeenLastCalledWith({ min: 10, max: 30 }, null);
    show({ min: 10, max: 30 });
    press("-");
    expect(onZoom).toHaveBeenLastCalledWith({ min: 0, max: 40 }, null);
    show({ min: 30, max: 40 });
    press("-");
    expect(onZoom).toHaveBeenLastCalledWith({ min: 25, max: 40 }, null);
  });

  test("plus zooms about the point that the cursor is on", async () => {
    const { press, onZoom } = await plot();
    press("ArrowLeft");
    press("=");
    expect(onZoom).toHaveBeenLastCalledWith({ min: 20, max: 40 }, null);
  });

  test("zero shows everything", async () => {
    const { press, onReset } = await plot({ min: 10, max: 20 });
    press("0");
    expect(onReset).toHaveBeenCalledTimes(1);
  });

  test("the browser keeps its own keys", async () => {
    const { press, onZoom, onReset } = await plot();
    for (const held of [{ ctrlKey: true }, { metaKey: true }, { altKey: true }]) {
      for (const key of ["+", "-", "0", "ArrowLeft"]) {
        expect(press(key, held)).toBe(true);
      }
    }
    expect(press("Tab")).toBe(true);
    expect(press("x")).toBe(true);
    expect(press("+")).toBe(false);
    expect(onZoom).toHaveBeenCalledTimes(1);
    expect(onReset).not.toHaveBeenCalled();
  });
});

test("without a point that can be shown the keys for points do nothing", async () => {
  const { press, said } = await plot(
    WHOLE,
    makeLines([{ runId: "a", steps: [1, 2], values: [Number.NaN, Number.NaN] }]),
  );
  act(() => void press("ArrowLeft"));
  act(() => void press("End"));
  expect(said()).toBe("");
});
