/** Cuts a segment to a rectangle. */

/** A straight line from (x0, y0) to (x1, y1), in pixels. */
export interface Segment {
  x0: number;
  y0: number;
  x1: number;
  y1: number;
}

/** Sides in pixels; y grows downwards, so `top` is the smaller one. */
export interface Rectangle {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/**
 * The part of the segment inside the rectangle, null where there is none (after Liang and Barsky). Where it is cut, the
 * cut lies on the rectangle's side exactly: an end may be 1e30 pixels away, and a sum with that knows no pixels any more.
 */
export function clipSegment(segment: Segment, rectangle: Rectangle): Segment | null {
  const { x0, y0, x1, y1 } = segment;
  const alongX = x1 - x0;
  const alongY = y1 - y0;
  let enter = 0;
  let leave = 1;
  let start = { x: x0, y: y0 };
  let end = { x: x1, y: y1 };
  // Of each side, how far inside it the two ends lie.
  const sides: ["x" | "y", edge: number, startRoom: number, endRoom: number][] = [
    ["x", rectangle.left, x0 - rectangle.left, x1 - rectangle.left],
    ["x", rectangle.right, rectangle.right - x0, rectangle.right - x1],
    ["y", rectangle.top, y0 - rectangle.top, y1 - rectangle.top],
    ["y", rectangle.bottom, rectangle.bottom - y0, rectangle.bottom - y1],
  ];
  for (const [axis, edge, startRoom, endRoom] of sides) {
    const share = startRoom / (startRoom - endRoom);
    const cut = () => ({
      x: axis === "x" ? edge : within(x0 + share * alongX, rectangle.left, rectangle.right),
      y: axis === "y" ? edge : within(y0 + share * alongY, rectangle.top, rectangle.bottom),
    });
    if (startRoom < 0 && endRoom < 0) {
      return null;
    }
    if (startRoom < 0 && share >= enter) {
      enter = share;
      start = cut();
    } else if (endRoom < 0 && share <= leave) {
      leave = share;
      end = cut();
    }
  }
  return enter <= leave ? { x0: start.x, y0: start.y, x1: end.x, y1: end.y } : null;
}

function within(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
