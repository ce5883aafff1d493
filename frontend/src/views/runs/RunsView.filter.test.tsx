import { act, cleanup, configure, render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Overview, Run } from "../../api/messages";
import { selectionOf } from "../../model/selection";
import { foldedUp, isUnfolded, metricIn, type PageState, selectionIn } from "../../state/page";
import { newPage } from "../../testing/page";
import { samplePage, sampleRun } from "../../testing/runs";
import { serve } from "../../testing/server";
import { RunsView } from "./RunsView";
import { useListing } from "./useListing";

// Beside others a machine of two cores may take a while.
configure({ asyncUtilTimeout: 5000 });

const OVERVIEW: Overview = {
  location: "sqlite:////runs.db",
  experiments: [{ name: "mnist", description: "", view: "", runs: 6 }],
  runs: 6,
  columns: [
    { column: "metrics.loss", runs: 6 },
    { column: "metrics.best", runs: 2 },
  ],
  matches: null,
  metric_count: 2,
  parameter_count: 0,
  has_progress: false,
};

/** Two sweeps of one trial each, which have folds; a filter is met by folds, or by sweeps where it speaks of depth. */
const TREE: Record<string, readonly string[]> = {
  "": ["sweep-1", "sweep-2"],
  "sweep-1": ["trial-1"],
  "trial-1": ["fold-1", "fold-2"],
  "sweep-2": ["trial-2"],
  "trial-2": ["fold-3"],
};
const FOLDS = ["fold-1", "fold-2", "fold-3"];
const FILTER = "name LIKE 'fold%'";

let asked: URL[];
let children: Record<string, readonly string[]>;
let matches: number;

/** Sweeps have a best, and folds a loss. */
function runOf(name: string, isFiltered: boolean, columns: readonly string[]): Run {
  const is_match = !isFiltered || FOLDS.includes(name);
  const metric = name.startsWith("sweep") ? "metrics.best" : name.startsWith("fold") ? "metrics.loss" : "";
  const cells = columns.map((column) => (column === metric ? 0.5 : null));
  return sampleRun(name, { name, is_match, children: children[name]?.length ?? 0, cells });
}

function matchesOf(filter: string): readonly string[] {
  return filter.includes("depth") ? ["sweep-1", "sweep-2"] : FOLDS;
}

function answer({ pathname, searchParams }: URL) {
  const filter = searchParams.get("filter") ?? "";
  const limit = Number(searchParams.get("limit"));
  if (filter.includes("wrong")) {
    const error = "the filter is wrong at character 3: it is wrong";
    return new Response(JSON.stringify({ error, position: 2, expected: [] }), { status: 400 });
  }
  if (pathname === "/v1/version") {
    return { version: "1" };
  }
  if (pathname === "/v1/runs/matching") {
    return { total: matches, run_ids: FOLDS.slice(0, limit) };
  }
  if (pathname === "/v1/runs/by-id") {
    const named = searchParams.getAll("run").map((name) => ({ run_id: name, name, path: ["sweep", "trial"] }));
    return { runs: named.map((run) => ({ ...run, experiment: "mnist", ancestors: ["s", "t"] })) };
  }
  const parent = searchParams.get("parent") ?? "";
  const isFlat = searchParams.get("show") === "flat";
  const names = filter.includes("nobody") ? [] : isFlat ? matchesOf(filter) : (children[parent] ?? []);
  const found = filter === "" ? {} : { matches: names.length === 0 ? 0 : matches, runs_in_scope: 8 };
  const columns = searchParams.getAll("column");
  return samplePage(
    names.map((name) => runOf(name, filter !== "", columns)),
    { ...found, columns },
  );
}

beforeEach(() => {
  matches = 3;
  children = TREE;
  asked = serve(answer);
  // jsdom lays nothing out; the table needs to know how much of it is in sight.
  vi.spyOn(Element.prototype, "clientHeight", "get").mockReturnValue(600);
  vi.spyOn(Element.prototype, "clientWidth", "get").mockReturnValue(1200);
  Element.prototype.scrollTo = vi.fn() as never;
});

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

