/** Ticks with their labels, for the axes that a chart can have. */

import { formatDurationTicks, formatLogTicks, formatTicks } from "../../plot/tickLabels";
import type { Interval, XAxis, YScale } from "./axis";
import { durationTicks, logTicks, numberTicks, wholeTicks } from "./ticks";
import { timeTicks } from "./timeTicks";

/** Where the ticks of an axis stand, in plot coordinates, and what is written beside them. */
export interface Axis {
  positions: number[];
  labels: string[];
}

/** About `count` round ticks inside the interval, as people count steps, moments or durations. */
export function xAxisTicks(xAxis: XAxis, interval: Interval, count: number): Axis {
  switch (xAxis) {
    case "step": {
      const { values, step } = wholeTicks(interval, count);
      return { positions: values, labels: formatTicks(values, step) };
    }
    case "relative": {
      const { values, step } = durationTicks(interval, count);
      return { positions: values, labels: formatDurationTicks(values, step) };
    }
    case "wall": {
      const { values, labels } = timeTicks(interval, count);
      return { positions: values, labels };
    }
  }
}

/**
 * About `count` round ticks inside the interval; of a log scale the interval is of logarithms, the labels are of
 * values.
 */
export function yAxisTicks(yScale: YScale, interval: Interval, count: number): Axis {
  if (yScale === "log") {
    const values = logTicks(interval, count);
    return { positions: values.map(Math.log10), labels: formatLogTicks(values) };
  }
  const { values, step } = numberTicks(interval, count);
  return { positions: values, labels: formatTicks(values, step) };
}
