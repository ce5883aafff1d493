import { QueryClientProvider } from "@tanstack/react-query";
import { cleanup, configure, fireEvent, render, screen, waitFor, within } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { later, newCache, refusal, serve } from "../../api/testing/server";
import { encodeAnswer } from "../../data/points/testing/answers";
import { MOST_IN_LEGEND } from "./Legend";
import { MetricChart, type MetricChartProps } from "./MetricChart";
import { installBrowser } from "./testing/browser";

configure({ asyncUtilTimeout: 10_000 });

beforeEach(() => {
  installBrowser();
});

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

/** Runs named after their number, each with its own shade. */
function runs(count: number) {
  return Array.from({ length: count }, (_, i) => ({ runId: `r${i}`, name: `run ${i}`, color: `rgb(${i}, 0, 0)` }));
}

/** Four points of each run that is asked for. */
function points(url: URL): ArrayBuffer {
  const asked = url.searchParams.getAll("run");
  return encodeAnswer(asked.map((runId, i) => ({ runId, steps: [0, 10, 20, 30], values: [i, i + 1, i + 2, i + 3] })));
}

function chart(properties: Partial<MetricChartProps> = {}) {
  const { client } = newCache();
  const element = (more: Partial<MetricChartProps>) => (
    <QueryClientProvider client={client}>
      <MetricChart tag="loss" runs={RUNS} version="1" {...properties} {...more} />
    </QueryClientProvider>
  );
  const { rerender } = render(element({}));
  return (more: Partial<MetricChartProps>) => rerender(element(more));
}

const RUNS = runs(3);
const plot = () => screen.findByRole("application", { name: "loss" });
const resetZoom = () => screen.queryByRole("button", { name: "Reset zoom" });

test("until the first answer the chart says that it is on its way", async () => {
  const slow = later<ArrayBuffer>();
  serve(() => slow.promise);
  chart();
  expect(screen.getByRole("status").textContent).toBe("Loading…");
  slow.keep(encodeAnswer([{ runId: "r0", steps: [0], values: [1] }]));
  await plot();
  expect(screen.queryByText("Loading…")).toBeNull();
});

test("while more runs are on their way the chart stays, and says so in its notes", async () => {
  const slow = later<ArrayBuffer>();
  serve((url) => (url.searchParams.getAll("run").length > 3 ? slow.promise : points(url)));
  const update = chart();
  await plot();
  update({ runs: runs(4) });
  expect(await screen.findByText("Loading…")).toBeTruthy();
  expect(screen.getByText("12 of 12 points")).toBeTruthy();
  slow.keep(encodeAnswer(runs(4).map(({ runId }) => ({ runId, steps: [0], values: [1] }))));
  expect(await screen.findByText("4 of 4 points")).toBeTruthy();
});

test("the plot is described in words: its runs, its range, and where they end", async () => {
  serve(points);
  chart();
  await plot();

  expect(screen.getByRole("img").getAttribute("aria-label")).toBe(
    "Line chart of loss over 3 runs. Values from 0 to 5. Last: run 0 3 at step 30; run 1 4 at step 30; run 2 5 at step 30.",
  );
});

describe("zooming", () => {
  test("can be taken back, by a button that is there only then", async () => {
    serve(points);
    chart();
    const region = await plot();
    expect(resetZoom()).toBeNull();
    fireEvent.keyDown(region, { key: "+" });
    fireEvent.click(resetZoom() as HTMLElement);
    expect(resetZoom()).toBeNull();
  });

  test("says how much of what was logged is in sight", async () => {
    serve(points);
    chart();
    fireEvent.keyDown(await plot(), { key: "+" });
    expect(screen.getByText("6 of 6 points in this range")).toBeTruthy();
  });

  test("ends with another metric, and with another axis", async () => {
    serve(points);
    const update = chart();
    fireEvent.keyDown(await plot(), { key: "+" });
    fireEvent.click(screen.getByRole("radio", { name: "Relative" }));
    expect(resetZoom()).toBeNull();
    fireEvent.keyDown(await plot(), { key: "+" });
    expect(resetZoom()).not.toBeNull();
    update({ tag: "accuracy" });
    expect(resetZoom()).toBeNull();
  });
});

