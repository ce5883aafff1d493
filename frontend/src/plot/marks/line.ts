/** The mark of a line: how it is drawn, and which of its points is meant by a place on the canvas. */
import { bisectLeft, bisectRight } from "d3-array";
import { clipSegment, type Segment } from "../clip";
import { type Area, type Frame, isOn } from "../frame";
import type { Scale } from "../scale";
import { type Polyline, visible } from "./polyline";

/** How one line is drawn. */
export interface LineStyle {
  color: string;
  /** In CSS pixels, as `dotRadius`. */
  width: number;
  /** Lengths of dashes and gaps, in widths of the line; empty for a whole line. */
  dash: readonly number[];
  dotRadius: number;
  /** Whether every point is a dot; else only those are that no segment reaches. */
  dotted: boolean;
}

/** A point of a line by its index, and how far in CSS pixels its line passes from the place that was asked for. */
export interface Hit {
  index: number;
  distance: number;
}

/** Beyond so many pixels outside the plot a segment is cut: canvases lose their precision far out. */
const MARGIN = 2000;
/** Pixels to each side of a place in which the segments of a line are looked at. */
const REACH = 12;

/** Whether all lines have so few points in the frame that each can be a dot, `spacing` pixels from the next. */
export function areSparse(lines: readonly Polyline[], { area, x }: Frame, spacing: number): boolean {
  return lines.every((line) => {
    const [from, to] = visible(line, x.scale.domain);
    return (to - from - 1) * spacing <= area.width;
  });
}

/** Draws one line, broken where points have no place on the plot. The caller clips. */
export function paintLine(context: CanvasRenderingContext2D, frame: Frame, line: Polyline, style: LineStyle): void {
  const { xs, ys } = line;
  const [x, y] = [frame.x.scale.place, frame.y.scale.place];
  const [from, to] = visible(line, frame.x.scale.domain);
  const dots: number[] = [];
  const segment: Segment = { x0: 0, y0: 0, x1: 0, y1: 0 };
  let connected = false;
  context.beginPath();
  for (let i = from; i < to; i++) {
    if (!Number.isFinite(ys[i])) {
      connected = false;
      continue;
    }
    segment.x1 = x(xs[i] as number);
    segment.y1 = y(ys[i] as number);
    if (connected) {
      addSegment(context, frame.area, segment);
    } else if (isOn(frame.area, segment.x1, segment.y1, MARGIN)) {
      context.moveTo(segment.x1, segment.y1);
    }
    if (style.dotted || (!connected && !Number.isFinite(ys[i + 1]))) {
      dots.push(segment.x1, segment.y1);
    }
    segment.x0 = segment.x1;
    segment.y0 = segment.y1;
    connected = true;
  }
  context.strokeStyle = style.color;
  context.lineWidth = style.width;
  context.setLineDash(style.dash.map((length) => length * style.width));
  context.stroke();
  paintDots(context, frame.area, dots, style);
}

/** Draws dots of the style's colour at pixels x0, y0, x1, y1, … */
export function paintDots(
  context: CanvasRenderingContext2D,
  area: Area,
  dots: readonly number[],
  style: Pick<LineStyle, "color" | "dotRadius">,
): void {
  if (dots.length === 0) {
    return;
  }
  context.fillStyle = style.color;
  context.beginPath();
  for (let i = 0; i < dots.length; i += 2) {
    const x = dots[i] as number;
    const y = dots[i + 1] as number;
    if (isOn(area, x, y, MARGIN)) {
      context.moveTo(x + style.dotRadius, y);
      context.arc(x, y, style.dotRadius, 0, 2 * Math.PI);
    }
  }
  context.fill();
}

/**
 * Where the line passes closest to a place on the canvas, the closer end of that segment that is in view. Lines may be
 * steep, so the distance is to their segments, not along the vertical. Null where nothing of the line in view is near.
 */
export function hitLine(line: Polyline, frame: Frame, x: number, y: number): Hit | null {
  let best: Hit | null = null;
  const [from, to] = around(line, frame.x.scale, x);
  for (let i = from; i < to; i++) {
    const distance = distanceToSegment(line, frame, i, x, y);
    if (distance < (best?.distance ?? Number.POSITIVE_INFINITY)) {
      const index = closerEnd(line, frame, i, x, y);
      best = index === null ? best : { index, distance };
    }
  }
  return best;
}

/** Whether the point has a place on the plot, and one that is in view. */
export function isInView({ xs, ys }: Polyline, index: number, frame: Frame): boolean {
  return isOn(frame.area, frame.x.scale.place(xs[index] as number), frame.y.scale.place(ys[index] as number), 0.5);
}

function addSegment(context: CanvasRenderingContext2D, area: Area, segment: Segment): void {
  const endsNear = isOn(area, segment.x1, segment.y1, MARGIN);
  if (endsNear && isOn(area, segment.x0, segment.y0, MARGIN)) {
    context.lineTo(segment.x1, segment.y1);
    return;
  }
  const cut = clipSegment(segment, {
    left: area.left - MARGIN,
    top: area.top - MARGIN,
    right: area.left + area.width + MARGIN,
    bottom: area.top + area.height + MARGIN,
  });
  if (cut !== null) {
    context.moveTo(cut.x0, cut.y0);
    context.lineTo(cut.x1, cut.y1);
  }
  if (endsNear) {
    context.moveTo(segment.x1, segment.y1);
  }
}

/** Half-open range of the points whose segments come near the vertical through pixel `x`. */
function around({ xs, sorted }: Polyline, scale: Scale, x: number): [from: number, to: number] {
  if (!sorted) {
    return [0, xs.length];
  }
  const from = bisectLeft(xs, scale.valueAt(x - REACH));
  const to = bisectRight(xs, scale.valueAt(x + REACH));
  return [Math.max(0, from - 1), Math.min(xs.length, to + 1)];
}

/** Pixels from (x, y) to the segment from point i - 1 to point i, or to point i alone where there is no segment. */
function distanceToSegment({ xs, ys }: Polyline, frame: Frame, i: number, x: number, y: number): number {
  if (!Number.isFinite(ys[i])) {
    return Number.POSITIVE_INFINITY;
  }
  const endX = frame.x.scale.place(xs[i] as number);
  const endY = frame.y.scale.place(ys[i] as number);
  if (i === 0 || !Number.isFinite(ys[i - 1])) {
    return Math.hypot(x - endX, y - endY);
  }
  const startX = frame.x.scale.place(xs[i - 1] as number);
  const startY = frame.y.scale.place(ys[i - 1] as number);
  const alongX = endX - startX;
  const alongY = endY - startY;
  const length = alongX * alongX + alongY * alongY;
  const share = length === 0 ? 0 : Math.min(1, Math.max(0, ((x - startX) * alongX + (y - startY) * alongY) / length));
  return Math.hypot(x - startX - share * alongX, y - startY - share * alongY);
}

/** Of points i - 1 and i the one in view that is closer to (x, y); null where neither is in view. */
function closerEnd(line: Polyline, frame: Frame, i: number, x: number, y: number): number | null {
  const distance = (k: number) =>
    k >= 0 && isInView(line, k, frame)
      ? Math.hypot(x - frame.x.scale.place(line.xs[k] as number), y - frame.y.scale.place(line.ys[k] as number))
      : Number.POSITIVE_INFINITY;
  const [before, here] = [distance(i - 1), distance(i)];
  return before === here && before === Number.POSITIVE_INFINITY ? null : before < here ? i - 1 : i;
}
