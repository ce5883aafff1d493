/** Series of points as lines of the plot: coordinates of the chosen axes, beside the run's name and colour. */
import type { PointSeries } from "../../data/points/decode";
import type { XAxis, YScale } from "./axis";

/** A run as the chart shows it. */
export interface ChartRun {
  runId: string;
  name: string;
  /** A CSS colour that a canvas understands. */
  color: string;
}

/**
 * One run's line. `xs` and `ys` are plot coordinates: on a log scale `ys` holds logarithms to base 10. What is not
 * finite there has no place on the line: NaN and infinite values, and on a log scale values that are not positive.
 */
export interface Line {
  run: ChartRun;
  series: PointSeries;
  xs: Float64Array;
  ys: Float64Array;
  /** Whether `xs` never decreases: wall times do when a clock is set back. */
  sorted: boolean;
}

/** How many points of the lines have no place on the plot, and why. */
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
  runs: readonly ChartRun[],
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
    const xs = xCoordinates(one, xAxis, origins.get(run.runId) ?? 0);
    return [{ run, series: one, xs, ys: yCoordinates(one.values, yScale), sorted: xAxis === "step" || isSorted(xs) }];
  });
}

/** The wall time of each series' first point. */
export function originsOf(series: readonly PointSeries[]): Map<string, number> {
  return new Map(series.map((one) => [one.runId, one.wallTimes[0] ?? 0]));
}

/** Counts the points that the lines cannot show. */
export function countMisfits(lines: readonly Line[]): Misfits {
  const misfits: Misfits = { points: 0, notFinite: 0, notPositive: 0 };
  for (const { ys, series } of lines) {
    misfits.points += ys.length;
    for (let i = 0; i < ys.length; i++) {
      if (!Number.isFinite(ys[i])) {
        misfits[Number.isFinite(series.values[i]) ? "notPositive" : "notFinite"] += 1;
      }
    }
  }
  return misfits;
}

function xCoordinates(series: PointSeries, xAxis: XAxis, origin: number): Float64Array {
  switch (xAxis) {
    case "step":
      return series.steps;
    case "wall":
      return series.wallTimes;
    case "relative":
      return series.wallTimes.map((time) => time - origin);
  }
}

function yCoordinates(values: Float64Array, yScale: YScale): Float64Array {
  return yScale === "linear" ? values : values.map((value) => (value > 0 ? Math.log10(value) : Number.NaN));
}

function isSorted(xs: Float64Array): boolean {
  return xs.every((x, i) => i === 0 || x >= (xs[i - 1] as number));
}