function View() {
  const table = useListing(OVERVIEW);
  return <RunsView overview={OVERVIEW} table={table} theme="light" />;
}

function show(state: Partial<PageState>) {
  const { store, wrapper } = newPage(state);
  render(<View />, { wrapper });
  return { store, user: userEvent.setup() };
}

const names = () =>
  screen
    .queryAllByRole("row")
    .slice(1)
    .map((row) => row.querySelector(".clipped")?.textContent);
const rowOf = (name: string) => screen.findByRole("row", { name: new RegExp(name) });
const WHOLE = ["sweep-1", "trial-1", "fold-1", "fold-2", "sweep-2", "trial-2", "fold-3"];

describe("matches with their ancestors", () => {
  test("are in sight however deep they are, and told from what is shown for their sake", async () => {
    show({ filter: FILTER });
    await waitFor(() => expect(names()).toEqual(WHOLE));
    const [sweep, fold] = [await rowOf("sweep-1"), await rowOf("fold-1")];
    expect([sweep.dataset["beside"], fold.dataset["beside"]]).toEqual(["true", "false"]);
    expect(within(sweep).getByText(", no match")).toBeTruthy();
    expect(within(fold).queryByText(", no match")).toBeNull();
    expect(screen.getByText("3 of 8 runs")).toBeTruthy();
  });

  test("are folded by hand and all at once, which leaves alone what is unfolded without the filter", async () => {
    const { store, user } = show({ filter: FILTER, expanded: new Set(["sweep-2"]) });
    await waitFor(() => expect(names()).toEqual(WHOLE));
    await user.click(screen.getByRole("button", { name: "Collapse sweep-1" }));
    expect(names()).toEqual(["sweep-1", "sweep-2", "trial-2", "fold-3"]);
    expect(isUnfolded(store.get())).toBe(true);
    act(() => store.change(foldedUp));
    expect([names(), isUnfolded(store.get())]).toEqual([["sweep-1", "sweep-2"], false]);
    await user.click(screen.getByRole("button", { name: "Expand sweep-2" }));
    await waitFor(() => expect(names()).toEqual(["sweep-1", "sweep-2", "trial-2"]));
    act(() => store.change(() => ({ filter: "" })));
    await waitFor(() => expect(names()).toEqual(["sweep-1", "sweep-2", "trial-2"]));
    expect([...(store.get().expanded ?? [])]).toEqual(["sweep-2"]);
  });
});

test("in a flat list runs say what stands above them, and below them is all that is there", async () => {
  children = { ...TREE, "fold-1": ["part"] };
  const { user } = show({ filter: FILTER, show: "flat" });
  await waitFor(() => expect(names()).toEqual(FOLDS));
  await waitFor(() => expect(screen.getAllByText("sweep/trial")).toHaveLength(3));
  await user.click(await screen.findByRole("button", { name: "Expand fold-1" }));
  await waitFor(() => expect(names()).toEqual(["fold-1", "part", "fold-2", "fold-3"]));
  expect(asked.find(({ searchParams }) => searchParams.get("parent") === "fold-1")?.searchParams.get("show")).toBe(
    "tops",
  );
});

