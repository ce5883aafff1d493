import { QueryClientProvider } from "@tanstack/react-query";
import { act, cleanup, configure, render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Cell, Overview, Run } from "../api/messages";
import { newQueryClient } from "../data/liveQuery";
import { followAddress, storeAtAddress } from "../state/followAddress";
import { StoreContext } from "../state/store";
import { manyRuns, sampleRun } from "../testing/runs";
import type { MetricChartProps } from "../views/charts/MetricChart";
import { Shell } from "./Shell";

// jsdom has no canvas: of the chart these tests see what it is given.
vi.mock("../views/charts/MetricChart", () => ({
  MetricChart: ({ tag, runs, heading }: MetricChartProps) => (
    <div>
      {heading}
      <output aria-label="chart">{`${tag}: ${runs.map(({ name, color }) => `${name} ${color}`).join(", ")}`}</output>
    </div>
  ),
}));

/** A server that answers from `children`, the runs below each parent, and `cells`, the values of each run by column. */
interface Server {
  version: string;
  overview: Overview;
  children: Record<string, Run[]>;
  cells: Record<string, Record<string, Cell>>;
  /** The sentence with which everything is refused, if it is. */
  refusal: string | null;
  asked: URL[];
}

// Beside others a machine of two cores may take a while.
configure({ asyncUtilTimeout: 5000 });

let server: Server;

function answer(url: URL): unknown {
  const { searchParams } = url;
  switch (url.pathname.replace("/v1/", "")) {
    case "version":
      return { version: server.version };
    case "overview":
      return { ...server.overview, runs: (server.children[""] ?? []).length };
    case "columns":
      return { total: 0, offset: 0, columns: [] };
    case "runs/by-id":
      return { runs: searchParams.getAll("run").flatMap(named) };
    default:
      return pageOf(searchParams);
  }
}

function named(runId: string) {
  const run = Object.values(server.children)
    .flat()
    .find(({ run_id }) => run_id === runId);
  return run === undefined ? [] : [{ run_id: runId, name: run.name, experiment: "mnist", ancestors: [], path: [] }];
}

function pageOf(asked: URLSearchParams) {
  const offset = Number(asked.get("offset"));
  const columns = asked.getAll("column");
  const experiment = asked.get("experiment") ?? "";
  const all = server.children[`${experiment === "cifar" ? "cifar" : ""}${asked.get("parent") ?? ""}`] ?? [];
  const runs = all.map((run) => ({
    ...run,
    cells: columns.map((column) => server.cells[run.run_id]?.[column] ?? null),
  }));
  if (asked.get("sort") === "name") {
    runs.sort((one, other) => (asked.get("order") === "asc" ? 1 : -1) * one.name.localeCompare(other.name));
  }
  return { total: runs.length, offset, now: 2000, columns, runs: runs.slice(offset, offset + 100) };
}

beforeEach(() => {
  const columns = [
    { column: "metrics.loss", runs: 3 },
    { column: "inherited.params.lr", runs: 3 },
  ];
  const experiments = ["mnist", "cifar"].map((name) => ({ name, description: "", view: "", runs: 3 }));
  server = {
    version: "1",
    overview: {
      location: "sqlite:////runs.db",
      experiments,
      runs: 3,
      columns,
      matches: null,
      metric_count: 1,
      parameter_count: 1,
      has_progress: false,
    },
    children: {
      "": [
        sampleRun("one", { name: "Zoe", children: 2 }),
        sampleRun("two", { name: "Ada" }),
        sampleRun("three", { name: "<b>Bob</b>", status: "Failed", error: "out of memory" }),
      ],
      one: [sampleRun("four", { name: "fold-0" }), sampleRun("five", { name: "fold-1" })],
      cifar: [sampleRun("six", { name: "Eve" })],
    },
    cells: {
      one: { "metrics.loss": 0.5, "inherited.params.lr": 0.1 },
      two: { "metrics.loss": { non_finite: "NaN" }, "inherited.params.lr": 0.01 },
      six: { "metrics.loss": 0.2 },
    },
    refusal: null,
    asked: [],
  };
  vi.stubGlobal("fetch", async (url: URL) => {
    server.asked.push(url);
    return server.refusal === null
      ? new Response(JSON.stringify(answer(url)))
      : new Response(JSON.stringify({ error: server.refusal }), { status: 503 });
  });
  vi.stubGlobal("matchMedia", () => ({ matches: false, addEventListener: () => {}, removeEventListener: () => {} }));
  // jsdom lays nothing out; the table needs to know how much of it is in sight.
  vi.spyOn(Element.prototype, "clientHeight", "get").mockReturnValue(600);
  vi.spyOn(Element.prototype, "clientWidth", "get").mockReturnValue(1200);
  Element.prototype.scrollTo = vi.fn() as never;
  window.location.hash = "";
});

