/** Series of points as lines of the plot: values of the chosen axes, beside the run's name and colour. */
import type { PointSeries } from "../../data/points/decode";
import type { XAxis, YScale } from "../../model/chartView";
import type { Interval } from "../../model/interval";
import type { ShownRun } from "../../model/shownRun";
import { isInside } from "../../plot/interval";
import { type Polyline, visible } from "../../plot/marks/polyline";

/**
 * One run's line. `ys` are its values, NaN for those that are not positive on a log scale: what is not finite has no
 * place on the line. It is not `sorted` where a clock was set back.
 */
export interface Line extends Polyline {
  run: ShownRun;
  series: PointSeries;
}

/** How many points of the lines there are in sight, and how many of them have no place on the plot, and why. */
export interface Misfits {
  points: number;
  notFinite: number;
  /** Finite values that a log scale cannot show. */
  notPositive: number;
}

/**
 * The lines of the runs that have points, in the order of the runs. `origins` gives the wall time from which a run's
 * relative time counts.
 */
export function toLines(
  series: readonly PointSeries[],
  runs: readonly ShownRun[],
  origins: ReadonlyMap<string, number>,
  xAxis: XAxis,
  yScale: YScale,
): Line[] {
  const byRun = new Map(series.map((one) => [one.runId, one]));
  return runs.flatMap((run) => {
    const one = byRun.get(run.runId);
    if (one === undefined || one.steps.length === 0) {
      return [];
    }
    const xs = xsOf(one, xAxis, origins.get(run.runId) ?? 0);
    return [{ run, series: one, xs, ys: ysOf(one.values, yScale), sorted: xAxis === "step" || isSorted(xs) }];
  });
}

/** The wall time of each series' first point. */
export function originsOf(series: readonly PointSeries[]): Map<string, number> {
  return new Map(series.map((one) => [one.runId, one.wallTimes[0] ?? 0]));
}

/** Counts the points inside `x` that the lines cannot show. */
export function countMisfits(lines: readonly Line[], x: Interval): Misfits {
  const misfits: Misfits = { points: 0, notFinite: 0, notPositive: 0 };
  for (const line of lines) {
    const { xs, ys, series } = line;
    const [from, to] = visible(line, x);
    for (let i = from; i < to; i++) {
      if (isInside(xs[i] as number, x)) {
        misfits.points += 1;
        if (!Number.isFinite(ys[i])) {
          misfits[Number.isFinite(series.values[i]) ? "notPositive" : "notFinite"] += 1;
        }
      }
    }
  }
  return misfits;
}

function xsOf(series: PointSeries, xAxis: XAxis, origin: number): Float64Array {
  switch (xAxis) {
    case "step":
      return series.steps;
    case "wall":
      return series.wallTimes;
    case "relative":
      return series.wallTimes.map((time) => time - origin);
  }
}

function ysOf(values: Float64Array, yScale: YScale): Float64Array {
  return yScale === "linear" ? values : values.map((value) => (value > 0 ? value : Number.NaN));
}

function isSorted(xs: Float64Array): boolean {
  return xs.every((x, i) => i === 0 || x >= (xs[i - 1] as number));
}
