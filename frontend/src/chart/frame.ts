/** The plot's rectangle and what its axes show: from plot coordinates to pixels and back. */
import type { Interval } from "./axis";

export interface Frame {
  /** In pixels of whatever is drawn on: canvas pixels to paint, CSS pixels to find what is under the pointer. */
  left: number;
  top: number;
  width: number;
  height: number;
  x: Interval;
  y: Interval;
}

export function toPixelX(frame: Frame, x: number): number {
  return frame.left + ((x - frame.x.min) / (frame.x.max - frame.x.min)) * frame.width;
}

export function toPixelY(frame: Frame, y: number): number {
  return frame.top + (1 - (y - frame.y.min) / (frame.y.max - frame.y.min)) * frame.height;
}

export function toPlotX(frame: Frame, pixel: number): number {
  return frame.x.min + ((pixel - frame.left) / frame.width) * (frame.x.max - frame.x.min);
}

export function toPlotY(frame: Frame, pixel: number): number {
  return frame.y.min + (1 - (pixel - frame.top) / frame.height) * (frame.y.max - frame.y.min);
}
