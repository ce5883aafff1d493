/** Marks at the edge of the plot for points that have no place on it: nothing that was logged is silently absent. */
import { visible } from "./bounds";
import { type Frame, toPixelX } from "./frame";
import type { Line } from "./lines";

/** "up" and "down" are values above and below all axes; "none" is NaN, which lies nowhere. */
export type MarkShape = "up" | "down" | "none";

/** One point without a place on the plot, at the pixel where its x coordinate lies. */
export interface Mark {
  /** In pixels of the frame. */
  x: number;
  shape: MarkShape;
}

/** The marks of one line, at most one of each shape every `spacing` pixels. */
export function marksOf(line: Line, frame: Frame, spacing: number): Mark[] {
  const marks: Mark[] = [];
  const last: Record<MarkShape, number> = { up: -Infinity, down: -Infinity, none: -Infinity };
  const [from, to] = visible(line, frame.x);
  for (let i = from; i < to; i++) {
    const here = line.xs[i] as number;
    if (Number.isFinite(line.ys[i]) || here < frame.x.min || here > frame.x.max) {
      continue;
    }
    const x = toPixelX(frame, here);
    const shape = shapeOf(line.series.values[i] as number);
    if (Math.abs(x - last[shape]) >= spacing) {
      last[shape] = x;
      marks.push({ x, shape });
    }
  }
  return marks;
}

/** Draws marks of `size` pixels inside the frame: triangles that point off the plot, crosses for NaN. */
export function paintMarks(
  context: CanvasRenderingContext2D,
  frame: Frame,
  marks: readonly Mark[],
  color: string,
  size: number,
): void {
  const bottom = frame.top + frame.height;
  context.fillStyle = color;
  context.strokeStyle = color;
  context.lineWidth = size / 4;
  for (const { x, shape } of marks) {
    context.beginPath();
    if (shape === "none") {
      const [low, high] = [bottom - size * 0.2, bottom - size];
      context.moveTo(x - size * 0.4, low);
      context.lineTo(x + size * 0.4, high);
      context.moveTo(x - size * 0.4, high);
      context.lineTo(x + size * 0.4, low);
      context.stroke();
    } else {
      const tip = shape === "up" ? frame.top : bottom;
      const base = shape === "up" ? frame.top + size : bottom - size;
      context.moveTo(x, tip);
      context.lineTo(x - size * 0.6, base);
      context.lineTo(x + size * 0.6, base);
      context.fill();
    }
  }
}

function shapeOf(value: number): MarkShape {
  if (Number.isNaN(value)) {
    return "none";
  }
  return value === Number.POSITIVE_INFINITY ? "up" : "down";
}
