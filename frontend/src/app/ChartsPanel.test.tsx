import { act, cleanup, render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Overview } from "../api/messages";
import { selectionOf } from "../model/selection";
import type { PageState } from "../state/page";
import { newPage } from "../testing/page";
import { serve } from "../testing/server";
import { colorOf } from "../theme/palette";
import type { MetricChartProps } from "../views/charts/MetricChart";
import { ChartsPanel } from "./ChartsPanel";

/** What the chart was given last. */
let drawn: MetricChartProps | undefined;
let isBroken = false;

vi.mock("../views/charts/MetricChart", () => ({
  MetricChart: (props: MetricChartProps) => {
    if (isBroken) {
      throw new Error("no canvas");
    }
    drawn = props;
    return <div>{props.heading}</div>;
  },
}));

let asked: URL[] = [];

beforeEach(() => {
  drawn = undefined;
  isBroken = false;
  asked = serve(({ pathname, searchParams }) => {
    if (pathname === "/v1/version") {
      return { version: "1" };
    }
    if (pathname === "/v1/columns") {
      const text = searchParams.get("text");
      return { total: 1, offset: 0, columns: [{ column: `metrics.${text}/9000`, runs: 2 }] };
    }
    const runs = searchParams.getAll("run").filter((id) => !id.startsWith("gone"));
    return { runs: runs.map((id) => ({ run_id: id, name: id, experiment: "x", ancestors: ["s"], path: ["sweep"] })) };
  });
});

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

const OVERVIEW: Overview = {
  location: "sqlite:///r.db",
  experiments: [],
  runs: 6,
  columns: [
    { column: "metrics.loss", runs: 7 },
    { column: "metrics.Accuracy", runs: 5 },
    { column: "inherited.params.lr", runs: 9 },
  ],
  matches: null,
  metric_count: 2,
  parameter_count: 1,
  has_progress: false,
};

function panel(state: Partial<PageState> = {}, overview = OVERVIEW) {
  const { store, wrapper } = newPage({ metric: "loss", selected: selectionOf(["one", "gone-abcdefgh"]), ...state });
  render(<ChartsPanel overview={overview} theme="dark" />, { wrapper });
  return { store, user: userEvent.setup() };
}

test("draws the selected runs in the order of their colours, named with those above them", async () => {
  panel();
  await waitFor(() => expect(drawn?.runs[0]?.name).toBe("sweep/one"));
  expect(drawn).toMatchObject({ tag: "loss" });
  expect(drawn?.runs).toMatchObject([
    { runId: "one", color: colorOf(0, "dark") },
    { runId: "gone-abcdefgh", name: "run abcdefgh", color: colorOf(1, "dark") },
  ]);
});

test("asks for the names of many runs in addresses that proxies let through, once", async () => {
  const ids = Array.from({ length: 401 }, (_, i) => `0123456789-0123456789-0123456789-${1000 + i}`);
  const { store } = panel({ selected: selectionOf(ids) });
  await waitFor(() => expect(drawn?.runs.at(-1)?.name).toBe(`sweep/${ids.at(-1)}`));
  const names = () => asked.filter(({ pathname }) => pathname === "/v1/runs/by-id");
  expect(names()).toHaveLength(5);
  expect(Math.max(...names().map(({ href }) => href.length))).toBeLessThan(4096);
  act(() => store.change(() => ({ selected: selectionOf([...ids, "one more"]) })));
  await waitFor(() => expect(drawn?.runs.at(-1)?.name).toBe("sweep/one more"));
  expect(names()).toHaveLength(6);
});

test("gives the chart the same runs as long as they are the same, so that it asks nothing", async () => {
  const { store } = panel();
  await waitFor(() => expect(drawn?.runs[0]?.name).toBe("sweep/one"));
  const before = drawn?.runs;
  act(() => store.change(() => ({ pointed: "one" })));
  expect(drawn?.highlighted).toBe("one");
  expect(drawn?.runs).toBe(before);
});

test("offers the metrics, not the parameters, and takes the one that is chosen", async () => {
  const { user, store } = panel();
  await user.click(screen.getByRole("button", { name: /Metric/ }));
  const options = screen.getAllByRole("option");
  expect(options.map((option) => option.textContent)).toEqual(["loss7", "Accuracy5"]);
  await user.click(screen.getByText("Accuracy", { selector: ".option *" }));
  expect(store.get().metric).toBe("Accuracy");
});

test("axes stay for another metric, a zoom does not: its values are others", () => {
  const { store } = panel();
  const zoom = { x: { min: 1, max: 2 }, y: null };
  act(() => drawn?.onView({ xAxis: "wall", yScale: "log", zoom }));
  expect(drawn?.view.zoom).toEqual(zoom);
  act(() => drawn?.onMetric?.("Accuracy"));
  expect(store.get()).toMatchObject({
    metric: "Accuracy",
    chart: { xAxis: "wall", yScale: "log", zoom: { x: null, y: null } },
  });
});

test("finds a metric among thousands by its name, which the server looks for", async () => {
  const { user, store } = panel({}, { ...OVERVIEW, metric_count: 9002 });
  await user.click(screen.getByRole("button", { name: /Metric/ }));
  expect(screen.getByText("9,000 more: find them by name.")).toBeTruthy();
  await user.type(screen.getByRole("combobox"), "layer");
  await screen.findByText("layer/9000", { selector: ".option *" });
  await user.keyboard("{Enter}");
  expect(store.get().metric).toBe("layer/9000");
});

test("keeps a metric from a link that no run has any more", async () => {
  const { user } = panel({ metric: "gone/away" });
  expect(drawn?.tag).toBe("gone/away");
  await user.click(screen.getByRole("button", { name: /Metric/ }));
  expect(screen.getAllByRole("option")[0]?.textContent).toBe("gone/away");
});

test("without any metric says what will be here", () => {
  panel({ metric: null });
  expect(screen.getByText("Metrics that runs log are drawn here.")).toBeTruthy();
  expect(drawn).toBeUndefined();
});

test("a chart that breaks says so in its place, and another metric is drawn", async () => {
  vi.spyOn(console, "error").mockImplementation(() => undefined);
  isBroken = true;
  const { store } = panel();
  expect(screen.getByRole("alert").textContent).toContain("The chart of loss cannot be shown");
  isBroken = false;
  act(() => store.change(() => ({ metric: "Accuracy" })));
  expect(drawn?.tag).toBe("Accuracy");
});
