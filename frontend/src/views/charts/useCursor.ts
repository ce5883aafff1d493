/** The point that a chart's cursor is on, moved by the pointer or by keys. */
import { type KeyboardEvent, useMemo, useState } from "react";
import { nearestIndex, neighbour } from "../../plot/marks/polyline";
import type { Line } from "./lines";
import { type LinePoint, pointOnNextLine } from "./nearest";

/** A point by what stays the same when the chart's points are asked for again. */
interface Place {
  runId: string;
  x: number;
  byKeyboard: boolean;
}

/** A place on one line, or nowhere. */
export interface Cursor {
  point: LinePoint | null;
  byKeyboard: boolean;
  /** Puts the cursor on a point, or takes it away. */
  set: (point: LinePoint | null, byKeyboard: boolean) => void;
  /** Moves the cursor as the key says. Returns the point it is on then; undefined when the key is none of its own. */
  press: (event: KeyboardEvent) => LinePoint | null | undefined;
}

/** Points that the arrow keys pass over with Shift held. */
const STRIDE = 10;

/**
 * The cursor keeps its run and its x when lines change, and is nowhere once its run is gone. `start` is the run on
 * which the keyboard begins.
 */
export function useCursor(lines: readonly Line[], start: string | null): Cursor {
  const [place, setPlace] = useState<Place | null>(null);
  const point = useMemo(() => resolve(lines, place), [lines, place]);
  const set = (next: LinePoint | null, byKeyboard: boolean) => {
    const x = next?.line.xs[next.index];
    setPlace(next === null || x === undefined ? null : { runId: next.line.run.runId, x, byKeyboard });
  };
  const press = (event: KeyboardEvent) => {
    const from = point ?? firstPoint(lines, start);
    const next = point === null && event.key.startsWith("Arrow") ? from : moved(lines, from, event.key, event.shiftKey);
    if (next !== undefined) {
      set(next, true);
    }
    return next;
  };
  return { point, byKeyboard: place?.byKeyboard ?? false, set, press };
}

function resolve(lines: readonly Line[], place: Place | null): LinePoint | null {
  const line = lines.find((candidate) => candidate.run.runId === place?.runId);
  if (line === undefined || place === null) {
    return null;
  }
  const index = nearestIndex(line, place.x);
  return index < 0 ? null : { line, index };
}

/** The last point of the run to start on, or of the first run that has one. */
function firstPoint(lines: readonly Line[], start: string | null): LinePoint | null {
  const wanted = lines.filter(({ run }) => run.runId === start);
  for (const line of [...wanted, ...lines]) {
    const index = nearestIndex(line, Number.POSITIVE_INFINITY);
    if (index >= 0) {
      return { line, index };
    }
  }
  return null;
}

function moved(
  lines: readonly Line[],
  from: LinePoint | null,
  key: string,
  far: boolean,
): LinePoint | null | undefined {
  if (from === null) {
    return undefined;
  }
  const { line } = from;
  const repeat = (direction: 1 | -1) => {
    let { index } = from;
    for (let i = 0; i < (far ? STRIDE : 1); i++) {
      index = neighbour(line, index, direction);
    }
    return { line, index };
  };
  switch (key) {
    case "ArrowLeft":
      return repeat(-1);
    case "ArrowRight":
      return repeat(1);
    case "ArrowUp":
      return pointOnNextLine(lines, from, 1);
    case "ArrowDown":
      return pointOnNextLine(lines, from, -1);
    case "Home":
      return { line, index: nearestIndex(line, Number.NEGATIVE_INFINITY) };
    case "End":
      return { line, index: nearestIndex(line, Number.POSITIVE_INFINITY) };
    case "Escape":
      return null;
    default:
      return undefined;
  }
}
