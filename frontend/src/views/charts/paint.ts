/** Draws lines on a canvas. */
import { visible } from "./bounds";
import { clipSegment, type Segment } from "./clip";
import { type Frame, toPixelX, toPixelY } from "./frame";
import type { Line } from "./lines";

/** How one line is drawn. */
export interface LineStyle {
  color: string;
  /** In canvas pixels, as `dotRadius`. */
  width: number;
  dotRadius: number;
  /** Whether every point is a dot; else only those are that no segment reaches. */
  dotted: boolean;
}

/** Beyond so many pixels outside the frame a segment is cut: canvases lose their precision far out. */
const MARGIN = 2000;

/** Whether all lines have so few points in the frame that each can be a dot, `spacing` pixels from the next. */
export function areSparse(lines: readonly Line[], frame: Frame, spacing: number): boolean {
  return lines.every((line) => {
    const [from, to] = visible(line, frame.x);
    return (to - from - 1) * spacing <= frame.width;
  });
}

/** Draws one line, broken where points have no place on the plot. The caller clips. */
export function paintLine(context: CanvasRenderingContext2D, frame: Frame, line: Line, style: LineStyle): void {
  const { xs, ys } = line;
  const [from, to] = visible(line, frame.x);
  const dots: number[] = [];
  context.strokeStyle = style.color;
  context.lineWidth = style.width;
  context.beginPath();
  const segment: Segment = { x0: 0, y0: 0, x1: 0, y1: 0 };
  let connected = false;
  for (let i = from; i < to; i++) {
    if (!Number.isFinite(ys[i])) {
      connected = false;
      continue;
    }
    segment.x1 = toPixelX(frame, xs[i] as number);
    segment.y1 = toPixelY(frame, ys[i] as number);
    if (connected) {
      paintSegment(context, frame, segment);
    } else if (isNear(frame, segment.x1, segment.y1)) {
      context.moveTo(segment.x1, segment.y1);
    }
    if (style.dotted || (!connected && !Number.isFinite(ys[i + 1]))) {
      dots.push(segment.x1, segment.y1);
    }
    segment.x0 = segment.x1;
    segment.y0 = segment.y1;
    connected = true;
  }
  context.stroke();
  paintDots(context, frame, dots, style);
}

function paintSegment(context: CanvasRenderingContext2D, frame: Frame, segment: Segment): void {
  if (isNear(frame, segment.x0, segment.y0) && isNear(frame, segment.x1, segment.y1)) {
    context.lineTo(segment.x1, segment.y1);
    return;
  }
  const cut = clipSegment(segment, {
    left: frame.left - MARGIN,
    top: frame.top - MARGIN,
    right: frame.left + frame.width + MARGIN,
    bottom: frame.top + frame.height + MARGIN,
  });
  if (cut !== null) {
    context.moveTo(cut.x0, cut.y0);
    context.lineTo(cut.x1, cut.y1);
  }
  if (isNear(frame, segment.x1, segment.y1)) {
    context.moveTo(segment.x1, segment.y1);
  }
}

function paintDots(context: CanvasRenderingContext2D, frame: Frame, dots: readonly number[], style: LineStyle): void {
  if (dots.length === 0) {
    return;
  }
  context.fillStyle = style.color;
  context.beginPath();
  for (let i = 0; i < dots.length; i += 2) {
    const x = dots[i] as number;
    const y = dots[i + 1] as number;
    if (isNear(frame, x, y)) {
      context.moveTo(x + style.dotRadius, y);
      context.arc(x, y, style.dotRadius, 0, 2 * Math.PI);
    }
  }
  context.fill();
}

function isNear(frame: Frame, x: number, y: number): boolean {
  return Math.abs(x - frame.left) <= frame.width + MARGIN && Math.abs(y - frame.top) <= frame.height + MARGIN;
}
