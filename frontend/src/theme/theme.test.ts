import { act, cleanup, renderHook } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { colorOf, dashesAmong, dashOf, NEUTRAL, shadeOf, type Theme } from "./palette";
import { useTheme } from "./useTheme";

/** The share of white in a colour's light, from 0 to 1, as WCAG 2 defines relative luminance. */
function luminance(color: string): number {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(color.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string): number {
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

describe.each<[Theme, string]>([
  ["light", "#ffffff"],
  ["dark", "#1b1d21"],
])("colours of runs on a %s page", (theme, background) => {
  const colors = Array.from({ length: 10 }, (_, number) => colorOf(number, theme));

  test("are all different", () => expect(new Set(colors).size).toBe(10));

  test("stand out from the page, as graphics must", () => {
    for (const color of colors) {
      expect(contrast(color, background)).toBeGreaterThanOrEqual(3);
    }
  });

  test("and so do the shades of numbers, which differ in lightness, and the one of what has no value", () => {
    const shades = Array.from({ length: 21 }, (_, step) => shadeOf(step / 20, theme));
    for (const shade of [...shades, NEUTRAL[theme]]) {
      expect(contrast(shade, background)).toBeGreaterThanOrEqual(3);
    }
    const light = shades.map(luminance);
    const sorted = light.toSorted((a, b) => (theme === "light" ? b - a : a - b));
    expect(light).toEqual(sorted);
  });

  test("begin again after the last one", () => {
    expect([10, 23, 1000].map((number) => colorOf(number, theme))).toEqual([0, 3, 0].map((i) => colors[i]));
  });
});

test("runs of one colour are told apart by their dashes", () => {
  const looks = Array.from({ length: 40 }, (_, number) => `${colorOf(number, "light")} ${dashOf(number)}`);
  expect(new Set(looks).size).toBe(40);
  expect(dashOf(9)).toEqual([]);
});

describe("the theme of the page", () => {
  let isDark = false;
  let changed: () => void = () => undefined;
  let watchers = 0;

  beforeEach(() => {
    isDark = false;
    watchers = 0;
    vi.stubGlobal("matchMedia", () => ({
      get matches() {
        return isDark;
      },
      addEventListener: (_event: string, listener: () => void) => {
        changed = listener;
        watchers++;
      },
      removeEventListener: () => {
        watchers--;
      },
    }));
  });

  afterEach(() => {
    cleanup();
    vi.unstubAllGlobals();
  });

  test("is the system's where there is no page around it, and follows it", () => {
    const { result } = renderHook(() => useTheme());
    expect([result.current, document.documentElement.dataset["theme"]]).toEqual(["light", "light"]);
    isDark = true;
    act(() => changed());
    expect([result.current, document.documentElement.dataset["theme"]]).toEqual(["dark", "dark"]);
  });

  test("is that of TensorBoard's page around it, whatever the system says", async () => {
    const body = document.createElement("body");
    vi.spyOn(window, "parent", "get").mockReturnValue({ document: { body } } as unknown as Window);
    isDark = true;
    const { result } = renderHook(() => useTheme());
    expect(result.current).toBe("light");
    act(() => body.classList.add("dark-mode"));
    await vi.waitFor(() => expect(result.current).toBe("dark"));
  });

  test("a page around it of another origin is not TensorBoard's", () => {
    const foreign = {
      get document(): Document {
        throw new DOMException("Blocked a frame", "SecurityError");
      },
    };
    vi.spyOn(window, "parent", "get").mockReturnValue(foreign as unknown as Window);
    isDark = true;
    expect(renderHook(() => useTheme()).result.current).toBe("dark");
  });

  test("nobody watches once the page is gone", () => {
    const { unmount } = renderHook(() => useTheme());
    expect(watchers).toBe(1);
    unmount();
    expect(watchers).toBe(0);
  });
});

test("lines of one colour are told apart by the order in which they stand", () => {
  expect(dashesAmong(["#1", "#2", "#1", "#1"])).toEqual([[], [], dashOf(10), dashOf(20)]);
});
