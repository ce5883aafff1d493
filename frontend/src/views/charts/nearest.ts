/** Which point is meant: by the pointer, or by the arrow keys. */
import type { Frame } from "../../plot/frame";
import { hitLine } from "../../plot/marks/line";
import { nearestIndex } from "../../plot/marks/polyline";
import type { Line } from "./lines";

/** A point of a line. */
export interface LinePoint {
  line: Line;
  index: number;
}

/** The point nearest to a place on the canvas: of the line that passes closest to it. Null where none is in view. */
export function nearestPoint(lines: readonly Line[], frame: Frame, x: number, y: number): LinePoint | null {
  let best: LinePoint | null = null;
  let distance = Number.POSITIVE_INFINITY;
  for (const line of lines) {
    const hit = hitLine(line, frame, x, y);
    if (hit !== null && hit.distance < distance) {
      distance = hit.distance;
      best = { line, index: hit.index };
    }
  }
  return best;
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
