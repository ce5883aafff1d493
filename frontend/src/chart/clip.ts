/** Cuts a segment to a rectangle. */

export interface Segment {
  x0: number;
  y0: number;
  x1: number;
  y1: number;
}

export interface Rectangle {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/** The part of the segment inside the rectangle, null where there is none (after Liang and Barsky). */
export function clipSegment({ x0, y0, x1, y1 }: Segment, rectangle: Rectangle): Segment | null {
  const alongX = x1 - x0;
  const alongY = y1 - y0;
  let enter = 0;
  let leave = 1;
  const sides: [number, number][] = [
    [-alongX, x0 - rectangle.left],
    [alongX, rectangle.right - x0],
    [-alongY, y0 - rectangle.top],
    [alongY, rectangle.bottom - y0],
  ];
  for (const [along, room] of sides) {
    if (along === 0 ? room < 0 : false) {
      return null;
    }
    if (along < 0) {
      enter = Math.max(enter, room / along);
    } else if (along > 0) {
      leave = Math.min(leave, room / along);
    }
  }
  if (!(enter <= leave)) {
    return null;
  }
  return { x0: x0 + enter * alongX, y0: y0 + enter * alongY, x1: x0 + leave * alongX, y1: y0 + leave * alongY };
}
