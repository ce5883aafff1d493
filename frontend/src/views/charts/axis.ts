/** What the two axes of a chart may show. */

/** Steps, wall times in seconds since the epoch, or seconds since a run's own first point. */
export type XAxis = "step" | "wall" | "relative";
/** Values as they are, or their logarithms to base 10. */
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

/** Both axes show all there is. Compared by identity: a view without zoom has this very object. */
export const NO_ZOOM: Zoom = { x: null, y: null };
