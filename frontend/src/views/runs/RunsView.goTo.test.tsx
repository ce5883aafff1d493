import { cleanup, configure, render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Overview, Run } from "../../api/messages";
import type { PageState } from "../../state/page";
import { newPage } from "../../testing/page";
import { samplePage, sampleRun } from "../../testing/runs";
import { serve } from "../../testing/server";
import { RunsView } from "./RunsView";
import { useListing } from "./useListing";

// Beside others a machine of two cores may take a while.
configure({ asyncUtilTimeout: 5000 });

const OVERVIEW: Overview = {
  location: "sqlite:////runs.db",
  experiments: [{ name: "mnist", description: "", view: "", runs: 802 }],
  runs: 802,
  matches: null,
  columns: [{ column: "metrics.loss", runs: 800 }],
  metric_count: 1,
  parameter_count: 0,
  has_progress: false,
};
const TRIALS = 800;
/** On the second page of folds of a trial on the eighth page of trials. */
const [TRIAL, BEST] = ["trial-777", "fold-150"];
const CHILDREN: Record<string, readonly string[]> = {
  "": ["sweep", "alone"],
  sweep: Array.from({ length: TRIALS }, (_, i) => `trial-${i}`),
  [TRIAL]: Array.from({ length: 200 }, (_, i) => `fold-${i}`),
};

let asked: URL[];
let isKnown: boolean;

function runOf(name: string): Run {
  const children = CHILDREN[name]?.length ?? 0;
  const cells = [children > 0 ? { rolled_up: 0.25, over: 999, best: BEST } : 0.5];
  return sampleRun(name, { name, children, cells });
}

function answer({ pathname, searchParams }: URL) {
  if (pathname === "/v1/version") {
    return { version: "1" };
  }
  if (pathname === "/v1/runs/by-id") {
    return { runs: [{ run_id: BEST, name: BEST, experiment: "mnist", ancestors: ["sweep", TRIAL], path: [] }] };
  }
  const [offset, limit] = ["offset", "limit"].map((name) => Number(searchParams.get(name))) as [number, number];
  const all = (CHILDREN[searchParams.get("parent") ?? ""] ?? []).filter((name) => isKnown || name !== BEST);
  return samplePage(all.slice(offset, offset + limit).map(runOf), {
    total: all.length,
    columns: searchParams.getAll("column"),
  });
}

beforeEach(() => {
  isKnown = true;
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

async function show(state: Partial<PageState> = {}) {
  const { store, wrapper } = newPage({ metric: "loss", selected: new Map(), expanded: new Set(), ...state });
  render(<View />, { wrapper });
  const best = await screen.findByRole("button", { name: /Best of 999 leaves/ });
  return { store, best, user: userEvent.setup() };
}

test("from a rolled-up cell one gets to the best run, wherever it is folded away", async () => {
  const { store, best, user } = await show();
  await user.click(best);
  await waitFor(() => expect(document.activeElement?.textContent).toContain(BEST));
  expect(document.activeElement?.getAttribute("data-reached")).toBe("true");
  expect(store.get().expanded).toEqual(new Set(["sweep", TRIAL]));
  // The trials between are not fetched with their cells.
  const trials = asked.filter(({ searchParams }) => searchParams.get("parent") === "sweep");
  expect(trials.filter(({ searchParams }) => searchParams.has("column")).length).toBeLessThan(TRIALS / 100);
});

test("so does the Enter key in the cell", async () => {
  const { best, user } = await show();
  best.closest<HTMLElement>("[data-cell]")?.focus();
  await user.keyboard("{Enter}");
  await waitFor(() => expect(document.activeElement?.textContent).toContain(BEST));
  expect(document.activeElement?.getAttribute("aria-level")).toBe("3");
});

test("a run that is among no rows is not gone to, which is said", async () => {
  isKnown = false;
  const { store, best, user } = await show();
  await user.click(best);
  expect((await screen.findByText("That run is not here any more.")).getAttribute("role")).toBe("status");
  expect(store.get().expanded).toEqual(new Set());
});
