import { act, cleanup, renderHook } from "@testing-library/react";
import type { KeyboardEvent } from "react";
import { afterEach, expect, test } from "vitest";
import type { Line } from "./lines";
import { makeLines } from "./testing/lines";
import { useCursor } from "./useCursor";

afterEach(cleanup);

const LINES = makeLines([
  { runId: "low", steps: [0, 1, 2], values: [1, 1, 1] },
  { runId: "high", steps: [0, 1, 2], values: [5, Number.NaN, 5] },
]);

function cursorOver(lines: Line[], start: string | null = null) {
  const { result, rerender } = renderHook(({ shown }) => useCursor(shown, start), { initialProps: { shown: lines } });
  return {
    press: (...keys: string[]) => {
      for (const key of keys) {
        act(() => {
          const event = { key: key.replace("Shift+", ""), shiftKey: key.startsWith("Shift+") } as KeyboardEvent;
          result.current.press(event);
        });
      }
      return where();
    },
    show: (shown: Line[]) => {
      rerender({ shown });
      return where();
    },
  };
  function where() {
    const { point } = result.current;
    return point && `${point.line.run.runId}${point.index}`;
  }
}

test("the first arrow puts the cursor on the last point of the first run, or of the run that stands out", () => {
  expect(cursorOver(LINES).press("ArrowLeft")).toBe("low2");
  expect(cursorOver(LINES, "high").press("ArrowUp")).toBe("high2");
});

test("arrows move along a run and between runs", () => {
  const cursor = cursorOver(LINES);
  expect(cursor.press("ArrowLeft", "ArrowLeft")).toBe("low1");
  expect(cursor.press("ArrowLeft", "ArrowUp")).toBe("high0");
  expect(cursor.press("ArrowRight")).toBe("high2");
  expect(cursor.press("ArrowDown")).toBe("low2");
});

test("Home, End and Shift lead further", () => {
  const cursor = cursorOver(
    makeLines([{ runId: "a", steps: Array.from({ length: 30 }, (_, i) => i), values: Array(30).fill(1) }]),
  );
  expect(cursor.press("End", "Shift+ArrowLeft")).toBe("a19");
  expect(cursor.press("Home")).toBe("a0");
  expect(cursor.press("Shift+ArrowRight")).toBe("a10");
});

test("Escape takes the cursor away, and other keys leave it", () => {
  const cursor = cursorOver(LINES);
  expect(cursor.press("ArrowLeft", "x", "Tab")).toBe("low2");
  expect(cursor.press("Escape")).toBeNull();
});

test("without a point to stand on keys do nothing", () => {
  expect(cursorOver([]).press("ArrowLeft", "End")).toBeNull();
});

test("the cursor stays at its place when points arrive, and goes with its run", () => {
  const cursor = cursorOver(LINES);
  cursor.press("ArrowLeft", "ArrowLeft");
  const more = makeLines([{ runId: "low", steps: [-2, -1, 0, 1, 2, 3], values: [1, 1, 1, 1, 1, 1] }]);
  expect(cursor.show(more)).toBe("low3");
  expect(cursor.show([])).toBeNull();
});
