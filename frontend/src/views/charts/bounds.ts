/** How far the axes reach: what the lines need, with room where it helps. */
import { lowerBound, upperBound } from "../../data/points/search";
import type { Interval, XAxis, YScale } from "./axis";
import type { Line } from "./lines";

/** The part of the y axis that is left free above and below the lines. */
const Y_PADDING = 0.06;
/** Beyond this a difference of two ends would overflow to infinity. */
const LARGEST = 8e307;

/** The x coordinates that the lines span; a step or a minute around a single one, [0, 1] for no line. */
export function xExtent(lines: readonly Line[], xAxis: XAxis): Interval {
  const extent = emptyExtent();
  for (const { xs, sorted } of lines) {
    if (sorted) {
      include(extent, xs[0]);
      include(extent, xs[xs.length - 1]);
    } else {
      for (const x of xs) {
        include(extent, x);
      }
    }
  }
  if (extent.min > extent.max) {
    return { min: 0, max: 1 };
  }
  return extent.min === extent.max ? around(extent.min, xAxis === "step" ? 0.5 : 30) : extent;
}

/** The y coordinates of what the lines show inside `x`, padded; null where they show nothing there. */
export function yExtent(lines: readonly Line[], x: Interval, yScale: YScale): Interval | null {
  const extent = emptyExtent();
  for (const line of lines) {
    const { xs, ys } = line;
    const [from, to] = visible(line, x);
    for (let i = from; i < to; i++) {
      const here = xs[i] as number;
      const before = i > from ? (xs[i - 1] as number) : here;
      if (here >= x.min && here <= x.max) {
        include(extent, ys[i]);
      }
      if (before < x.min || here > x.max) {
        include(extent, crossing(line, i, x.min));
        include(extent, crossing(line, i, x.max));
      }
    }
  }
  return extent.min > extent.max ? null : padded(extent, yScale);
}

/** The half-open range of indices to draw for `x`: what lies inside, and one point more at each side. */
export function visible(line: Line, x: Interval): [from: number, to: number] {
  const { xs, sorted } = line;
  if (!sorted) {
    return [0, xs.length];
  }
  return [Math.max(0, lowerBound(xs, x.min) - 1), Math.min(xs.length, upperBound(xs, x.max) + 1)];
}

/** Where the segment that ends at point `i` crosses the vertical at `x`; NaN where it does not. */
function crossing({ xs, ys }: Line, i: number, x: number): number {
  const x0 = xs[i - 1] as number;
  const x1 = xs[i] as number;
  const y0 = ys[i - 1] as number;
  const y1 = ys[i] as number;
  return x0 < x && x < x1 ? y0 + (y1 - y0) * ((x - x0) / (x1 - x0)) : Number.NaN;
}

/** Adds room at both ends. On a linear scale it does not cross zero: a loss that is never negative gets no negative axis. */
function padded({ min, max }: Interval, yScale: YScale): Interval {
  const low = Math.max(min, -LARGEST);
  const high = Math.min(max, LARGEST);
  if (low === high) {
    return around(low, yScale === "log" || low === 0 ? 1 : Math.abs(low) * 0.1);
  }
  const room = (high - low) * Y_PADDING;
  const stopsAtZero = yScale === "linear";
  return {
    min: stopsAtZero && low >= 0 && low < room ? 0 : Math.max(low - room, -LARGEST),
    max: stopsAtZero && high <= 0 && high > -room ? 0 : Math.min(high + room, LARGEST),
  };
}

function around(value: number, room: number): Interval {
  return { min: value - room, max: value + room };
}

function emptyExtent(): Interval {
  return { min: Number.POSITIVE_INFINITY, max: Number.NEGATIVE_INFINITY };
}

function include(extent: Interval, value: number | undefined): void {
  if (value === undefined || !Number.isFinite(value)) {
    return;
  }
  if (value < extent.min) {
    extent.min = value;
  }
  if (value > extent.max) {
    extent.max = value;
  }
}
