import { act, cleanup, renderHook } from "@testing-library/react";
import { createElement, type ReactNode } from "react";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { followAddress, storeAtAddress } from "./followAddress";
import { chosenIn, expandedIn, metricIn, pageOf, selectionIn } from "./page";
import { readPreference, writePreference } from "./preferences";
import { StoreContext, useChange, usePage } from "./store";

beforeEach(() => {
  localStorage.clear();
  window.location.hash = "";
});

let end: (() => void) | undefined;

afterEach(() => {
  cleanup();
  end?.();
  end = undefined;
});

/** A store that follows the address from here on. */
function followed() {
  const store = storeAtAddress();
  end = followAddress(store);
  return store;
}

describe("the address", () => {
  test("says how the page begins", () => {
    window.location.hash = "#runhistory&p.runhistory.sort=name&p.runhistory.order=asc&p.runhistory.metric=a%2Fb";
    expect(followed().get()).toMatchObject({ sort: "name", order: "asc", metric: "a/b" });
  });

  test("says each change; only another metric or experiment is a step of the back button", async () => {
    const store = followed();
    const steps = window.history.length;
    store.change(() => ({ sort: "name", order: "asc" }));
    await vi.waitFor(() => expect(window.location.hash).toContain("p.runhistory.sort=name"));
    expect(window.history.length).toBe(steps);
    store.change(() => ({ metric: "loss & more" }));
    await vi.waitFor(() => expect(window.location.hash).toContain("p.runhistory.metric=loss%20%26%20more"));
    expect(window.history.length).toBe(steps + 1);
  });

  test("that somebody types or goes back to is taken up", async () => {
    const store = followed();
    store.change(() => ({ metric: "loss" }));
    await vi.waitFor(() => expect(window.location.hash).toContain("metric=loss"));
    store.change(() => ({ metric: "accuracy" }));
    await vi.waitFor(() => expect(window.location.hash).toContain("metric=accuracy"));
    window.history.back();
    await vi.waitFor(() => expect(store.get().metric).toBe("loss"));
    window.history.forward();
    await vi.waitFor(() => expect(store.get().metric).toBe("accuracy"));
    window.location.hash = "#runhistory&p.runhistory.selected=a,b&p.runhistory.experiment=mnist";
    await vi.waitFor(() => expect(store.get()).toMatchObject({ experiment: "mnist", metric: null }));
    expect([...selectionIn(store.get()).keys()]).toEqual(["a", "b"]);
  });

  test("of another tab is left alone, and what happens there changes nothing here", async () => {
    const store = followed();
    store.change(() => ({ metric: "loss" }));
    window.location.hash = "#timeseries";
    store.change(() => ({ sort: "name" }));
    await new Promise((resolve) => setTimeout(resolve, 120));
    expect(window.location.hash).toBe("#timeseries");
    expect(store.get()).toMatchObject({ metric: "loss", sort: "name" });
  });

  test("is written once for many changes at a time", async () => {
    const store = followed();
    const write = vi.spyOn(window.history, "replaceState");
    for (let i = 0; i < 300; i++) {
      store.change(() => ({ sort: `inherited.params.${i}` }));
    }
    await vi.waitFor(() => expect(window.location.hash).toContain("299"));
    expect(write).toHaveBeenCalledTimes(1);
  });
});

describe("the store", () => {
  function reading() {
    const store = storeAtAddress();
    const drawn = vi.fn();
    const wrapper = ({ children }: { children: ReactNode }) =>
      createElement(StoreContext.Provider, { value: store }, children);
    const hook = () => {
      drawn();
      return { pointed: usePage(({ pointed }) => pointed), change: useChange() };
    };
    return { store, drawn, ...renderHook(hook, { wrapper }) };
  }

  test("draws what reads the part that has changed, and nothing else", () => {
    const { store, drawn, result } = reading();
    act(() => store.change(() => ({ sort: "name" })));
    act(() => store.change(() => ({ pointed: null })));
    expect(drawn).toHaveBeenCalledTimes(1);
    const { change } = result.current;
    act(() => change(() => ({ pointed: "a" })));
    expect(result.current).toMatchObject({ pointed: "a", change });
    expect(drawn).toHaveBeenCalledTimes(2);
  });

  test("changes from what it is by then: two changes at once do not undo each other", () => {
    const store = storeAtAddress();
    store.change((state) => ({ expanded: new Set([...expandedIn(state), "a"]) }));
    store.change((state) => ({ expanded: new Set([...expandedIn(state), "b"]) }));
    expect([...expandedIn(store.get())]).toEqual(["a", "b"]);
  });

  test("has the page's own choice until somebody chooses, each thing by itself", () => {
    const own = { metric: "loss", expanded: ["a"], selected: ["b", "c"], telling: [], filter: "" };
    const page = { ...pageOf("mnist"), own };
    expect([metricIn(page), [...expandedIn(page)], [...selectionIn(page).keys()]]).toEqual(["loss", ["a"], ["b", "c"]]);
    expect(selectionIn(page)).toBe(selectionIn({ ...page, pointed: "b" }));
    expect(expandedIn(page)).toBe(expandedIn({ ...page, pointed: "b" }));
    const cleared = { ...page, ...chosenIn(page), metric: "acc", selected: new Map() };
    expect([metricIn(cleared), selectionIn(cleared).size, [...expandedIn(cleared)]]).toEqual(["acc", 0, ["a"]]);
    const linked = { ...page, selected: new Map() };
    expect([metricIn(linked), selectionIn(linked).size, expandedIn(linked).size]).toEqual(["loss", 0, 0]);
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
