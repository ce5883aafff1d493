import { QueryClientProvider } from "@tanstack/react-query";
import { cleanup, configure, render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, test, vi } from "vitest";
import { encodeAnswer, type SeriesInput } from "../../data/points/testing/answers";
import { servePoints } from "../../data/points/testing/store";
import { refusal } from "../../testing/server";
import { HeldChart, type HeldChartProps } from "./testing/HeldChart";

// The canvas itself is looked at in a real browser; here a chart is read as its table and its notes.

configure({ asyncUtilTimeout: 10_000 });

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

const RUNS = ["a", "b"].map((runId) => ({ runId, name: `<b>run ${runId}</b>`, color: "#1f77b4" }));

/** What the server answers, question by question; a sentence is a refusal. The last is answered to all that follow. */
type Answers = (SeriesInput[] | string)[];

function chart(answers: Answers, properties: Partial<HeldChartProps> = {}) {
  const { asked, client, change } = servePoints(() => {
    const answer = answers[Math.min(asked.length, answers.length) - 1];
    return typeof answer === "string" ? refusal(answer) : encodeAnswer(answer ?? []);
  });
  const element = (more: Partial<HeldChartProps>) => (
    <QueryClientProvider client={client}>
      <HeldChart tag="loss" runs={RUNS} {...properties} {...more} />
    </QueryClientProvider>
  );
  const { rerender } = render(element({}));
  return { asked, change, update: (more: Partial<HeldChartProps>) => rerender(element(more)) };
}

/** A chart that is read as its table from the first answer on. */
async function chartAsTable(...answers: Answers) {
  const { asked, change, update } = chart(answers, { runs: [] });
  await userEvent.click(screen.getByRole("button", { name: "Table" }));
  update({ runs: RUNS });
  return { asked, change, update: (more: Partial<HeldChartProps>) => update({ runs: RUNS, ...more }) };
}

test("without a selection the chart says what to do, and asks nothing", () => {
  const { asked } = chart([[]], { runs: [] });
  expect(screen.getByText("Select runs in the tree to see loss.")).toBeTruthy();
  expect(asked).toEqual([]);
});

test("when no selected run has the metric, the chart says so", async () => {
  chart([[]]);
  expect(await screen.findByText("None of the 2 selected runs has logged loss.")).toBeTruthy();
});

test("where no selected run has the metric, those that they have are a click away", async () => {
  const onMetric = vi.fn();
  const { client } = servePoints(() => encodeAnswer([]), ["f1", "loss"]);
  render(
    <QueryClientProvider client={client}>
      <HeldChart tag="loss" runs={RUNS} onMetric={onMetric} />
    </QueryClientProvider>,
  );
  expect(await screen.findByText("None of the 2 selected runs has logged loss. What there is:")).toBeTruthy();
  expect(screen.queryByRole("button", { name: "loss" })).toBeNull();
  await userEvent.click(screen.getByRole("button", { name: "f1" }));
  expect(onMetric).toHaveBeenCalledExactlyOnceWith("f1");
});

test("runs of one value each are ranked, and as moments they are a plot", async () => {
  chart([["a", "b"].map((runId, i) => ({ runId, steps: [0], values: [i] }))]);
  const list = await screen.findByRole("region", { name: "loss, one value a run" });
  expect(within(list).getAllByRole("listitem")).toHaveLength(2);
  expect(list.tabIndex).toBe(0);
});

test("the server's own sentence is shown, and a retry asks again", async () => {
  const { asked } = chart(["The store is locked. Try again.", []]);
  expect((await screen.findByRole("alert")).textContent).toContain("The store is locked. Try again.");
  await userEvent.click(screen.getByRole("button", { name: "Retry" }));
  expect(await screen.findByText("None of the 2 selected runs has logged loss.")).toBeTruthy();
  expect(asked).toHaveLength(2);
});

test("an answer that cannot be read is an error like any other", async () => {
  const { client } = servePoints(() => new Response("<html>"));
  render(
    <QueryClientProvider client={client}>
      <HeldChart tag="loss" runs={RUNS} />
    </QueryClientProvider>,
  );
  expect((await screen.findByRole("alert")).textContent).toContain("cannot be read");
});

test("the table has a row for each run, names as text, and the notes say what is not on the lines", async () => {
  await chartAsTable([{ runId: "a", steps: [0, 5, 7], values: [4, Number.NaN, 1], total: 4000, damaged: 9 }]);
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
  const { asked, change, update } = await chartAsTable(
    [{ runId: "a", steps: [0], values: [1] }],
    [{ runId: "a", steps: [0, 1], values: [1, 2] }],
  );
  await screen.findByText("1 of 1 point");
  update({});
  change();
  await screen.findByText("2 of 2 points");
  expect(asked).toHaveLength(2);
});

test("when an update fails the last points stay, with the reason and a retry", async () => {
  const { change } = await chartAsTable([{ runId: "a", steps: [0], values: [1] }], "The store is gone.");
  await screen.findByText("1 of 1 point");
  change();
  expect((await screen.findByRole("alert")).textContent).toContain("Not up to date: The store is gone.");
  expect(screen.getByText("1 of 1 point")).toBeTruthy();
});

test("another metric never shows the points of the one before", async () => {
  const { update } = await chartAsTable([{ runId: "a", steps: [0], values: [1] }], []);
  await screen.findByText("1 of 1 point");
  update({ tag: "accuracy" });
  await waitFor(() => expect(screen.getByText("None of the 2 selected runs has logged accuracy.")).toBeTruthy());
  expect(screen.queryByText("1 of 1 point")).toBeNull();
});

test("a log axis without a positive value says so, and offers the linear one", async () => {
  const { update } = chart([[{ runId: "a", steps: [0, 1], values: [-1, 0] }]], { runs: [] });
  await userEvent.click(screen.getByRole("radio", { name: "Log" }));
  update({ runs: RUNS });
  expect(await screen.findByText("No value is above zero, so a log axis has nothing to show.")).toBeTruthy();
  expect(screen.getByRole("button", { name: "Linear axis" })).toBeTruthy();
});

test("a metric that is looked at again has the points of now, not of the first visit", async () => {
  const point = (value: number) => [{ runId: "a", steps: [0], values: [value] }];
  const { change, update } = await chartAsTable(point(1), point(2), point(3), point(4));
  expect((await screen.findAllByRole("cell"))[0]?.textContent).toBe("1");
  update({ tag: "accuracy" });
  await waitFor(() => expect(screen.getAllByRole("cell")[0]?.textContent).toBe("2"));
  change();
  await waitFor(() => expect(screen.getAllByRole("cell")[0]?.textContent).toBe("3"));
  update({ tag: "loss" });
  await waitFor(() => expect(screen.getAllByRole("cell")[0]?.textContent).toBe("4"));
});
