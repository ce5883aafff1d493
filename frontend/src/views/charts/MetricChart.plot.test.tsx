import { QueryClientProvider } from "@tanstack/react-query";
import { cleanup, configure, fireEvent, render, screen, waitFor, within } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { encodeAnswer } from "../../data/points/testing/answers";
import { runsOf, servePoints } from "../../data/points/testing/store";
import { installBrowser } from "../../plot/testing/browser";
import { type Answer, later, refusal } from "../../testing/server";
import { MOST_IN_LEGEND } from "./Legend";
import { HeldChart, type HeldChartProps } from "./testing/HeldChart";

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
  return encodeAnswer(
    runsOf(url).map((runId, i) => ({ runId, steps: [0, 10, 20, 30], values: [i, i + 1, i + 2, i + 3] })),
  );
}

function chart(answer: Answer, properties: Partial<HeldChartProps> = {}) {
  const { client, change } = servePoints(answer);
  const element = (more: Partial<HeldChartProps>) => (
    <QueryClientProvider client={client}>
      <HeldChart tag="loss" runs={RUNS} {...properties} {...more} />
    </QueryClientProvider>
  );
  const { rerender } = render(element({}));
  return { update: (more: Partial<HeldChartProps>) => rerender(element(more)), change };
}

const RUNS = runs(3);
const plot = () => screen.findByRole("application", { name: "loss" });
const resetZoom = () => screen.getByRole<HTMLButtonElement>("button", { name: "Reset zoom" });

test("until the first answer the chart says that it is on its way", async () => {
  const slow = later<ArrayBuffer>();
  chart(() => slow.promise);
  expect(screen.getByRole("status").textContent).toBe("Loading…");
  slow.keep(encodeAnswer([{ runId: "r0", steps: [0], values: [1] }]));
  await plot();
  expect(screen.queryByText("Loading…")).toBeNull();
});

test("while more runs are on their way the chart stays, and says so in its notes", async () => {
  const slow = later<ArrayBuffer>();
  const { update } = chart((url) => (runsOf(url).includes("r3") ? slow.promise : points(url)));
  await plot();
  update({ runs: runs(4) });
  expect(await screen.findByText("Loading…")).toBeTruthy();
  expect(screen.getByText("12 of 12 points")).toBeTruthy();
  slow.keep(encodeAnswer([{ runId: "r3", steps: [0], values: [1] }]));
  expect(await screen.findByText("13 of 13 points")).toBeTruthy();
});

test("the plot is described in words: its runs, its range, and where they end", async () => {
  chart(points);
  await plot();

  expect(screen.getByRole("img").getAttribute("aria-label")).toBe(
    "Line chart of loss over 3 runs. Values from 0 to 5. Last: run 0 3 at step 30; run 1 4 at step 30; run 2 5 at step 30.",
  );
});

describe("zooming", () => {
  test("can be taken back, by a button that is always there, so that nothing moves", async () => {
    chart(points);
    const region = await plot();
    expect(resetZoom().disabled).toBe(true);
    fireEvent.keyDown(region, { key: "+" });
    fireEvent.click(resetZoom());
    expect(resetZoom().disabled).toBe(true);
  });

  test("says how much of what was logged is in sight", async () => {
    chart(points);
    fireEvent.keyDown(await plot(), { key: "+" });
    expect(screen.getByText("6 of 6 points in this range")).toBeTruthy();
  });

  test("ends with another axis", async () => {
    chart(points);
    fireEvent.keyDown(await plot(), { key: "+" });
    expect(resetZoom().disabled).toBe(false);
    fireEvent.click(screen.getByRole("radio", { name: "Relative" }));
    expect(resetZoom().disabled).toBe(true);
  });
});

test("where nothing would be in sight there is no zoom: between runs that follow one another", async () => {
  chart(() =>
    encodeAnswer([
      { runId: "r0", steps: [0, 1], values: [1, 2], wallTimes: [1000, 2000] },
      { runId: "r1", steps: [0, 1], values: [1, 2], wallTimes: [91_000, 92_000] },
    ]),
  );
  await plot();
  fireEvent.click(screen.getByRole("radio", { name: "Time" }));
  const host = (await plot()).querySelector(".plot-host") as HTMLElement;
  const drag = (from: number, to: number) => {
    fireEvent.pointerDown(host, { clientX: from, clientY: 100 });
    fireEvent.pointerUp(host, { clientX: to, clientY: 100 });
  };
  drag(200, 400);
  expect(resetZoom().disabled).toBe(true);
  drag(40, 400);
  expect(resetZoom().disabled).toBe(false);
});

describe("the legend", () => {
  const entries = () =>
    within(screen.getByRole("list", { name: "Runs in this chart" }))
      .getAllByRole("listitem")
      .map((item) => item.textContent);

  test("names the runs that have the metric, in the order of the tree", async () => {
    chart(() => encodeAnswer(["r2", "r0"].map((runId) => ({ runId, steps: [0, 1], values: [1, 1] }))));
    await plot();
    expect(entries()).toEqual(["run 0", "run 2"]);
  });

  test("is left out for one run, and for more than it can hold", async () => {
    const { update } = chart(points, { runs: runs(1) });
    await plot();
    expect(screen.queryByRole("list")).toBeNull();
    update({ runs: runs(MOST_IN_LEGEND) });
    await waitFor(() => expect(entries()).toHaveLength(MOST_IN_LEGEND));
    update({ runs: runs(MOST_IN_LEGEND + 1) });
    await waitFor(() => expect(screen.queryByRole("list")).toBeNull());
  });

  test("tells which run is pointed at, and lets the others step back", async () => {
    const onHover = vi.fn();
    chart(points, { onHover });
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
  chart(points);
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
  const { change } = chart((url) => (isRefusing ? refusal("The store is locked.") : points(url)));
  await plot();
  isRefusing = true;
  change();
  const alert = await screen.findByRole("alert");
  expect(alert.textContent).toContain("Not up to date: The store is locked.");
  await plot();
  isRefusing = false;
  fireEvent.click(within(alert).getByRole("button", { name: "Retry" }));
  await waitFor(() => expect(screen.queryByRole("alert")).toBeNull());
});

test("values that a log axis cannot show are counted, apart from those that are not finite", async () => {
  chart(() => encodeAnswer([{ runId: "r0", steps: [0, 1, 2, 3], values: [10, 0, -1, Number.POSITIVE_INFINITY] }]));
  await plot();
  expect(screen.getByText(/1 of the 4 shown is NaN or infinite/)).toBeTruthy();
  expect(screen.queryByText(/not above zero/)).toBeNull();
  fireEvent.click(screen.getByRole("radio", { name: "Log" }));
  expect(screen.getByText(/^2 are not above zero/)).toBeTruthy();
});

test("a heading of the page's own stands in place of the metric's name", async () => {
  const { update } = chart(points);
  expect(screen.getByRole("heading", { name: "loss" }).title).toBe("loss");
  update({ heading: <strong>choice</strong> });
  expect(screen.queryByRole("heading")).toBeNull();
  expect(screen.getByText("choice")).toBeTruthy();
  await plot();
});