describe("selecting under a filter", () => {
  const box = (name: string) => screen.findByRole<HTMLInputElement>("checkbox", { name });

  test("begins with matches, whatever was chosen without it", async () => {
    const { store } = show({ filter: FILTER });
    await waitFor(() => expect([...selectionIn(store.get()).keys()]).toEqual(FOLDS));
    expect(store.get().selected).toBeNull();
  });

  test("shows a metric that the matches have, and goes back to that of all runs", async () => {
    const { store } = show({});
    await waitFor(() => expect(metricIn(store.get())).toBe("loss"));
    act(() => store.change(() => ({ filter: "depth = 0" })));
    await waitFor(() => expect([...selectionIn(store.get()).keys()]).toEqual(["sweep-1", "sweep-2"]));
    expect(metricIn(store.get())).toBe("best");
    act(() => store.change(() => ({ filter: "" })));
    await waitFor(() => expect([...selectionIn(store.get()).keys()]).toEqual(["fold-1", "fold-2"]));
    expect(metricIn(store.get())).toBe("loss");
  });

  test("takes all matches by the box of the header, beside what is selected; again, it takes none", async () => {
    const { store, user } = show({ filter: FILTER, selected: selectionOf(["sweep-2"]) });
    const all = await box("Select all 3 matching runs");
    await user.click(all);
    await waitFor(() => expect([...selectionIn(store.get()).keys()]).toEqual(["sweep-2", ...FOLDS]));
    expect(all.checked).toBe(true);
    await user.click(all);
    expect(selectionIn(store.get()).size).toBe(0);
  });

  test("says how many of more matches than the server finds it takes, before and after", async () => {
    matches = 12_345;
    const { user } = show({ filter: FILTER });
    await user.click(await box("Select the first 10,000 of 12,345 matching runs"));
    await screen.findByText("The first 3 of 12,345 runs are selected.");
    const [question] = asked.filter(({ pathname }) => pathname === "/v1/runs/matching");
    expect(question?.searchParams.get("limit")).toBe("10000");
  });

  test("takes the first of the table's order and no others", async () => {
    const selected = selectionOf(["sweep-2"]);
    const { store, user } = show({ filter: FILTER, selected, sort: "metrics.loss", order: "asc" });
    await rowOf("fold-1");
    await user.click(screen.getByRole("button", { name: "Select runs" }));
    expect(screen.getByText("Of the matches, by loss, lowest first")).toBeTruthy();
    await user.click(screen.getByRole("button", { name: "Only the first 5" }));
    await waitFor(() => expect([...selectionIn(store.get()).keys()]).toEqual(FOLDS));
    const [question] = asked.filter(({ pathname }) => pathname === "/v1/runs/matching");
    expect(Object.fromEntries(question?.searchParams ?? [])).toEqual({
      experiment: "",
      filter: FILTER,
      sort: "metrics.loss",
      order: "asc",
      limit: "5",
    });
  });
});

test("where no run matches the table says so, and leads back to all", async () => {
  const { store, user } = show({ filter: "nobody = 1" });
  const told = (await screen.findByText("No run matches")).parentElement as HTMLElement;
  await user.click(within(told).getByRole("button", { name: "Clear the filter" }));
  expect(store.get().filter).toBe("");
  await rowOf("sweep-1");
  expect(screen.queryByText("No run matches")).toBeNull();
});

describe("a filter in the address that is refused", () => {
  test("is told in its place, with all runs below it", async () => {
    show({ filter: "a wrong" });
    expect((await screen.findByRole("alert")).textContent).toContain("it is wrong");
    await rowOf("sweep-1");
    expect(screen.getByRole<HTMLInputElement>("combobox", { name: "Filter" }).value).toBe("a wrong");
  });

  test("leaves the runs of the one before", async () => {
    const { store } = show({ filter: FILTER });
    await waitFor(() => expect(names()).toEqual(WHOLE));
    act(() => store.change(() => ({ filter: "a wrong" })));
    await screen.findByRole("alert");
    await waitFor(() => expect(names()).toEqual(WHOLE));
    act(() => store.change(() => ({ filter: FILTER })));
    await waitFor(() => expect(screen.queryByRole("alert")).toBeNull());
  });

  test("for its length is not even asked for", async () => {
    show({ filter: `name = '${"x".repeat(7000)}'` });
    expect((await screen.findByRole("alert")).textContent).toContain("too long");
    await rowOf("sweep-1");
    expect(asked.every((url) => url.href.length < 2000)).toBe(true);
  });
});
