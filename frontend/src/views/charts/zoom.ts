/** What is zoomed to: how it follows from keys and pointer, and which steps the server is asked for then. */
import type { StepWindow } from "../../data/points/splice";
import type { XAxis } from "../../model/chartView";
import type { Interval } from "../../model/interval";
import { isInside } from "../../plot/interval";
import { visible } from "../../plot/marks/polyline";
import type { Line } from "./lines";

/** The narrowest that an x axis is zoomed to: two steps, or two milliseconds. Nothing happens in between. */
const NARROWEST: Record<XAxis, number> = { step: 2, wall: 0.002, relative: 0.002 };
/** The share of the whole by which an interval may miss an end that it means. */
const ROUNDING = 1e-9;

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

/** `interval` made `factor` times as wide about `center`. */
export function scaled({ min, max }: Interval, center: number, factor: number): Interval {
  return { min: center - (center - min) * factor, max: center + (max - center) * factor };
}

/** The interval moved so that `center` is in its middle. */
export function centered({ min, max }: Interval, center: number): Interval {
  return { min: center - (max - min) / 2, max: center + (max - min) / 2 };
}

/**
 * The zoom of the x axis that `wanted` comes to: moved inside the whole, not too narrow, and null where it is the whole.
 * A null zoom goes on to show everything while a run grows.
 */
export function zoomInside(wanted: Interval, whole: Interval, xAxis: XAxis): Interval | null {
  const all = whole.max - whole.min;
  const width = Math.max(wanted.max - wanted.min, NARROWEST[xAxis]);
  if (width >= all * (1 - ROUNDING)) {
    return null;
  }
  const middle = wanted.min + (wanted.max - wanted.min) / 2;
  const min = Math.max(whole.min, Math.min(middle - width / 2, whole.max - width));
  return { min, max: min + width };
}

function windowOf(first: number, last: number): StepWindow | null {
  return first <= last && Number.isFinite(first) && Number.isFinite(last) ? { first, last } : null;
}
