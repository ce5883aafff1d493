/** What the two axes of a chart may show. */

export type XAxis = "step" | "wall" | "relative";
export type YScale = "linear" | "log";

/** A closed interval of an axis, `min` below `max`. */
export interface Interval {
  min: number;
  max: number;
}

/** The part of the plot that is zoomed to; null where an axis shows all there is. */
export interface Zoom {
  x: Interval | null;
  y: Interval | null;
}

export const NO_ZOOM: Zoom = { x: null, y: null };