describe("the legend", () => {
  const entries = () =>
    within(screen.getByRole("list", { name: "Runs in this chart" }))
      .getAllByRole("listitem")
      .map((item) => item.textContent);

  test("names the runs that have the metric, in the order of the tree", async () => {
    serve(() => encodeAnswer(["r2", "r0"].map((runId) => ({ runId, steps: [0], values: [1] }))));
    chart();
    await plot();
    expect(entries()).toEqual(["run 0", "run 2"]);
  });

  test("is left out for one run, and for more than it can hold", async () => {
    serve(points);
    const update = chart({ runs: runs(1) });
    await plot();
    expect(screen.queryByRole("list")).toBeNull();
    update({ runs: runs(MOST_IN_LEGEND) });
    await waitFor(() => expect(entries()).toHaveLength(MOST_IN_LEGEND));
    update({ runs: runs(MOST_IN_LEGEND + 1) });
    await waitFor(() => expect(screen.queryByRole("list")).toBeNull());
  });

  test("tells which run is pointed at, and lets the others step back", async () => {
    serve(points);
    const onHover = vi.fn();
    chart({ onHover });
    await plot();
    const second = screen.getByTitle("run 1");
    fireEvent.pointerEnter(second);
    expect(onHover).toHaveBeenLastCalledWith("r1");
    expect([second.dataset["faint"], screen.getByTitle("run 0").dataset["faint"]]).toEqual(["false", "true"]);
    fireEvent.pointerLeave(second);
    expect(onHover).toHaveBeenLastCalledWith(null);
  });
});

test("as a table the chart has every run, and the plot comes back as it was", async () => {
  serve(points);
  chart();
  await plot();
  const table = screen.getByRole("button", { name: "Table" });
  fireEvent.click(table);
  expect(table.getAttribute("aria-pressed")).toBe("true");
  expect(screen.getByRole("region", { name: "loss as a table" }).tabIndex).toBe(0);
  expect(screen.getAllByRole("rowheader").map((header) => header.textContent)).toEqual(["run 0", "run 1", "run 2"]);
  fireEvent.click(table);
  await plot();
  expect(screen.queryByRole("table")).toBeNull();
});

test("an update that fails leaves the plot, and its retry mends it", async () => {
  let isRefusing = false;
  serve((url) => (isRefusing ? refusal("The store is locked.") : points(url)));
  const update = chart();
  await plot();
  isRefusing = true;
  update({ version: "2" });
  const alert = await screen.findByRole("alert");
  expect(alert.textContent).toContain("Not up to date: The store is locked.");
  await plot();
  isRefusing = false;
  fireEvent.click(within(alert).getByRole("button", { name: "Retry" }));
  await waitFor(() => expect(screen.queryByRole("alert")).toBeNull());
});

test("values that a log axis cannot show are counted, apart from those that are not finite", async () => {
  serve(() => encodeAnswer([{ runId: "r0", steps: [0, 1, 2, 3], values: [10, 0, -1, Number.POSITIVE_INFINITY] }]));
  chart();
  await plot();
  expect(screen.getByText(/1 of the 4 shown is NaN or infinite/)).toBeTruthy();
  expect(screen.queryByText(/not above zero/)).toBeNull();
  fireEvent.click(screen.getByRole("radio", { name: "Log" }));
  expect(screen.getByText(/^2 are not above zero/)).toBeTruthy();
});

test("a heading of the page's own stands in place of the metric's name", async () => {
  serve(points);
  const update = chart();
  expect(screen.getByRole("heading", { name: "loss" }).title).toBe("loss");
  update({ heading: <strong>choice</strong> });
  expect(screen.queryByRole("heading")).toBeNull();
  expect(screen.getByText("choice")).toBeTruthy();
  await plot();
});
