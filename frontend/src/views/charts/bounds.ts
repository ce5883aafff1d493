/** How far the axes reach: what the lines need, with room where it helps. */

import type { XAxis, YScale } from "../../model/chartView";
import type { Interval } from "../../model/interval";
import { isInside, type Spacing, spacingOf } from "../../plot/interval";
import { visible } from "../../plot/marks/polyline";
import type { Line } from "./lines";

/** The part of the y axis that is left free above and below the lines. */
const Y_PADDING = 0.06;

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

/** The values that the lines show inside `x`, with room around them; null where they show nothing there. */
export function yExtent(lines: readonly Line[], x: Interval, yScale: YScale): Interval | null {
  const spacing = spacingOf(yScale);
  const extent = emptyExtent();
  for (const line of lines) {
    const { xs, ys } = line;
    const [from, to] = visible(line, x);
    for (let i = from; i < to; i++) {
      const here = xs[i] as number;
      const before = i > from ? (xs[i - 1] as number) : here;
      if (isInside(here, x)) {
        include(extent, ys[i]);
      }
      if (before < x.min || here > x.max) {
        include(extent, crossing(line, i, x.min, spacing));
        include(extent, crossing(line, i, x.max, spacing));
      }
    }
  }
  return extent.min > extent.max ? null : padded(extent, yScale, spacing);
}

/** Where the segment that ends at point `i` crosses the vertical at `x`; NaN where it does not. */
function crossing({ xs, ys }: Line, i: number, x: number, { forward, back }: Spacing): number {
  const x0 = xs[i - 1] as number;
  const x1 = xs[i] as number;
  const y0 = forward(ys[i - 1] as number);
  const y1 = forward(ys[i] as number);
  return x0 < x && x < x1 ? back(y0 + (y1 - y0) * ((x - x0) / (x1 - x0))) : Number.NaN;
}

/** Adds room at both ends. On a linear scale it does not cross zero: a loss that is never negative gets no negative axis. */
function padded({ min, max }: Interval, yScale: YScale, { forward, back }: Spacing): Interval {
  const stopsAtZero = yScale === "linear";
  if (min === max) {
    const room = stopsAtZero ? Math.abs(min) * 0.1 || 1 : 1;
    return { min: back(forward(min) - room), max: back(forward(max) + room) };
  }
  const [low, high] = [forward(back(forward(min))), forward(back(forward(max)))];
  const room = (high - low) * Y_PADDING;
  return {
    min: stopsAtZero && low >= 0 && low < room ? 0 : back(low - room),
    max: stopsAtZero && high <= 0 && high > -room ? 0 : back(high + room),
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
