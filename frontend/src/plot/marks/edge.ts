/** Marks at the edge of the plot for points that have no place on it: nothing that was logged is silently absent. */
import type { Frame } from "../frame";
import { isInside } from "../interval";
import { type Polyline, visible } from "./polyline";

/** "up" and "down" are values above and below all axes; "none" is NaN, which lies nowhere. */
export type EdgeShape = "up" | "down" | "none";

/** One point without a place on the plot, at the pixel where its x lies. */
export interface EdgeMark {
  x: number;
  shape: EdgeShape;
}

/**
 * The marks of one line, at most one of each shape every `spacing` pixels. `values` are those behind the line's `ys`,
 * which say why a point has no place.
 */
export function edgeMarksOf(line: Polyline, values: Float64Array, { x }: Frame, spacing: number): EdgeMark[] {
  const marks: EdgeMark[] = [];
  const last: Record<EdgeShape, number> = { up: -Infinity, down: -Infinity, none: -Infinity };
  const [from, to] = visible(line, x.scale.domain);
  for (let i = from; i < to; i++) {
    const here = line.xs[i] as number;
    if (Number.isFinite(line.ys[i]) || !isInside(here, x.scale.domain)) {
      continue;
    }
    const pixel = x.scale.place(here);
    const shape = shapeOf(values[i] as number);
    if (Math.abs(pixel - last[shape]) >= spacing) {
      last[shape] = pixel;
      marks.push({ x: pixel, shape });
    }
  }
  return marks;
}

/** Draws marks of `size` CSS pixels inside the plot: triangles that point off it, crosses for NaN. */
export function paintEdgeMarks(
  context: CanvasRenderingContext2D,
  { area }: Frame,
  marks: readonly EdgeMark[],
  color: string,
  size: number,
): void {
  const bottom = area.top + area.height;
  context.fillStyle = color;
  context.strokeStyle = color;
  context.lineWidth = size / 4;
  context.setLineDash([]);
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
      const tip = shape === "up" ? area.top : bottom;
      const base = shape === "up" ? area.top + size : bottom - size;
      context.moveTo(x, tip);
      context.lineTo(x - size * 0.6, base);
      context.lineTo(x + size * 0.6, base);
      context.fill();
    }
  }
}

function shapeOf(value: number): EdgeShape {
  if (Number.isNaN(value)) {
    return "none";
  }
  return value === Number.POSITIVE_INFINITY ? "up" : "down";
}
