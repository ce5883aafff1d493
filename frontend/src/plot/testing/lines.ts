/** Polylines and frames made by hand, for tests. */
import type { AxisSpec, Frame } from "../frame";
import type { Polyline } from "../marks/polyline";
import { makeScale } from "../scale";

/** A line of the values, at x 0, 1, 2 and so on unless other places are given. */
export function polyline(ys: readonly number[], xs: readonly number[] = ys.map((_, i) => i)): Polyline {
  const sorted = xs.every((x, i) => i === 0 || x >= (xs[i - 1] as number));
  return { xs: Float64Array.from(xs), ys: Float64Array.from(ys), sorted };
}

/** A frame without ticks whose plot is `width` by `height` pixels, its upper left corner that of the canvas. */
export function frameOf(
  x: Omit<AxisSpec, "title">,
  y: Omit<AxisSpec, "title">,
  size: { width: number; height: number } = { width: 100, height: 100 },
): Frame {
  return {
    area: { left: 0, top: 0, ...size },
    x: { scale: makeScale(x.kind, x.domain, 0, size.width), ticks: [], title: "" },
    y: { scale: makeScale(y.kind, y.domain, size.height, 0), ticks: [], title: "" },
  };
}
