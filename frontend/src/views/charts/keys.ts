/** What keys zoom to, and how a zoom follows the keyboard's cursor. */

import type { Zoom } from "../../model/chartView";
import type { Interval } from "../../model/interval";
import type { Frame } from "../../plot/frame";
import { isInside, spacingOf } from "../../plot/interval";
import { type LinePoint, nearestPoint } from "./nearest";
import type { Scene } from "./scene";
import { centered, scaled, zoomInside } from "./zoom";

/** The zoom that a key asks for: plus, minus, and 0 for everything; null when it is none of these. */
export function zoomByKey(
  key: string,
  { lines, x, xAxis }: Scene,
  frame: Frame,
  whole: Interval,
  point: LinePoint | null,
): Partial<Zoom> | null {
  const { left, top, width, height } = frame.area;
  // About a point, since between points there may be nothing to see.
  const around = point ?? nearestPoint(lines, frame, left + width / 2, top + height / 2);
  const center = around?.line.xs[around.index] ?? (x.min + x.max) / 2;
  switch (key) {
    case "+":
    case "=":
      return { x: zoomInside(scaled(x, center, 0.5), whole, xAxis) };
    case "-":
      return { x: zoomInside(scaled(x, center, 2), whole, xAxis) };
    case "0":
      return { x: null, y: null };
    default:
      return null;
  }
}

/** The zoom moved to where the point is in view; null where it is already. */
export function zoomFollowing({ line, index }: LinePoint, scene: Scene, whole: Interval): Partial<Zoom> | null {
  const { x, y, xAxis, yScale } = scene;
  const zoom: Partial<Zoom> = {};
  const [toX, toY] = [line.xs[index] as number, line.ys[index] as number];
  if (!isInside(toX, x)) {
    zoom.x = zoomInside(centered(x, toX), whole, xAxis);
  }
  if (!isInside(toY, y)) {
    const { forward, back } = spacingOf(yScale);
    const { min, max } = centered({ min: forward(y.min), max: forward(y.max) }, forward(toY));
    zoom.y = { min: back(min), max: back(max) };
  }
  return Object.keys(zoom).length === 0 ? null : zoom;
}
