/** The path of a small curve. */

export const WIDTH = 56;
export const HEIGHT = 18;
const EDGE = 1.5;

/**
 * The SVG path of points in a box of so many pixels, from the first step to the last and from the lowest value to the
 * highest; where a value is not finite it is interrupted. Empty where there is nothing to draw.
 */
export function curvePath(steps: ArrayLike<number>, values: ArrayLike<number>): string {
  const finite = Array.from(values).filter(Number.isFinite);
  // One point says no more than its number does.
  if (finite.length < 2) {
    return "";
  }
  const x = scaleOf(steps[0] as number, steps[steps.length - 1] as number, EDGE, WIDTH - EDGE);
  const y = scaleOf(Math.min(...finite), Math.max(...finite), HEIGHT - EDGE, EDGE);
  let path = "";
  let isDrawing = false;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    if (Number.isFinite(value)) {
      path += `${isDrawing ? "L" : "M"}${x(steps[i] as number)} ${y(value)}`;
    }
    isDrawing = Number.isFinite(value);
  }
  // A point alone is a dot: a line of no length with round ends.
  return path.replaceAll(/M([\d.]+ [\d.]+)(?=M|$)/g, "M$1l0 0");
}

/** From one interval to another, to a tenth of a pixel; in the middle where there is no interval. */
function scaleOf(from: number, to: number, start: number, end: number): (value: number) => number {
  const span = to / 2 - from / 2;
  return (value) => {
    const share = span > 0 ? (value / 2 - from / 2) / span : 0.5;
    return Math.round((start + (end - start) * share) * 10) / 10;
  };
}
