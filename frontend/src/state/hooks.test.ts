import { act, cleanup, renderHook } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { readPreference, writePreference } from "./preferences";
import { useView } from "./useView";

beforeEach(() => {
  localStorage.clear();
  window.location.hash = "";
});
afterEach(cleanup);

describe("the view of the page", () => {
  test("begins as its address says", () => {
    window.location.hash = "#runhistory&p.runhistory.sort=name&p.runhistory.order=asc&p.runhistory.metric=a%2Fb";
    const { result } = renderHook(() => useView());
    expect(result.current[0]).toMatchObject({ sort: "name", order: "asc", metric: "a/b" });
  });

  test("stands in the address after each change, and takes no step of the back button", () => {
    const { result } = renderHook(() => useView());
    const steps = window.history.length;
    act(() => result.current[1](() => ({ metric: "loss & more" })));
    act(() => result.current[1](() => ({ experiment: "mnist" })));
    expect(window.location.hash).toContain("p.runhistory.metric=loss%20%26%20more");
    expect(window.location.hash).toContain("p.runhistory.experiment=mnist");
    expect(window.history.length).toBe(steps);
  });

  test("changes from what it is by then: two changes at once do not undo each other", () => {
    const { result } = renderHook(() => useView());
    act(() => {
      result.current[1](({ expanded }) => ({ expanded: new Set([...expanded, "a"]) }));
      result.current[1](({ expanded }) => ({ expanded: new Set([...expanded, "b"]) }));
    });
    expect([...result.current[0].expanded]).toEqual(["a", "b"]);
  });

  test("keeps the same way to change it, so that nothing is drawn again for that", () => {
    const { result, rerender } = renderHook(() => useView());
    const [, change] = result.current;
    act(() => change(() => ({ metric: "loss" })));
    rerender();
    expect(result.current[1]).toBe(change);
  });

  test("does not write into the address of another tab", () => {
    const { result } = renderHook(() => useView());
    window.location.hash = "#timeseries";
    act(() => result.current[1](() => ({ metric: "loss" })));
    expect(window.location.hash).toBe("#timeseries");
  });
});

describe("a preference", () => {
  test("is kept under its own name", () => {
    writePreference("one", 12.5);
    writePreference("two", -3);
    expect([readPreference("one", 0), readPreference("two", 0), readPreference("three", 7)]).toEqual([12.5, -3, 7]);
  });

  test.each(["", " ", "abc", "NaN", "Infinity", "{}"])("that reads %j is not taken for a number", (text) => {
    writePreference("share", 1);
    for (const key of Object.keys(localStorage)) {
      localStorage.setItem(key, text);
    }
    expect(readPreference("share", 62)).toBe(62);
  });

  test("a browser that keeps nothing still shows the page", () => {
    const refuse = () => {
      throw new DOMException("denied", "SecurityError");
    };
    vi.spyOn(Storage.prototype, "getItem").mockImplementation(refuse);
    vi.spyOn(Storage.prototype, "setItem").mockImplementation(refuse);
    expect(readPreference("share", 62)).toBe(62);
    expect(() => writePreference("share", 40)).not.toThrow();
  });
});
