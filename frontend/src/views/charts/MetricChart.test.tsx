import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, configure, render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, test, vi } from "vitest";
import { encodeAnswer, type SeriesInput } from "../../data/points/testing/answers";
import { MetricChart, type MetricChartProps } from "./MetricChart";

// The canvas itself is looked at in a real browser; here a chart is read as its table and its notes.

configure({ asyncUtilTimeout: 10_000 });

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

const RUNS = ["a", "b"].map((runId) => ({ runId, name: `<b>run ${runId}</b>`, color: "#1f77b4" }));

function answering(...answers: (SeriesInput[] | string)[]) {
  const asked: URL[] = [];
  vi.stubGlobal("fetch", async (url: URL) => {
    const answer = answers[Math.min(asked.length, answers.length - 1)];
    asked.push(url);
    return typeof answer === "string"
      ? new Response(JSON.stringify({ error: answer }), { status: 503 })
      : new Response(encodeAnswer(answer ?? []));
  });
  return asked;
}

function chart(properties: Partial<MetricChartProps> = {}) {
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  const element = (more: Partial<MetricChartProps>) => (
    <QueryClientProvider client={client}>
      <MetricChart tag="loss" runs={RUNS} version="1" {...properties} {...more} />
    </QueryClientProvider>
  );
  const { rerender } = render(element({}));
  return (more: Partial<MetricChartProps>) => rerender(element(more));
}

/** A chart that is read as its table from the first answer on. */
async function chartAsTable() {
  const update = chart({ runs: [] });
  await userEvent.click(screen.getByRole("button", { name: "Table" }));
  update({ runs: RUNS });
  return (more: Partial<MetricChartProps>) => update({ runs: RUNS, ...more });
}

test("without a selection the chart says what to do, and asks nothing", () => {
  const asked = answering([]);
  chart({ runs: [] });
  expect(screen.getByText("Select runs in the tree to see loss.")).toBeTruthy();
  expect(asked).toEqual([]);
});

test("when no selected run has the metric, the chart says so", async () => {
  answering([]);
  chart();
  expect(await screen.findByText("None of the 2 selected runs has logged loss.")).toBeTruthy();
});

test("the server's own sentence is shown, and a retry asks again", async () => {
  const asked = answering("The store is locked. Try again.", []);
  chart();
  expect((await screen.findByRole("alert")).textContent).toContain("The store is locked. Try again.");
  await userEvent.click(screen.getByRole("button", { name: "Retry" }));
  expect(await screen.findByText("None of the 2 selected runs has logged loss.")).toBeTruthy();
  expect(asked).toHaveLength(2);
});

test("an answer that cannot be read is an error like any other", async () => {
  vi.stubGlobal("fetch", async () => new Response("<html>"));
  chart();
  expect((await screen.findByRole("alert")).textContent).toContain("cannot be read");
});

test("the table has a row for each run, names as text, and the notes say what is not on the lines", async () => {
  answering([{ runId: "a", steps: [0, 5, 7], values: [4, Number.NaN, 1], total: 4000, damaged: 9 }]);
  await chartAsTable();
  const row = await screen.findByRole("row", { name: /<b>run a<\/b>/ });
  expect(
    within(row)
      .getAllByRole("cell")
      .map((cell) => cell.textContent),
  ).toEqual(["1", "7", "1", "4", "3 of 4,000"]);
  expect(screen.getByText("3 of 4,000 points, extremes kept")).toBeTruthy();
  expect(screen.getByText("1 selected run without this metric")).toBeTruthy();
  expect(screen.getByText(/1 of the 3 shown is NaN or infinite/)).toBeTruthy();
  expect(screen.getByText(/9 points cannot be read/)).toBeTruthy();
});

test("points are asked for again when the store has changed, and only then", async () => {
  const asked = answering([{ runId: "a", steps: [0], values: [1] }], [{ runId: "a", steps: [0, 1], values: [1, 2] }]);
  const update = await chartAsTable();
  await screen.findByText("1 of 1 point");
  update({ version: "1" });
  update({ version: "2" });
  await screen.findByText("2 of 2 points");
  expect(asked).toHaveLength(2);
});

test("when an update fails the last points stay, with the reason and a retry", async () => {
  answering([{ runId: "a", steps: [0], values: [1] }], "The store is gone.");
  const update = await chartAsTable();
  await screen.findByText("1 of 1 point");
  update({ version: "2" });
  expect((await screen.findByRole("alert")).textContent).toContain("Not up to date: The store is gone.");
  expect(screen.getByText("1 of 1 point")).toBeTruthy();
});

test("another metric never shows the points of the one before", async () => {
  answering([{ runId: "a", steps: [0], values: [1] }], []);
  const update = await chartAsTable();
  await screen.findByText("1 of 1 point");
  update({ tag: "accuracy" });
  await waitFor(() => expect(screen.getByText("None of the 2 selected runs has logged accuracy.")).toBeTruthy());
  expect(screen.queryByText("1 of 1 point")).toBeNull();
});

test("a log axis without a positive value says so, and offers the linear one", async () => {
  answering([{ runId: "a", steps: [0, 1], values: [-1, 0] }]);
  const update = chart({ runs: [] });
  await userEvent.click(screen.getByRole("radio", { name: "Log" }));
  update({ runs: RUNS });
  expect(await screen.findByText("No value is above zero, so a log axis has nothing to show.")).toBeTruthy();
  expect(screen.getByRole("button", { name: "Linear axis" })).toBeTruthy();
});
