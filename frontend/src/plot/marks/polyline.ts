/** A line of points in the values of its axes, and which of its points matter where. */
import { bisectLeft, bisectRight } from "d3-array";
import type { Interval } from "../../model/interval";

/** Points by index. What is not finite in `ys` has no place on the plot, and breaks the line. */
export interface Polyline {
  xs: Float64Array;
  ys: Float64Array;
  /** Whether `xs` never decreases. */
  sorted: boolean;
}

/** The half-open range of indices to draw for `x`: what lies inside, and one point more at each side. */
export function visible({ xs, sorted }: Polyline, x: Interval): [from: number, to: number] {
  return sorted
    ? [Math.max(0, bisectLeft(xs, x.min) - 1), Math.min(xs.length, bisectRight(xs, x.max) + 1)]
    : [0, xs.length];
}

/** The index of the point nearest to `x` that has a place on the plot; -1 for none. */
export function nearestIndex({ xs, ys, sorted }: Polyline, x: number): number {
  let best = -1;
  const consider = (i: number) => {
    if (Number.isFinite(ys[i]) && (best < 0 || Math.abs((xs[i] as number) - x) < Math.abs((xs[best] as number) - x))) {
      best = i;
    }
    return Number.isFinite(ys[i]);
  };
  if (!sorted) {
    for (let i = 0; i < xs.length; i++) {
      consider(i);
    }
    return best;
  }
  const start = bisectLeft(xs, x);
  for (let i = start; i < xs.length && !consider(i); i++);
  for (let i = start - 1; i >= 0 && !consider(i); i--);
  return best;
}

/** The next index with a place on the plot, `direction` 1 to the right and -1 to the left; the same at the end. */
export function neighbour({ ys }: Polyline, index: number, direction: 1 | -1): number {
  for (let i = index + direction; i >= 0 && i < ys.length; i += direction) {
    if (Number.isFinite(ys[i])) {
      return i;
    }
  }
  return index;
}
