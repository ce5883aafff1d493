/** From the interval that is zoomed to, to the steps that the server is asked for. */
import type { StepWindow } from "../../data/points/splice";
import type { Interval, XAxis } from "./axis";
import { visible } from "./bounds";
import type { Line } from "./lines";

/**
 * The steps that lie inside `x` on any line; null where there are none. On an axis of times, lines reach the same step
 * at different times, so the window is as wide as the widest needs.
 */
export function stepWindow(lines: readonly Line[], xAxis: XAxis, x: Interval): StepWindow | null {
  if (xAxis === "step") {
    return windowOf(Math.ceil(x.min), Math.floor(x.max));
  }
  let first = Number.POSITIVE_INFINITY;
  let last = Number.NEGATIVE_INFINITY;
  for (const line of lines) {
    const [from, to] = visible(line, x);
    for (let i = from; i < to; i++) {
      if (line.sorted || isInside(line.xs[i] as number, x)) {
        first = Math.min(first, line.series.steps[i] as number);
        last = Math.max(last, line.series.steps[i] as number);
      }
    }
  }
  return windowOf(first, last);
}

/** Whether every point that the store has is there already, so that no window has more detail. */
export function isComplete(lines: readonly Line[]): boolean {
  return lines.every(({ series }) => series.count === series.total);
}

/** `interval` made `factor` times as wide about `center`, kept inside `limits`. */
export function scaled(interval: Interval, center: number, factor: number, limits: Interval): Interval {
  const min = Math.max(limits.min, center - (center - interval.min) * factor);
  const max = Math.min(limits.max, center + (interval.max - center) * factor);
  return { min, max };
}

function windowOf(first: number, last: number): StepWindow | null {
  return first <= last && Number.isFinite(first) && Number.isFinite(last) ? { first, last } : null;
}

function isInside(x: number, interval: Interval): boolean {
  return x >= interval.min && x <= interval.max;
}
