/** The plot's rectangle and what its axes show: from plot coordinates to pixels and back. */
import type { Interval } from "./axis";

/** A rectangle of pixels, and the intervals of plot coordinates that its width and height stand for. */
export interface Frame {
  /** In pixels of whatever is drawn on: canvas pixels to paint, CSS pixels to find what is under the pointer. */
  left: number;
  top: number;
  width: number;
  height: number;
  x: Interval;
  y: Interval;
}

/** The pixel of a plot coordinate; those outside the frame's interval lie outside its rectangle. */
export function toPixelX(frame: Frame, x: number): number {
  return frame.left + ((x - frame.x.min) / (frame.x.max - frame.x.min)) * frame.width;
}

/** The pixel of a plot coordinate. Larger values stand higher, so their pixels are smaller. */
export function toPixelY(frame: Frame, y: number): number {
  return frame.top + (1 - (y - frame.y.min) / (frame.y.max - frame.y.min)) * frame.height;
}

/** The plot coordinate at a pixel, the inverse of `toPixelX`. */
export function toPlotX(frame: Frame, pixel: number): number {
  return frame.x.min + ((pixel - frame.left) / frame.width) * (frame.x.max - frame.x.min);
}

/** The plot coordinate at a pixel, the inverse of `toPixelY`. */
export function toPlotY(frame: Frame, pixel: number): number {
  return frame.y.min + (1 - (pixel - frame.top) / frame.height) * (frame.y.max - frame.y.min);
}
