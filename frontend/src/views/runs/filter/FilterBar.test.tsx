import { act, cleanup, configure, fireEvent, render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { FilterProblem } from "../../../model/filters";
import type { PageState } from "../../../state/page";
import { newPage } from "../../../testing/page";
import { samplePage, sampleRun } from "../../../testing/runs";
import { serve } from "../../../testing/server";
import { FilterBar } from "./FilterBar";

// Beside others a machine of two cores may take a while.
configure({ asyncUtilTimeout: 5000 });

/** A server that knows depths, refuses 'low' where a number is wanted, and offers three words at the end of one. */
let asked: URL[];

function refusal(filter: string): Response {
  const error = `the filter is wrong at character ${[...filter].indexOf("'") + 1}: not with 'low'`;
  return new Response(JSON.stringify({ error, position: [...filter].indexOf("'"), expected: ["a number"] }), {
    status: 400,
  });
}

beforeEach(() => {
  localStorage.clear();
  asked = serve(({ pathname, searchParams }) => {
    const filter = searchParams.get("filter") ?? "";
    switch (pathname) {
      case "/v1/version":
        return { version: "1" };
      case "/v1/completions": {
        const text = searchParams.get("text") ?? "";
        const word = /[a-z]*$/.exec(text)?.[0] ?? "";
        const stop = [...text].length;
        const texts = ["depth", "description", "duration"].filter((one) => one.startsWith(word));
        return { start: stop - word.length, stop, texts };
      }
      default:
        return filter.includes("low")
          ? refusal(filter)
          : samplePage([sampleRun("a")], { matches: 1, runs_in_scope: 9 });
    }
  });
});

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

const LISTING = {
  experiment: "",
  filter: "",
  show: "ancestors",
  groupBy: [],
  sort: "created",
  order: "desc",
  columns: [],
} as const;

function show(state: Partial<PageState> = {}, refused: FilterProblem | null = null) {
  const { store, wrapper } = newPage(state);
  const found = state.filter ? { matches: 37, inScope: 100_000 } : null;
  const listing = { ...LISTING, filter: state.filter ?? "" };
  render(
    <FilterBar columns={[{ column: "metrics.loss", runs: 1 }]} listing={listing} refusal={refused} found={found}>
      <button type="button">Select</button>
    </FilterBar>,
    { wrapper },
  );
  return { store, user: userEvent.setup() };
}

const box = () => screen.getByRole<HTMLInputElement>("combobox", { name: "Filter" });
const pagesAsked = () => asked.filter(({ pathname }) => pathname === "/v1/runs");
const marked = () => document.querySelector(".filter-mirror mark")?.textContent;
const options = () => screen.queryAllByRole("option").map(({ textContent }) => textContent);
const pause = (milliseconds: number) => act(() => new Promise((resolve) => setTimeout(resolve, milliseconds)));

test("the filters of late are offered in an empty box, and one that is taken is asked for", async () => {
  localStorage.clear();
  const { store, user } = show();
  await user.type(box(), "depth = 1{Enter}");
  await waitFor(() => expect(store.get().filter).toBe("depth = 1"));
  await user.keyboard("{Escape}");
  await user.clear(box());
  await waitFor(() => expect(store.get().filter).toBe(""));
  await user.keyboard("{ArrowDown}");
  await waitFor(() => expect(options().slice(0, 2)).toEqual(["depth = 1", "depth"]));
  await user.keyboard("{ArrowDown}{Enter}");
  await waitFor(() => expect(store.get().filter).toBe("depth = 1"));
  localStorage.clear();
});

describe("a filter that is typed", () => {
  test("is the page's once somebody has stopped writing, and is asked for once", async () => {
    const { store, user } = show();
    await user.type(box(), "depth = 1 ");
    await waitFor(() => expect(store.get().filter).toBe("depth = 1"));
    expect(pagesAsked().map(({ searchParams }) => searchParams.get("filter"))).toEqual(["depth = 1"]);
    expect(box().value).toBe("depth = 1 ");
  });

  test("is given up when it is written on", async () => {
    const signals: (AbortSignal | undefined)[] = [];
    serve(({ searchParams }, signal) => {
      if (searchParams.get("filter") === "depth = 1") {
        signals.push(signal);
        return new Promise(() => undefined);
      }
      return { version: "1", start: 0, stop: 0, texts: [], ...samplePage([]) };
    });
    const { store, user } = show();
    await user.type(box(), "depth = 1{Enter}");
    await waitFor(() => expect(signals).toHaveLength(1));
    await user.type(box(), "2");
    expect(signals[0]?.aborted).toBe(true);
    await waitFor(() => expect(store.get().filter).toBe("depth = 12"));
  });

  test("is asked for at once by Enter", async () => {
    const { store, user } = show();
    await user.type(box(), "depth = 1{Enter}");
    await waitFor(() => expect(store.get().filter).toBe("depth = 1"));
  });

  test("is not asked for while it is only a beginning", async () => {
    const { store, user } = show();
    await user.type(box(), "any(children.depth = ");
    await pause(500);
    expect([pagesAsked(), store.get().filter]).toEqual([[], ""]);
    expect(screen.getByRole("status").textContent).toBe("Not applied yet");
  });

  test("and is wrong is said quietly, at its place, and the page's stays", async () => {
    const { store, user } = show({ filter: "depth = 2" });
    fireEvent.change(box(), { target: { value: "name = '😀' and depth < 'low'" } });
    await screen.findByText(/not with 'low'/);
    expect(screen.queryByRole("alert")).toBeNull();
    expect([box().getAttribute("aria-invalid"), store.get().filter]).toEqual(["false", "depth = 2"]);
    expect(marked()).toBe("'😀'");
    await user.type(box(), "x");
    expect(screen.queryByText(/not with 'low'/)).toBeNull();
  });

  test("and is wrong is said aloud by Enter; Escape hushes it, and again clears", async () => {
    const { store, user } = show({ filter: "depth = 2" });
    await user.clear(box());
    await user.type(box(), "  depth < 'low'{Enter}");
    expect((await screen.findByRole("alert")).textContent).toMatch(/not with 'low'/);
    expect([box().getAttribute("aria-invalid"), marked()]).toEqual(["true", "'low'"]);
    await user.keyboard("{Escape}");
    expect(screen.queryByText(/not with 'low'/)).toBeNull();
    expect([box().value, store.get().filter]).toEqual(["  depth < 'low'", "depth = 2"]);
    await user.keyboard("{Escape}");
    await waitFor(() => expect([box().value, store.get().filter]).toEqual(["", ""]));
  });

  test("is cleared by a button, which leaves the keyboard in the box", async () => {
    const { store, user } = show({ filter: "depth = 2" });
    await user.click(screen.getByRole("button", { name: "Clear the filter" }));
    await waitFor(() => expect(store.get().filter).toBe(""));
    expect(box()).toBe(document.activeElement);
  });

  test("and is too long is not taken, and nothing is asked", async () => {
    const { store } = show({ filter: "depth = 2" });
    fireEvent.change(box(), { target: { value: `name = '${"x".repeat(1_000_000)}'` } });
    expect(screen.getByRole("alert").textContent).toContain("it takes 1,000,022 characters");
    fireEvent.change(box(), { target: { value: "(".repeat(10_000) } });
    expect(screen.getByRole("alert").textContent).toContain("it takes 30,007 characters");
    await pause(500);
    expect([asked.filter(({ pathname }) => pathname !== "/v1/version"), box().value, store.get().filter]).toEqual([
      [],
      "depth = 2",
      "depth = 2",
    ]);
  });

  test("is text, whatever stands in it", async () => {
    const { store, user } = show();
    const filter = "name = '<img src=x onerror=alert(1)>\u202e😀'";
    fireEvent.change(box(), { target: { value: filter } });
    await user.click(box());
    await user.keyboard("{Enter}");
    await waitFor(() => expect(store.get().filter).toBe(filter));
    expect(document.querySelector("img")).toBeNull();
  });
});

describe("a filter from elsewhere", () => {
  test("stands in the box, in place of what was written", async () => {
    const { store, user } = show();
    await user.type(box(), "dep");
    act(() => store.change(() => ({ filter: "depth = 3" })));
    expect(box().value).toBe("depth = 3");
  });

  test("that is refused is said aloud until somebody writes", async () => {
    const { user } = show({ filter: "depth < 'low'" }, { sentence: "Not with 'low'.", at: 8 });
    expect(screen.getByRole("alert").textContent).toContain("Not with 'low'.");
    expect([marked(), screen.getByRole("status").textContent]).toEqual(["'low'", "Not applied yet"]);
    await user.type(box(), "{Backspace}");
    expect(screen.queryByRole("alert")).toBeNull();
  });

  test("that is refused is hushed by Escape, and cleared by another", async () => {
    const { store, user } = show({ filter: "depth < 'low'" }, { sentence: "Not with 'low'.", at: 8 });
    await user.click(box());
    await user.keyboard("{Escape}");
    expect([screen.queryByRole("alert"), box().value]).toEqual([null, "depth < 'low'"]);
    await user.keyboard("{Escape}");
    await waitFor(() => expect(store.get().filter).toBe(""));
  });

  test("says how many runs it finds", () => {
    show({ filter: "depth = 2" });
    expect(screen.getByRole("status").textContent).toBe("37 of 100,000 runs");
  });
});

describe("what may stand at the caret", () => {
  test("is offered, gone through by arrows and taken by Enter, which then does not ask", async () => {
    const { store, user } = show();
    await user.type(box(), "not d");
    await screen.findByRole("option", { name: "depth" });
    expect([options(), box().getAttribute("aria-activedescendant")]).toEqual([
      ["depth", "description", "duration"],
      null,
    ]);
    await user.keyboard("{ArrowDown}{ArrowDown}");
    const active = document.getElementById(box().getAttribute("aria-activedescendant") ?? "");
    expect([active?.textContent, active?.getAttribute("aria-selected")]).toEqual(["description", "true"]);
    await user.keyboard("{Enter}");
    expect([box().value, box().selectionStart, store.get().filter]).toEqual(["not description", 15, ""]);
  });

  test("is taken by Tab where it completes a word; the next Tab leads on", async () => {
    const { user } = show();
    await user.type(box(), "du");
    // Not what was offered for the first letter alone.
    await waitFor(() => expect(options()).toEqual(["duration"]));
    await user.keyboard("{Tab}");
    expect([box().value, document.activeElement]).toEqual(["duration", box()]);
    await waitFor(() => expect(options()).toEqual([]));
    await user.keyboard("{Tab}");
    expect(document.activeElement).not.toBe(box());
  });

  test("is closed by Escape, and opened by an arrow", async () => {
    const { user } = show();
    await user.type(box(), "d");
    await screen.findByRole("option", { name: "depth" });
    await user.keyboard("{Escape}");
    expect([box().getAttribute("aria-expanded"), options(), box().value]).toEqual(["false", [], "d"]);
    await user.keyboard("{ArrowDown}");
    await screen.findByRole("option", { name: "depth" });
  });

  test("replaces the word whatever stands before it: the server counts characters as people do", async () => {
    const { user } = show();
    fireEvent.change(box(), { target: { value: "name = '😀😀' and de" } });
    await user.click(await screen.findByRole("option", { name: "depth" }));
    expect(box().value).toBe("name = '😀😀' and depth");
    const [first] = asked.filter(({ pathname }) => pathname === "/v1/completions");
    expect(first?.searchParams.get("position")).toBe("18");
  });

  test("is asked for when somebody pauses, not for each letter", async () => {
    show();
    for (const text of ["d", "de", "des", "desc"]) {
      fireEvent.change(box(), { target: { value: text } });
    }
    await screen.findByRole("option", { name: "description" });
    expect(asked.filter(({ pathname }) => pathname === "/v1/completions")).toHaveLength(1);
  });
});

test("a slash leads to the box, unless somebody writes it there", async () => {
  const { user } = show({ filter: "depth = 2" });
  await user.keyboard("/");
  expect([document.activeElement, box().value]).toEqual([box(), "depth = 2"]);
  await user.keyboard("{End}/");
  expect(box().value).toBe("depth = 2/");
});

test("an example is taken from the help, and asked for at once", async () => {
  const { store, user } = show();
  await user.click(screen.getByRole("button", { name: "What a filter can say" }));
  await user.click(screen.getByRole("button", { name: /^metrics\.loss\.min < 0\.5/ }));
  await waitFor(() => expect(store.get().filter).toBe("metrics.loss.min < 0.5"));
  expect([box().value, screen.queryByRole("dialog")]).toEqual(["metrics.loss.min < 0.5", null]);
});

test("what is shown of the tree is a choice of the page's", async () => {
  const { store, user } = show();
  await user.click(screen.getByRole("button", { name: "Show matches: With ancestors" }));
  await user.click(screen.getByRole("option", { name: "Flat list" }));
  expect(store.get().show).toBe("flat");
});
