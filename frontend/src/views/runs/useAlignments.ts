/** How the numbers of each column are written, by what has been on screen. */
import { useRef } from "react";
import type { Cell } from "../../api/messages";
import { type Alignment, widened } from "../../model/alignment";
import { cellOf, numberOf } from "../../model/cells";
import { isAsked, kindOf } from "../../model/columns";
import type { Row, RowIndex } from "../../model/rows";
import { firstAlignment } from "./columns";
import { metricCellOf } from "./groups/groupCells";

/** So many rows around what is new on screen are looked at again: values that are near one another are to differ. */
const AROUND = 5;

interface Seen {
  rows: RowIndex | null;
  shown: readonly string[];
  first: number;
  last: number;
  alignments: ReadonlyMap<string, Alignment>;
}

/** The same map while it says the same. It costs what has come on screen since. */
export function useAlignments(
  shown: readonly string[],
  rows: RowIndex,
  { first, last }: { first: number; last: number },
): ReadonlyMap<string, Alignment> {
  // What is known only grows, so that it makes no difference how often this is worked out.
  const seen = useRef<Seen>({ rows: null, shown, first: 0, last: -1, alignments: new Map() });
  const before = seen.current;
  if (before.rows !== rows || before.shown !== shown || before.first !== first || before.last !== last) {
    const places = newPlaces(before, rows, shown, first, last);
    seen.current = { rows, shown, first, last, alignments: grown(before.alignments, shown, rows, places) };
  }
  return seen.current.alignments;
}

function newPlaces(before: Seen, rows: RowIndex, shown: readonly string[], first: number, last: number): number[] {
  const isSame = before.rows === rows && before.shown === shown;
  const places = Array.from({ length: last - first + 1 }, (_, i) => first + i);
  const isNew = (place: number) => !isSame || place < before.first + AROUND || place > before.last - AROUND;
  return places.filter(isNew);
}

function grown(
  before: ReadonlyMap<string, Alignment>,
  shown: readonly string[],
  rows: RowIndex,
  places: readonly number[],
): ReadonlyMap<string, Alignment> {
  const there = places.map((place) => rows.rowAt(place));
  const changed = new Map<string, Alignment>();
  for (const column of shown.filter(isAsked)) {
    const cells = there.map((row) => cellAt(row, column)).filter((cell) => cell !== null);
    const known = before.get(column) ?? firstAlignment(column);
    const next = widened(known, cells.map(numberOf));
    if (next !== before.get(column)) {
      changed.set(column, next);
    }
  }
  return changed.size > 0 ? new Map([...before, ...changed]) : before;
}

/** What a row shows in a column, where it is a value or a number made of values. */
function cellAt(row: Row | undefined, column: string): Cell {
  switch (row?.kind) {
    case "run":
      return cellOf(row.run, row.columns, column);
    case "group":
      return kindOf(column) === "metric" ? metricCellOf(row, column) : null;
    default:
      return null;
  }
}
