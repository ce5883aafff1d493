import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, cleanup, render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Overview, Run } from "../api/messages";
import { manyRuns, sampleRun } from "../tree/samples";
import type { MetricChartProps } from "../views/charts/MetricChart";
import { Page } from "./Page";

// jsdom has no canvas: of the chart these tests see what it is given.
vi.mock("../views/charts/MetricChart", () => ({
  MetricChart: ({ tag, runs, heading }: MetricChartProps) => (
    <div>
      {heading}
      <output aria-label="chart">{`${tag}: ${runs.map(({ name, color }) => `${name} ${color}`).join(", ")}`}</output>
    </div>
  ),
}));

/** A server that answers from `children`, the runs below each parent. */
interface Server {
  version: string;
  overview: Overview;
  children: Record<string, Run[]>;
  /** The sentence with which everything is refused, if it is. */
  refusal: string | null;
  asked: URL[];
}

let server: Server;

function answer(url: URL): unknown {
  const name = url.pathname.replace("/v1/", "");
  if (name === "version") {
    return { version: server.version };
  }
  if (name === "overview") {
    return server.overview;
  }
  const { searchParams } = url;
  const offset = Number(searchParams.get("offset"));
  const runs = [...(server.children[searchParams.get("parent") ?? ""] ?? [])];
  if (searchParams.get("sort") === "name") {
    runs.sort((a, b) => (searchParams.get("order") === "asc" ? 1 : -1) * a.name.localeCompare(b.name));
  }
  const columns = searchParams.getAll("column");
  return { total: runs.length, offset, now: 2000, columns, runs: runs.slice(offset, offset + 100) };
}

beforeEach(() => {
  const columns = [
    { column: "param:lr", runs: 3 },
    { column: "metric:loss", runs: 3 },
  ];
  server = {
    version: "1",
    overview: {
      location: "sqlite:////runs.db",
      experiments: [{ name: "mnist", description: "", runs: 3 }],
      runs: 3,
      columns,
      column_count: 2,
    },
    children: {
      "": [
        sampleRun("one", { name: "Zoe", cells: [0.1, 0.5], children: 2 }),
        sampleRun("two", { name: "Ada", cells: [0.01, { non_finite: "NaN" }] }),
        sampleRun("three", { name: "<b>Bob</b>", status: "Failed", error: "out of memory", cells: [null, null] }),
      ],
      one: [
        sampleRun("four", { name: "fold-0", cells: [0.1, 0.4] }),
        sampleRun("five", { name: "fold-1", cells: [0.1, 0.3] }),
      ],
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
  vi.stubGlobal("CSS", { escape: (text: string) => text });
  // jsdom lays nothing out; the table needs to know how much of it is in sight.
  vi.spyOn(Element.prototype, "clientHeight", "get").mockReturnValue(600);
  vi.spyOn(Element.prototype, "clientWidth", "get").mockReturnValue(1200);
  Element.prototype.scrollTo = vi.fn() as never;
  window.location.hash = "";
});

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

function show() {
  const queries = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  render(
    <QueryClientProvider client={queries}>
      <Page />
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
  expect(within(bob).getByText("Failed").title).toBe("out of memory");
  expect(within(await row(/Zoe/)).getByText("0.5")).toBeTruthy();
  expect(within(await row(/Ada/)).getByText("NaN")).toBeTruthy();
});

test("at first the runs that have the most common metric are in the chart", async () => {
  show();
  await waitFor(() => expect(screen.getByLabelText("chart").textContent).toMatch(/^loss: Ada #\w+$/));
  expect((await row(/Ada/)).getAttribute("aria-selected")).toBe("true");
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
  expect(decodeURIComponent(window.location.hash)).toContain("p.runhistory.selected=two,one");
});

test("a shift-click selects all runs in between", async () => {
  const user = show();
  await user.click(await screen.findByRole("checkbox", { name: "Select Zoe" }));
  await user.keyboard("{Shift>}");
  await user.click(screen.getByRole("checkbox", { name: "Select <b>Bob</b>" }));
  await user.keyboard("{/Shift}");
  expect(screen.getByRole("button", { name: "Clear 3 selected" })).toBeTruthy();
  await user.click(screen.getByRole("button", { name: "Clear 3 selected" }));
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
  server.overview = { location: "sqlite:////runs.db", experiments: [], runs: 0, columns: [], column_count: 0 };
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
  await waitFor(() => expect(screen.queryByRole("columnheader", { name: "lr" })).toBeNull());
  expect(screen.getByRole("columnheader", { name: "loss" })).toBeTruthy();
});
