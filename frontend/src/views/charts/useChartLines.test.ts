import { cleanup, renderHook, waitFor } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";
import { encodeAnswer } from "../../data/points/testing/answers";
import { servePoints } from "../../data/points/testing/store";
import type { XAxis, YScale } from "../../model/chartView";
import type { Interval } from "../../model/interval";
import { type Answer, refusal } from "../../testing/server";
import { useChartLines } from "./useChartLines";

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

const RUNS = ["a", "b"].map((runId) => ({ runId, name: `run ${runId}`, color: "#123456" }));
const LENGTH = 1000;

/** A store in which run a has a point at each of 1000 steps, its value the step. Coarse answers have every hundredth. */
function store(url: URL): ArrayBuffer {
  const first = Number(url.searchParams.get("first_step") ?? 0);
  const last = Number(url.searchParams.get("last_step") ?? LENGTH - 1);
  const inside = Array.from({ length: LENGTH }, (_, i) => i).filter((step) => step >= first && step <= last);
  const steps = url.searchParams.has("first_step") ? inside : inside.filter((step) => step % 100 === 0);
  const wallTimes = steps.map((step) => 5000 + step);
  return encodeAnswer([{ runId: "a", steps, values: steps, wallTimes, total: inside.length }]);
}

interface Look {
  xAxis?: XAxis;
  yScale?: YScale;
  zoom?: Interval | null;
}

function linesOf(answer: Answer, first: Look = {}) {
  const use = ({ xAxis = "step", yScale = "linear", zoom = null }: Look) =>
    useChartLines("loss", RUNS, xAxis, yScale, zoom);
  const { asked, wrapper } = servePoints(answer);
  const { result, rerender } = renderHook(use, { initialProps: first, wrapper });
  return { asked, result, look: (next: Look) => rerender({ ...first, ...next }) };
}

test("at first there is no answer, then all of it, coarsely, for the runs that have the metric", async () => {
  const { result } = linesOf(store);
  expect(result.current).toMatchObject({ isAnswered: false, isLoading: true, lines: [] });
  await waitFor(() => expect(result.current.isAnswered).toBe(true));
  expect(result.current.lines.map(({ run }) => run.runId)).toEqual(["a"]);
  expect(result.current.coverage).toEqual({ shown: 10, total: 1000, damaged: 0, inView: false });
  expect(result.current.isLoading).toBe(false);
});

test("zoomed in, the points of the window are all there, and the line goes on coarsely beyond it", async () => {
  const { asked, result, look } = linesOf(store);
  await waitFor(() => expect(result.current.isAnswered).toBe(true));
  look({ zoom: { min: 249.5, max: 260 } });
  expect(result.current.isLoading).toBe(true);
  await waitFor(() => expect(result.current.isLoading).toBe(false));
  expect(asked[1]?.searchParams.get("first_step")).toBe("250");
  expect(asked[1]?.searchParams.get("last_step")).toBe("260");
  const xs = [...(result.current.lines[0]?.xs ?? [])];
  expect(xs.filter((x) => x >= 250 && x <= 260)).toHaveLength(11);
  expect([xs[0], xs.at(-1)]).toEqual([0, 900]);
  expect(result.current.coverage).toEqual({ shown: 11, total: 11, damaged: 0, inView: true });
});

test("the extent of the axes stays that of everything while zoomed in", async () => {
  const { result, look } = linesOf(store);
  await waitFor(() => expect(result.current.isAnswered).toBe(true));
  const { whole } = result.current;
  look({ zoom: { min: 250, max: 260 } });
  await waitFor(() => expect(result.current.isLoading).toBe(false));
  expect(result.current.whole).toBe(whole);
});

test("a series that is complete is not asked for again when it is zoomed", async () => {
  const { asked, result, look } = linesOf(() =>
    encodeAnswer([{ runId: "a", steps: [0, 1, 2, 3], values: [1, 2, 3, 4] }]),
  );
  await waitFor(() => expect(result.current.isAnswered).toBe(true));
  look({ zoom: { min: 1, max: 2 } });
  expect(result.current).toMatchObject({ isLoading: false, coverage: { shown: 2, total: 2, inView: true } });
  expect(asked).toHaveLength(1);
});

test("relative time counts from each run's own first point, also zoomed in", async () => {
  const { result, look } = linesOf(store, { xAxis: "relative" });
  await waitFor(() => expect(result.current.isAnswered).toBe(true));
  expect(result.current.lines[0]?.xs[1]).toBe(100);
  look({ zoom: { min: 150, max: 250 } });
  await waitFor(() => expect(result.current.isLoading).toBe(false));
  const xs = [...(result.current.lines[0]?.xs ?? [])];
  expect(xs[0]).toBe(0);
  expect(xs).toContain(177);
});

test("another scale needs no new points", async () => {
  const { asked, result, look } = linesOf(store);
  await waitFor(() => expect(result.current.isAnswered).toBe(true));
  look({ yScale: "log" });
  expect(result.current.lines[0]?.ys[1]).toBe(100);
  expect(result.current.lines[0]?.ys[0]).toBeNaN();
  expect(asked).toHaveLength(1);
});

test("when only the detail is refused the coarse lines stay, with the reason, and a retry brings the detail", async () => {
  let isRefusing = true;
  const { result, look } = linesOf((url) =>
    isRefusing && url.searchParams.has("first_step") ? refusal("The store is locked.") : store(url),
  );
  await waitFor(() => expect(result.current.isAnswered).toBe(true));
  look({ zoom: { min: 250, max: 260 } });
  await waitFor(() => expect(result.current.problem).toBe("The store is locked."));
  expect(result.current.lines[0]?.xs).toHaveLength(10);
  isRefusing = false;
  result.current.retry();
  await waitFor(() => expect(result.current.lines[0]?.xs.length).toBeGreaterThan(15));
  expect(result.current.problem).toBeNull();
});

test("when the zoom is left its problem goes with it", async () => {
  const { result, look } = linesOf((url) =>
    url.searchParams.has("first_step") ? refusal("The store is locked.") : store(url),
  );
  await waitFor(() => expect(result.current.isAnswered).toBe(true));
  look({ zoom: { min: 250, max: 260 } });
  await waitFor(() => expect(result.current.problem).not.toBeNull());
  look({ zoom: null });
  expect(result.current.problem).toBeNull();
});