let end: (() => void) | undefined;

afterEach(() => {
  cleanup();
  end?.();
  vi.unstubAllGlobals();
});

function show() {
  const store = storeAtAddress();
  end = followAddress(store);
  render(
    <QueryClientProvider client={newQueryClient()}>
      <StoreContext.Provider value={store}>
        <Shell />
      </StoreContext.Provider>
    </QueryClientProvider>,
  );
  return userEvent.setup();
}

const row = (name: string | RegExp) => screen.findByRole("row", { name });
const rowNames = () =>
  screen
    .getAllByRole("row")
    .slice(1)
    .map((each) => each.querySelector(".clipped")?.textContent);

test("the tree shows runs with their state, parameters and last values, and text stays text", async () => {
  show();
  const bob = await row(/Bob/);
  expect(within(bob).getByText("<b>Bob</b>")).toBeTruthy();
  expect(within(bob).getByTitle("Failed out of memory")).toBeTruthy();
  expect(within(await row(/Zoe/)).getByText("0.5")).toBeTruthy();
  expect(within(await row(/Ada/)).getByText("NaN")).toBeTruthy();
});

test("at first runs that have the metric are in the chart, and nothing of that stands in the address", async () => {
  show();
  await waitFor(() => expect(screen.getByLabelText("chart").textContent).toMatch(/^loss: Ada #\w+$/));
  expect((await row(/Ada/)).getAttribute("aria-selected")).toBe("true");
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(window.location.hash).not.toContain("selected");
});

test("in another experiment nothing of the one before is shown, asked for or linked", async () => {
  const user = show();
  await user.click(await screen.findByRole("button", { name: "Expand Zoe" }));
  await user.click(screen.getByRole("button", { name: "loss" }));
  await user.click(screen.getByRole("checkbox", { name: "Select Zoe" }));
  await user.click(screen.getByRole("button", { name: /Experiment/ }));
  await user.click(screen.getByText("cifar", { selector: ".option *" }));
  await waitFor(() => expect(screen.getByLabelText("chart").textContent).toMatch(/^loss: Eve #\w+$/));
  expect(rowNames()).toEqual(["Eve"]);
  await waitFor(() => expect(window.location.hash).toContain("experiment=cifar"));
  expect(window.location.hash).toBe("#runhistory&p.runhistory.experiment=cifar");
  const asked = server.asked.filter(({ searchParams }) => searchParams.get("experiment") === "cifar");
  expect(asked.filter(({ searchParams }) => (searchParams.get("sort") ?? "created") !== "created")).toEqual([]);
});

test("of a family of more children than a page the first are in the chart, without anybody scrolling", async () => {
  server.children = { "": [sampleRun("sweep", { name: "sweep", children: 2000 })], sweep: manyRuns("t", 2000) };
  server.cells = Object.fromEntries(manyRuns("t", 2000).map(({ run_id }) => [run_id, { "metrics.loss": 1 }]));
  show();
  await waitFor(() => expect(screen.getByLabelText("chart").textContent).toMatch(/^loss: name of t-0 .*t-4 #\w+$/));
  expect(screen.getByRole("treegrid").getAttribute("aria-rowcount")).toBe("2002");
});

test("a link that is followed in place, and the way back, change what is shown", async () => {
  const user = show();
  await user.click(await screen.findByRole("checkbox", { name: "Select Zoe" }));
  await waitFor(() => expect(window.location.hash).toContain("selected"));
  window.location.hash = "#runhistory&p.runhistory.selected=three&p.runhistory.sort=name&p.runhistory.order=asc";
  await waitFor(() => expect(screen.getByLabelText("chart").textContent).toMatch(/^loss: <b>Bob<\/b> #\w+$/));
  await waitFor(() => expect(rowNames()).toEqual(["<b>Bob</b>", "Ada", "Zoe"]));
  act(() => window.history.back());
  await waitFor(() => expect(rowNames()).toEqual(["Zoe", "Ada", "<b>Bob</b>"]));
});

test("all rows are selected that the box speaks of, arrived or not", async () => {
  server.children[""] = manyRuns("r", 250);
  const user = show();
  await user.click(await screen.findByRole("checkbox", { name: "Select all 250 runs" }));
  await screen.findByText("250 runs, 250 selected");
  expect(screen.getByRole<HTMLInputElement>("checkbox", { name: "Select all 250 runs" }).indeterminate).toBe(true);
}, 15_000);

test("of more rows than a chart can tell apart the first are selected, and that is said", async () => {
  server.children[""] = manyRuns("r", 2000);
  const user = show();
  await user.click(await screen.findByRole("checkbox", { name: "Select the first 1,000 runs" }));
  await screen.findByText("The first 1,000 of 2,000 runs are selected.");
  await screen.findByText("2,000 runs, 1,000 selected");
}, 15_000);

test("an error in the table leaves the chart and the toolbar alone", async () => {
  vi.spyOn(console, "error").mockImplementation(() => undefined);
  server.children[""]?.push({ ...sampleRun("odd"), name: undefined as never });
  show();
  expect((await screen.findByRole("alert")).textContent).toContain("The table of runs cannot be shown");
  expect(screen.getByRole("button", { name: /^Columns/ })).toBeTruthy();
  expect(screen.getByText("Live")).toBeTruthy();
});

test("a click on the chevron shows children and hides them again", async () => {
  const user = show();
  await user.click(await screen.findByRole("button", { name: "Expand Zoe" }));
  expect((await row(/fold-0/)).getAttribute("aria-level")).toBe("2");
  expect(rowNames()).toEqual(["Zoe", "fold-0", "fold-1", "Ada", "<b>Bob</b>"]);
  await user.click(screen.getByRole("button", { name: "Collapse Zoe" }));
  expect(rowNames()).toEqual(["Zoe", "Ada", "<b>Bob</b>"]);
});

test("a click on a header sorts by the server, another one the other way round", async () => {
  const user = show();
  await row(/Zoe/);
  await user.click(screen.getByRole("button", { name: "Run" }));
  await waitFor(() => expect(rowNames()).toEqual(["<b>Bob</b>", "Ada", "Zoe"]));
  expect(screen.getByRole("columnheader", { name: /Run/ }).getAttribute("aria-sort")).toBe("ascending");
  await user.click(screen.getByRole("button", { name: "Run" }));
  await waitFor(() => expect(rowNames()).toEqual(["Zoe", "Ada", "<b>Bob</b>"]));
});

test("selection survives sorting, and stands in the address", async () => {
  const user = show();
  await user.click(await screen.findByRole("checkbox", { name: "Select Zoe" }));
  await user.click(screen.getByRole("button", { name: "Run" }));
  await waitFor(() => expect(rowNames()[2]).toBe("Zoe"));
  expect((await row(/Zoe/)).getAttribute("aria-selected")).toBe("true");
  await waitFor(() => expect(window.location.hash).toContain("p.runhistory.selected=two,one"));
});

test("a shift-click selects all runs in between", async () => {
  const user = show();
  await user.click(await screen.findByRole("checkbox", { name: "Select Zoe" }));
  await user.keyboard("{Shift>}");
  await user.click(screen.getByRole("checkbox", { name: "Select <b>Bob</b>" }));
  await user.keyboard("{/Shift}");
  await screen.findByText("3 runs, 3 selected");
  await user.click(screen.getByRole("button", { name: "Clear selection" }));
  expect(screen.queryAllByRole("row", { selected: true })).toEqual([]);
});

test("the keyboard goes down, opens, selects and closes", async () => {
  const user = show();
  const zoe = await row(/Zoe/);
  act(() => zoe.focus());
  await user.keyboard("{ArrowRight}");
  await row(/fold-0/);
  await user.keyboard("{ArrowDown}");
  expect(document.activeElement?.textContent).toContain("fold-0");
  await user.keyboard(" ");
  expect((await row(/fold-0/)).getAttribute("aria-selected")).toBe("true");
  await user.keyboard("{ArrowLeft}{ArrowLeft}");
  await waitFor(() => expect(rowNames()).toEqual(["Zoe", "Ada", "<b>Bob</b>"]));
  expect(document.activeElement?.textContent).toContain("Zoe");
});

test("exactly one row is a stop of the tab key", async () => {
  show();
  await row(/Zoe/);
  expect(screen.getAllByRole("row").filter((each) => each.tabIndex === 0)).toHaveLength(1);
});

test("only pages in sight are asked for, and what is not there yet has its place", async () => {
  server.children[""] = manyRuns("r", 1000);
  show();
  await row(/name of r-0/);
  expect(screen.getByRole("treegrid").getAttribute("aria-rowcount")).toBe("1001");
  const offsets = server.asked
    .filter(({ pathname }) => pathname === "/v1/runs")
    .map((url) => url.searchParams.get("offset"));
  expect(new Set(offsets)).toEqual(new Set(["0"]));
});

test("news show up by themselves, without anything being lost", async () => {
  show();
  await row(/Zoe/);
  server.version = "2";
  server.children[""]?.unshift(sampleRun("six", { name: "Newcomer" }));
  await screen.findByRole("row", { name: /Newcomer/ }, { timeout: 5000 });
  expect(rowNames()).toHaveLength(4);
}, 10_000);

test("a store that is gone leaves the rows and says why; when it is back the sentence goes", async () => {
  show();
  await row(/Zoe/);
  server.refusal = "The store runs.db is not there any more. Bring it back.";
  await screen.findByText(/The store runs.db is not there any more/, {}, { timeout: 5000 });
  expect(rowNames()).toHaveLength(3);
  server.refusal = null;
  await waitFor(() => expect(screen.queryByRole("alert")).toBeNull(), { timeout: 5000 });
}, 15_000);

test("a store that is not there at first is said in its place, and can be tried again", async () => {
  server.refusal = "There is no store at runs.db.";
  const user = show();
  await screen.findByText("There is no store at runs.db.");
  server.refusal = null;
  await user.click(screen.getByRole("button", { name: "Try again" }));
  await row(/Zoe/);
});

test("an empty store shows how to record a first run", async () => {
  server.children[""] = [];
  server.overview = {
    ...server.overview,
    experiments: [],
    columns: [],
    metric_count: 0,
    parameter_count: 0,
    has_progress: false,
  };
  show();
  await screen.findByRole("heading", { name: "No runs yet" });
  expect(screen.getByText(/Workspace\("sqlite:\/\/\/\/runs.db"\)/)).toBeTruthy();
});

test("columns can be hidden and shown", async () => {
  const user = show();
  await row(/Zoe/);
  await user.click(screen.getByRole("button", { name: /Columns/ }));
  await user.click(await screen.findByRole("checkbox", { name: /^lr/ }));
  await user.keyboard("{Escape}");
  await waitFor(() => expect(screen.queryByRole("columnheader", { name: /lr/ })).toBeNull());
  expect(screen.getByRole("columnheader", { name: /loss/ })).toBeTruthy();
});
