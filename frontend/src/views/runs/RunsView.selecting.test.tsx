import { cleanup, configure, fireEvent, render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Overview } from "../../api/messages";
import { selectionOf } from "../../model/selection";
import { type PageState, pageAt, selectionIn, writeLinked } from "../../state/page";
import { newPage } from "../../testing/page";
import { samplePage, sampleRun } from "../../testing/runs";
import { serve } from "../../testing/server";
import { RunsView } from "./RunsView";
import { useListing } from "./useListing";

// Beside others a machine of two cores may take a while.
configure({ asyncUtilTimeout: 5000 });

const OVERVIEW: Overview = {
  location: "sqlite:////runs.db",
  experiments: [{ name: "mnist", description: "", view: "", runs: 9000 }],
  runs: 9000,
  matches: null,
  columns: [{ column: "metrics.loss", runs: 9000 }],
  metric_count: 1,
  parameter_count: 0,
  has_progress: false,
};

let asked: URL[];
let found: readonly string[];

function answer({ pathname, searchParams }: URL) {
  if (pathname === "/v1/version") {
    return { version: "1" };
  }
  if (pathname === "/v1/runs/matching") {
    const run_ids = found.slice(0, Number(searchParams.get("limit")));
    return { total: found.length, run_ids };
  }
  if (pathname === "/v1/groups") {
    const group = { value: "Failed", condition: "status = 'Failed'", runs: 3, statuses: [], cells: [] };
    return { total: 1, offset: 0, matches: 9, runs_in_scope: 9, columns: [], groups: [group] };
  }
  if (pathname === "/v1/runs/by-id") {
    return { columns: [], runs: [] };
  }
  const runs = [sampleRun("sweep", { name: "sweep", children: 3 }), sampleRun("alone", { name: "alone" })];
  const columns = searchParams.getAll("column");
  return samplePage(
    runs.map((run) => ({ ...run, cells: columns.map(() => 0.5) })),
    { columns, ...(searchParams.has("filter") && { matches: found.length, runs_in_scope: 9000 }) },
  );
}

beforeEach(() => {
  found = ["a", "b", "c"];
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
  return { store, user: userEvent.setup(), selected: () => [...selectionIn(store.get()).keys()] };
}

const row = async (name: RegExp) =>
  (await screen.findByRole("checkbox", { name })).closest<HTMLElement>("[data-row]") as HTMLElement;

function questions() {
  return asked
    .filter(({ pathname }) => pathname === "/v1/runs/matching")
    .map(({ searchParams }) => Object.fromEntries(searchParams));
}

test.each([
  ["Only it and all below", { filter: "", below: "sweep", limit: "10000" }, ["a", "b", "c"]],
  ["Add it and all below", { filter: "", below: "sweep", limit: "10000" }, ["b", "a", "c"]],
  ["Add its 3 children", { filter: "parent.id = 'sweep'", limit: "10000" }, ["b", "a", "c"]],
  ["Take it and all below out", { filter: "", below: "sweep", limit: "10000" }, []],
  [
    "Only the best 5 below by loss",
    { filter: "metrics.loss IS NOT NULL", below: "sweep", sort: "metrics.loss", order: "best", limit: "5" },
    ["a", "b", "c"],
  ],
] as const)("the menu of a run: %s", async (label, question, wanted) => {
  const { user, selected } = show({ selected: selectionOf(["b"]), metric: "loss" });
  fireEvent.contextMenu(await row(/^Select sweep$/));
  await user.click(screen.getByRole("menuitem", { name: label }));
  await waitFor(() => expect(selected()).toEqual(wanted));
  expect(questions()).toEqual([{ experiment: "", sort: "created", order: "desc", ...question }]);
  expect(screen.queryByRole("menu")).toBeNull();
});

test("the menu of a group selects no others than its runs", async () => {
  const { user, selected } = show({ groupBy: ["status"], selected: selectionOf(["z"]), filter: "depth > 0" });
  await row(/Status: Failed/);
  await user.click(screen.getByRole("button", { name: "Menu of Status: Failed" }));
  await user.click(screen.getByRole("menuitem", { name: "Only this group" }));
  await waitFor(() => expect(selected()).toEqual(["a", "b", "c"]));
  expect(questions()[0]?.["filter"]).toBe("(depth > 0) AND (status = 'Failed')");
  expect(screen.getByRole<HTMLInputElement>("checkbox", { name: /Status: Failed/ }).indeterminate).toBe(false);
});

test("only this run, by the keyboard alone; Escape leaves all as it is and leads back to the row", async () => {
  const { user, selected } = show({ selected: selectionOf(["b"]) });
  const sweep = await row(/^Select sweep$/);
  sweep.focus();
  await user.keyboard("{ContextMenu}");
  expect(screen.getByRole("menu", { name: "Menu of sweep" })).toBeTruthy();
  await user.keyboard("{Escape}");
  expect(selected()).toEqual(["b"]);
  expect(document.activeElement).toBe(sweep);
  await user.keyboard("{Shift>}{F10}{/Shift}");
  expect(document.activeElement?.textContent).toBe("Only this run");
  await user.keyboard("{ArrowUp}{ArrowDown}{Enter}");
  expect(selected()).toEqual(["sweep"]);
});

test("more runs than a link holds are linked as the question that finds them, and asked for again by it", async () => {
  found = Array.from({ length: 3000 }, (_, i) => `run-${i}`);
  const first = show({ selected: selectionOf([]), filter: "depth > 0", show: "flat", sort: "metrics.loss" });
  await row(/^Select sweep$/);
  await first.user.click(screen.getByRole("button", { name: "Select runs" }));
  await first.user.click(screen.getByRole("button", { name: /^Select all|^Select the/ }));
  await waitFor(() => expect(first.selected()).toHaveLength(3000));
  const link = writeLinked(first.store.get());
  expect(String(link).length).toBeLessThan(500);
  expect(link.get("selected")).toBeNull();
  cleanup();
  const again = show(pageAt(link));
  await waitFor(() => expect(again.selected()).toEqual(found));
  expect(writeLinked(again.store.get()).get("selected-by")).toBe(link.get("selected-by"));
  // With one taken out it is no question any more.
  again.store.change(() => ({ selected: selectionOf(found.slice(1)) }));
  expect(writeLinked(again.store.get()).get("selected-by")).toBeNull();
});
