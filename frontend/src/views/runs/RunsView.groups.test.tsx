import { cleanup, configure, render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Group, Overview } from "../../api/messages";
import { groupKey } from "../../model/groups";
import { type PageState, selectionIn } from "../../state/page";
import { newPage } from "../../testing/page";
import { samplePage, sampleRun } from "../../testing/runs";
import { refusal, serve } from "../../testing/server";
import { RunsView } from "./RunsView";
import { useListing } from "./useListing";

// Beside others a machine of two cores may take a while.
configure({ asyncUtilTimeout: 5000 });

const MODEL = "inherited.params.model";
const OVERVIEW: Overview = {
  location: "sqlite:////runs.db",
  experiments: [{ name: "mnist", description: "", runs: 6, view: "" }],
  runs: 6,
  columns: [
    { column: "metrics.loss", runs: 4 },
    { column: MODEL, runs: 4 },
    { column: "inherited.params.lr", runs: 4 },
  ],
  matches: null,
  metric_count: 1,
  parameter_count: 2,
  has_progress: false,
};

/** Trials by their model; each has a fold, which is no member of its own. */
const TRIALS: Record<string, readonly string[]> = { net: ["trial-1", "trial-2"], tree: ["trial-3"] };

let asked: URL[];

function cellsOf(columns: readonly string[], group: string): Group["cells"] {
  return columns.map((column) => {
    const [, statistic = "", of = ""] = /^(\w+):(.*)$/.exec(column) ?? [];
    const least = of === "inherited.params.lr" ? 0.01 : group === "tree" ? 0.9375 : 0.25;
    return of === MODEL ? "net" : { rolled_up: statistic === "max" ? 0.5 : least, over: 2, best: "" };
  });
}

function groupsAt(url: URLSearchParams) {
  const by = url.get("by");
  const columns = url.getAll("column");
  const values = by === "status" ? ["Completed"] : ["net", "tree"];
  const groups = values.map((value) => ({
    value,
    condition: `${by} = '${value}'`,
    runs: TRIALS[value]?.length ?? 1,
    statuses: [{ status: "Failed" as const, runs: 1 }],
    cells: cellsOf(columns, value),
  }));
  return { total: groups.length, offset: 0, matches: 6, runs_in_scope: 6, columns, groups };
}

function answer({ pathname, searchParams }: URL) {
  const filter = searchParams.get("filter") ?? "";
  const model = /'(net|tree)'/.exec(filter)?.[1] ?? "";
  switch (pathname) {
    case "/v1/version":
      return { version: "1" };
    case "/v1/completions":
      return { start: 0, stop: 5, texts: ["tags.team"] };
    case "/v1/groups":
      return searchParams.get("by") === "tags.broken" ? refusal("It is broken.", 400) : groupsAt(searchParams);
    case "/v1/runs/matching":
      return { total: 9, run_ids: [...(TRIALS[model] ?? []), `fold of ${model}`] };
    case "/v1/runs/by-id": {
      const runs = searchParams.getAll("run").map((run_id) => ({ run_id, name: run_id, path: ["sweep"] }));
      return { runs: runs.map((run) => ({ ...run, experiment: "mnist", ancestors: ["s"] })) };
    }
    default: {
      const names = searchParams.get("parent") === "trial-1" ? ["fold-1"] : (TRIALS[model] ?? []);
      const columns = searchParams.getAll("column");
      const runs = names.map((name) => sampleRun(name, { name, children: name.startsWith("trial") ? 1 : 0 }));
      return samplePage(
        runs.map((run) => ({ ...run, cells: columns.map(() => null) })),
        { columns, matches: runs.length, runs_in_scope: 6 },
      );
    }
  }
}

