import { act, cleanup, fireEvent, renderHook } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { seededRandom } from "../testing/random";
import { type Area, isOn } from "./frame";
import { dragged, selected, usePointer } from "./pointer";
import { installBrowser } from "./testing/browser";
import { frameOf } from "./testing/lines";

const AREA: Area = { left: 40, top: 20, width: 400, height: 200 };

describe("a drag", () => {
  test("of a few pixels is a click", () => {
    expect(dragged({ x: 100, y: 100 }, { x: 103, y: 104 }, AREA)).toBeNull();
  });

  test("that hardly leaves one direction selects along the other, all of it", () => {
    expect(dragged({ x: 100, y: 100 }, { x: 200, y: 110 }, AREA)).toEqual({
      left: 100,
      top: 20,
      width: 100,
      height: 200,
    });
    expect(dragged({ x: 100, y: 150 }, { x: 95, y: 50 }, AREA)).toEqual({ left: 40, top: 50, width: 400, height: 100 });
  });

  test("that leaves both selects a rectangle, whichever way it went", () => {
    const rectangle = { left: 100, top: 60, width: 50, height: 40 };
    expect(dragged({ x: 100, y: 60 }, { x: 150, y: 100 }, AREA)).toEqual(rectangle);
    expect(dragged({ x: 150, y: 100 }, { x: 100, y: 60 }, AREA)).toEqual(rectangle);
  });

  test("ends at the edges of the plot, wherever the pointer is let go", () => {
    const random = seededRandom(3);
    for (let round = 0; round < 500; round++) {
      const from = { x: AREA.left + random() * AREA.width, y: AREA.top + random() * AREA.height };
      const to = { x: random() * 2000 - 500, y: random() * 2000 - 500 };
      const area = dragged(from, to, AREA);
      if (area !== null) {
        expect(isOn(AREA, area.left, area.top, 1e-9)).toBe(true);
        expect(isOn(AREA, area.left + area.width, area.top + area.height, 1e-9)).toBe(true);
      }
    }
  });

  test("is read as intervals of the axes; all of an axis is no interval", () => {
    const domain = { min: 0, max: 100 };
    const frame = frameOf({ kind: "step", domain }, { kind: "log", domain: { min: 1, max: 100 } });
    expect(selected({ left: 10, top: 50, width: 20, height: 50 }, frame)).toEqual({
      x: { min: 10, max: 30 },
      y: { min: 1, max: expect.closeTo(10, 9) },
    });
    expect(selected({ left: 10, top: 0, width: 20, height: 100 }, frame).y).toBeNull();
  });
});

describe("over a plot", () => {
  let host: HTMLElement;

  beforeEach(() => {
    installBrowser();
    host = document.createElement("div");
    document.body.append(host);
  });

  afterEach(() => {
    cleanup();
    host.remove();
    vi.unstubAllGlobals();
  });

  function over(area: Area | null = AREA) {
    const gestures = { onPoint: vi.fn(), onSelect: vi.fn(), onWheel: vi.fn(), onReset: vi.fn() };
    const ref = { current: host };
    const { result, unmount } = renderHook(() => usePointer(ref, area, gestures));
    const pointer = (name: "Down" | "Move" | "Up" | "Leave" | "Cancel", x = 0, y = 0, more: object = {}) =>
      act(() => void fireEvent[`pointer${name}`](host, { clientX: x, clientY: y, pointerId: 1, ...more }));
    return { gestures, result, unmount, pointer };
  }

  test("the pointer is told where it is, and that it is there no more", () => {
    const { gestures, pointer } = over();
    pointer("Move", 50, 60);
    expect(gestures.onPoint).toHaveBeenLastCalledWith({ x: 50, y: 60 });
    pointer("Move", 10, 60);
    expect(gestures.onPoint).toHaveBeenLastCalledWith(null);
    pointer("Move", 50, 60);
    pointer("Leave");
    expect(gestures.onPoint).toHaveBeenLastCalledWith(null);
  });

  test("a drag is shown while it lasts, and selected when it ends", () => {
    const { gestures, result, pointer } = over();
    pointer("Down", 100, 60);
    pointer("Move", 150, 100);
    expect(result.current).toEqual({ left: 100, top: 60, width: 50, height: 40 });
    expect(gestures.onPoint).toHaveBeenLastCalledWith(null);
    pointer("Up", 160, 110);
    expect(gestures.onSelect).toHaveBeenCalledExactlyOnceWith({ left: 100, top: 60, width: 60, height: 50 });
    expect(result.current).toBeNull();
  });

  test("what is no drag selects nothing: a click, another button, a start beside the plot, one that is taken away", () => {
    const { gestures, result, pointer } = over();
    pointer("Down", 100, 60);
    pointer("Up", 101, 60);
    pointer("Down", 100, 60, { button: 2 });
    pointer("Up", 200, 160);
    pointer("Down", 5, 60);
    pointer("Up", 200, 160);
    pointer("Down", 100, 60);
    pointer("Move", 200, 160);
    pointer("Cancel");
    pointer("Up", 200, 160);
    expect(gestures.onSelect).not.toHaveBeenCalled();
    expect(result.current).toBeNull();
  });

  test("a double click asks for everything", () => {
    const { gestures } = over();
    fireEvent.doubleClick(host, { clientX: 50, clientY: 60 });
    expect(gestures.onReset).toHaveBeenCalledTimes(1);
  });

  test("the wheel zooms with Ctrl held, and else scrolls the page", () => {
    const { gestures } = over();
    expect(fireEvent.wheel(host, { clientX: 50, clientY: 60, deltaY: -100 })).toBe(true);
    expect(gestures.onWheel).not.toHaveBeenCalled();
    expect(fireEvent.wheel(host, { clientX: 50, clientY: 60, deltaY: -100, ctrlKey: true })).toBe(false);
    const [place, factor] = gestures.onWheel.mock.lastCall as [unknown, number];
    expect(place).toEqual({ x: 50, y: 60 });
    expect(factor).toBeGreaterThan(0.5);
    expect(factor).toBeLessThan(1);
  });

  test("before the plot is laid out nothing is on it", () => {
    const { gestures, pointer } = over(null);
    pointer("Down", 100, 60);
    pointer("Move", 150, 100);
    pointer("Up", 160, 110);
    expect(gestures.onSelect).not.toHaveBeenCalled();
    expect(gestures.onPoint).toHaveBeenLastCalledWith(null);
  });

  test("nobody listens once the plot is gone", () => {
    const { gestures, unmount, pointer } = over();
    unmount();
    pointer("Move", 50, 60);
    expect(gestures.onPoint).not.toHaveBeenCalled();
  });
});
