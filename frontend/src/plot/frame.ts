/** The frame of a plot with two axes: where the plot lies, what it shows, and its ticks. */
import type { Interval } from "../model/interval";
import type { ScaleKind, Tick } from "./interval";
import { makeScale, type Scale } from "./scale";
import { ticksOf } from "./ticks";

/** A rectangle in CSS pixels; y grows downwards. */
export interface Area {
  left: number;
  top: number;
  width: number;
  height: number;
}

/** What an axis shows. */
export interface AxisSpec {
  kind: ScaleKind;
  domain: Interval;
  /** What is counted, and in which unit. */
  title: string;
}

/** An axis in its place. */
export interface Axis {
  scale: Scale;
  ticks: Tick[];
  title: string;
}

/** A plot with two axes, laid out. */
export interface Frame {
  /** Where marks are drawn, inside the canvas. */
  area: Area;
  x: Axis;
  y: Axis;
}

/** The height of a line of labels, in CSS pixels, and of what keeps labels apart from the plot. */
export const LINE_HEIGHT = 15;
export const LABEL_GAP = 6;
/** CSS pixels from one tick to the next, so that neither axis looks denser than the other. */
const X_TICK_SPACE = 84;
const Y_TICK_SPACE = 60;
const MOST_TICKS = 8;
/** Half a label of the x axis may stand out to the right of the plot. */
const RIGHT = 20;

/**
 * Lays a plot out on `width` by `height` CSS pixels: as much room at the left as the widest label of the y axis needs,
 * whose title stands above it. `measure` gives the width of a label.
 */
export function layOut(
  size: { width: number; height: number },
  x: AxisSpec,
  y: AxisSpec,
  measure: (text: string) => number,
): Frame {
  const top = LINE_HEIGHT + LABEL_GAP;
  const bottom = LABEL_GAP + LINE_HEIGHT * (x.kind === "time" ? 3 : 2);
  const height = Math.max(1, size.height - top - bottom);
  const yTicks = ticksOf(y.kind, y.domain, tickCount(height, Y_TICK_SPACE));
  const left = Math.max(36, Math.ceil(Math.max(0, ...yTicks.map(({ label }) => measure(label)))) + LABEL_GAP + 2);
  const width = Math.max(1, size.width - left - RIGHT);
  const xTicks = ticksOf(x.kind, x.domain, tickCount(width, X_TICK_SPACE));
  return {
    area: { left, top, width, height },
    x: { scale: makeScale(x.kind, x.domain, left, left + width), ticks: xTicks, title: x.title },
    y: { scale: makeScale(y.kind, y.domain, top + height, top), ticks: yTicks, title: y.title },
  };
}

/** Whether a point of the canvas lies on the plot, `margin` pixels around it included. */
export function isOn({ left, top, width, height }: Area, x: number, y: number, margin = 0): boolean {
  return x >= left - margin && x <= left + width + margin && y >= top - margin && y <= top + height + margin;
}

function tickCount(pixels: number, space: number): number {
  return Math.max(2, Math.min(MOST_TICKS, Math.floor(pixels / space)));
}
