/** Detail for a part of a series, put in place of the coarse points of that part. */
import { bisectLeft, bisectRight } from "d3-array";
import type { PointSeries } from "./decode";

/** A closed range of steps. */
export interface StepWindow {
  first: number;
  last: number;
}

/**
 * The points of `coarse` outside the window with those of `detail` inside it, so that a line goes on beyond the edges
 * of what is zoomed to. Counts are those of the detail: they speak of the window.
 */
export function splice(coarse: PointSeries, detail: PointSeries, window: StepWindow): PointSeries {
  const before = bisectLeft(coarse.steps, window.first);
  const after = bisectRight(coarse.steps, window.last);
  const join = (outer: Float64Array, inner: Float64Array) => {
    const joined = new Float64Array(before + inner.length + outer.length - after);
    joined.set(outer.subarray(0, before));
    joined.set(inner, before);
    joined.set(outer.subarray(after), before + inner.length);
    return joined;
  };
  return {
    ...detail,
    steps: join(coarse.steps, detail.steps),
    wallTimes: join(coarse.wallTimes, detail.wallTimes),
    values: join(coarse.values, detail.values),
  };
}

/** Every series of `coarse`, with the detail where there is some. */
export function spliceAll(
  coarse: readonly PointSeries[],
  detail: readonly PointSeries[],
  window: StepWindow,
): PointSeries[] {
  const details = new Map(detail.map((series) => [series.runId, series]));
  return coarse.map((series) => {
    const inside = details.get(series.runId);
    return inside === undefined ? series : splice(series, inside, window);
  });
}
