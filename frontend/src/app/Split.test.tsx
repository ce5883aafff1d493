import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { writePreference } from "../state/preferences";
import { Split } from "./Split";

let isWide = true;

beforeEach(() => {
  isWide = true;
  localStorage.clear();
  vi.stubGlobal("matchMedia", () => ({ matches: isWide, addEventListener: () => {}, removeEventListener: () => {} }));
});

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

describe("the bar between the tree and the chart", () => {
  const split = () => render(<Split first={<p>tree</p>} second={<p>chart</p>} />);
  const bar = () => screen.getByRole("separator", { name: "Share of the table" });
  const share = () => Number(bar().getAttribute("aria-valuenow"));

  test("moves by the arrow keys, and not beyond its ends", () => {
    split();
    const before = share();
    fireEvent.keyDown(bar(), { key: "ArrowRight" });
    expect(share()).toBe(before + 2);
    for (let i = 0; i < 60; i++) {
      fireEvent.keyDown(bar(), { key: "ArrowLeft" });
    }
    expect(share()).toBe(20);
    for (let i = 0; i < 60; i++) {
      fireEvent.keyDown(bar(), { key: "ArrowDown" });
    }
    expect(share()).toBe(80);
  });

  test("leaves other keys to the browser", () => {
    split();
    expect(fireEvent.keyDown(bar(), { key: "Tab" })).toBe(true);
    expect(fireEvent.keyDown(bar(), { key: "ArrowLeft" })).toBe(false);
  });

  test("is where it was on the next visit, each direction by itself", () => {
    split();
    fireEvent.keyDown(bar(), { key: "ArrowLeft" });
    const beside = share();
    cleanup();
    isWide = false;
    split();
    expect(bar().getAttribute("aria-orientation")).toBe("horizontal");
    expect(share()).not.toBe(beside);
    cleanup();
    isWide = true;
    split();
    expect(bar().getAttribute("aria-orientation")).toBe("vertical");
    expect(share()).toBe(beside);
  });

  test.each([0, 500])("a kept share of %d does not hide a part", (kept) => {
    writePreference("split.beside", kept);
    split();
    expect(share()).toBe(kept === 0 ? 20 : 80);
  });

  test("both parts are there in either direction", () => {
    split();
    expect([screen.getByText("tree"), screen.getByText("chart")]).toHaveLength(2);
  });
});