beforeEach(() => {
  asked = serve(answer);
  // jsdom lays nothing out; the table needs to know how much of it is in sight.
  vi.spyOn(Element.prototype, "clientHeight", "get").mockReturnValue(600);
  vi.spyOn(Element.prototype, "clientWidth", "get").mockReturnValue(1600);
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

const row = async (name: RegExp) => {
  const box = await screen.findByRole("checkbox", { name });
  return box.closest<HTMLElement>("[data-row]") as HTMLElement;
};
const NET = groupKey("", `${MODEL} = 'net'`);

test("a group says the mean of a metric and of how many, the range of a parameter, and what failed in it", async () => {
  show({ groupBy: [MODEL] });
  const net = await row(/model: net/);
  expect(within(net).getAllByText("Mean of 2 runs of the group")).toHaveLength(2);
  expect(within(net).getByText("0.25")).toBeDefined();
  expect(within(net).getByText("0.01 – 0.5")).toBeDefined();
  expect(within(net).getByText("Of 1 in the group: 1 failed")).toBeDefined();
  expect(net.getAttribute("aria-expanded")).toBe("false");
});

test("what groups say of a metric stands point below point", async () => {
  show({ groupBy: [MODEL] });
  const padOf = async (name: RegExp, text: string) =>
    within(await row(name))
      .getByText(text)
      .getAttribute("data-pad");
  await waitFor(async () => expect(await padOf(/model: net/, "0.25")).toBe("75"));
  expect(await padOf(/model: tree/, "0.9375")).toBe("");
});

test("a group unfolds to groups within it, these to their runs, and runs to what is below", async () => {
  const { user, store } = show({ groupBy: [MODEL, "status"], filter: "depth > 0" });
  await user.click(await screen.findByRole("button", { name: "Expand model: net" }));
  await user.click(await screen.findByRole("button", { name: "Expand Status: Completed" }));
  const trial = await row(/^Select trial-1$/);
  expect(trial.getAttribute("aria-level")).toBe("3");
  await user.click(within(trial).getByRole("button", { name: "Expand trial-1" }));
  await row(/^Select fold-1$/);
  const runs = asked.filter(
    ({ pathname, searchParams }) => pathname === "/v1/runs" && searchParams.get("show") === "tops",
  );
  expect(runs.map(({ searchParams }) => [searchParams.get("parent"), searchParams.get("filter")])).toEqual([
    ["", `(depth > 0) AND (${MODEL} = 'net') AND (status = 'Completed')`],
    ["trial-1", "depth > 0"],
  ]);
  expect(store.get().expanded).toEqual(new Set([NET, groupKey(NET, "status = 'Completed'"), "trial-1"]));
});

test("a link says which groups are unfolded", async () => {
  show({ groupBy: [MODEL], expanded: new Set([NET]) });
  await row(/^Select trial-2$/);
  expect(screen.queryByRole("checkbox", { name: "Select trial-3" })).toBeNull();
});

test("the box of a group selects all runs that are in it, wherever they stand, and takes them out again", async () => {
  const { user, store } = show({ groupBy: [MODEL], selected: new Map() });
  const box = await screen.findByRole<HTMLInputElement>("checkbox", { name: "Select the runs with model: net" });
  await user.click(box);
  await waitFor(() => expect([...selectionIn(store.get()).keys()]).toEqual(["trial-1", "trial-2", "fold of net"]));
  expect(box.checked).toBe(true);
  expect(screen.getByText("The first 3 of 9 runs are selected.")).toBeDefined();
  await user.click(screen.getByRole("button", { name: "Expand model: net" }));
  await user.click(await screen.findByRole("checkbox", { name: "Select trial-1" }));
  expect([box.checked, box.indeterminate]).toEqual([false, true]);
  await user.click(box);
  await waitFor(() => expect(box.checked).toBe(true));
  await user.click(box);
  await waitFor(() => expect(selectionIn(store.get()).size).toBe(0));
});

test("the columns to group by are chosen one within the other, and taken back", async () => {
  const { user, store } = show({});
  await user.click(await screen.findByRole("button", { name: "Group runs" }));
  await user.click(screen.getByRole("checkbox", { name: /^model/ }));
  await user.click(screen.getByRole("checkbox", { name: /^Status/ }));
  expect(store.get().groupBy).toEqual([MODEL, "status"]);
  expect(screen.getByRole("button", { name: "Group 2 by model, then Status" })).toBeDefined();
  await user.type(screen.getByRole("searchbox", { name: "Find a column to group by" }), "TEAM");
  expect(screen.queryByRole("checkbox", { name: /^model/ })).toBeNull();
  await user.click(await screen.findByRole("checkbox", { name: /^team/ }));
  expect(store.get().groupBy).toEqual([MODEL, "status", "tags.team"]);
  await user.click(screen.getByRole("button", { name: "No groups" }));
  expect(store.get().groupBy).toEqual([]);
});

test("other groups begin folded; runs that were unfolded stay so", async () => {
  const { user, store } = show({ groupBy: [MODEL], expanded: new Set([NET, "trial-1"]), selected: new Map() });
  await user.click(await screen.findByRole("button", { name: "Group 1 by model" }));
  await user.click(screen.getByRole("checkbox", { name: /^Status/ }));
  expect(store.get().expanded).toEqual(new Set(["trial-1"]));
});

test("sorting sorts the groups and the runs in them", async () => {
  const { user } = show({ groupBy: [MODEL] });
  await row(/model: net/);
  await user.click(screen.getByRole("button", { name: /^Last value of metric loss|loss/ }));
  await waitFor(() => {
    const last = asked.filter(({ pathname }) => pathname === "/v1/groups").at(-1)?.searchParams;
    expect([last?.get("sort"), last?.get("order")]).toEqual(["mean:metrics.loss", "desc"]);
  });
});

test("groups that cannot be had are said where the rows would stand", async () => {
  show({ groupBy: ["tags.broken"] });
  expect((await screen.findByRole("alert")).textContent).toContain("It is broken.");
});
