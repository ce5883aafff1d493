/** How a reader looks at a chart: its axes, and what is zoomed to. */
import type { Interval } from "./interval";

/** Steps, wall times in seconds since the epoch, or seconds since a run's own first point. */
export type XAxis = "step" | "wall" | "relative";
/** Values evenly, or by their magnitude. */
export type YScale = "linear" | "log";

/** The part of the plot that is zoomed to, in the values of its axes; null where an axis shows all there is. */
export interface Zoom {
  x: Interval | null;
  y: Interval | null;
}

/** Axes stay when another metric is looked at; a zoom holds for its own metric and axes only. */
export interface ChartView {
  xAxis: XAxis;
  yScale: YScale;
  zoom: Zoom;
}

/** The most lines that a chart draws: more tell nothing apart, and cost as much each. */
export const MOST_LINES = 2000;

export const NO_ZOOM: Zoom = { x: null, y: null };
export const FIRST_VIEW: ChartView = { xAxis: "step", yScale: "linear", zoom: NO_ZOOM };
