/** Which point is meant: by the pointer, or by the arrow keys. */
import { lowerBound, upperBound } from "../../data/points/search";
import { type Frame, toPixelX, toPixelY, toPlotX } from "./frame";
import type { Line } from "./lines";

/** A point of a line. */
export interface LinePoint {
  line: Line;
  index: number;
}

/** Pixels to each side of the pointer in which the segments of a line are looked at. */
const REACH = 12;

/**
 * The point nearest to the pixel: of the line that passes closest to it, the point closest to it. Lines may be steep, so
 * the distance is to their segments, not along the vertical. Null where no line has a point on the plot.
 */
export function nearestPoint(lines: readonly Line[], frame: Frame, x: number, y: number): LinePoint | null {
  let best: LinePoint | null = null;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const line of lines) {
    const [from, to] = around(line, frame, x);
    for (let i = from; i < to; i++) {
      const distance = distanceToSegment(line, frame, i, x, y);
      if (distance < bestDistance) {
        bestDistance = distance;
        best = { line, index: closerEnd(line, frame, i, x, y) };
      }
    }
  }
  return best;
}

/** The index of the point of the line nearest to `x` (a plot coordinate) that has a place on the plot; -1 for none. */
export function nearestIndex(line: Line, x: number): number {
  const { xs, ys, sorted } = line;
  let best = -1;
  const consider = (i: number) => {
    if (Number.isFinite(ys[i]) && (best < 0 || Math.abs((xs[i] as number) - x) < Math.abs((xs[best] as number) - x))) {
      best = i;
    }
    return Number.isFinite(ys[i]);
  };
  if (!sorted) {
    for (let i = 0; i < xs.length; i++) {
      consider(i);
    }
    return best;
  }
  const start = lowerBound(xs, x);
  for (let i = start; i < xs.length && !consider(i); i++);
  for (let i = start - 1; i >= 0 && !consider(i); i--);
  return best;
}

/** The next point with a place on the plot, `direction` 1 to the right and -1 to the left; the same at the end. */
export function neighbour({ line, index }: LinePoint, direction: 1 | -1): LinePoint {
  for (let i = index + direction; i >= 0 && i < line.ys.length; i += direction) {
    if (Number.isFinite(line.ys[i])) {
      return { line, index: i };
    }
  }
  return { line, index };
}

/** The point at the same x of the line that lies next above (1) or below (-1); the same where there is none. */
export function pointOnNextLine(lines: readonly Line[], from: LinePoint, direction: 1 | -1): LinePoint {
  const x = from.line.xs[from.index] as number;
  const points = lines
    .map((line): LinePoint => ({ line, index: line === from.line ? from.index : nearestIndex(line, x) }))
    .filter((point) => point.index >= 0)
    .sort((a, b) => height(a) - height(b));
  const here = points.findIndex((point) => point.line === from.line);
  return points[here + direction] ?? from;
}

function height({ line, index }: LinePoint): number {
  return line.ys[index] as number;
}

/** Half-open range of the points whose segments come near the vertical through pixel `x`. */
function around({ xs, sorted }: Line, frame: Frame, x: number): [from: number, to: number] {
  if (!sorted) {
    return [0, xs.length];
  }
  const from = lowerBound(xs, toPlotX(frame, x - REACH));
  const to = upperBound(xs, toPlotX(frame, x + REACH));
  return [Math.max(0, from - 1), Math.min(xs.length, to + 1)];
}

/** Pixels from (x, y) to the segment from point i - 1 to point i, or to point i alone where there is no segment. */
function distanceToSegment({ xs, ys }: Line, frame: Frame, i: number, x: number, y: number): number {
  if (!Number.isFinite(ys[i])) {
    return Number.POSITIVE_INFINITY;
  }
  const endX = toPixelX(frame, xs[i] as number);
  const endY = toPixelY(frame, ys[i] as number);
  if (i === 0 || !Number.isFinite(ys[i - 1])) {
    return Math.hypot(x - endX, y - endY);
  }
  const startX = toPixelX(frame, xs[i - 1] as number);
  const startY = toPixelY(frame, ys[i - 1] as number);
  const alongX = endX - startX;
  const alongY = endY - startY;
  const length = alongX * alongX + alongY * alongY;
  const share = length === 0 ? 0 : Math.min(1, Math.max(0, ((x - startX) * alongX + (y - startY) * alongY) / length));
  return Math.hypot(x - startX - share * alongX, y - startY - share * alongY);
}

function closerEnd({ xs, ys }: Line, frame: Frame, i: number, x: number, y: number): number {
  if (i === 0 || !Number.isFinite(ys[i - 1])) {
    return i;
  }
  const distance = (k: number) =>
    Math.hypot(x - toPixelX(frame, xs[k] as number), y - toPixelY(frame, ys[k] as number));
  return distance(i - 1) < distance(i) ? i - 1 : i;
}
