/** What a key does in the tree, after the treegrid pattern of the ARIA Authoring Practices. */
import { canExpand, type Row, type TreeRows } from "../model/rows";

/** Where the keyboard is: a row as a whole at column 0, one of its cells from column 1 on. */
export interface Cursor {
  row: number;
  column: number;
}

/** A key as the browser names it, with what was held. */
export interface KeyPress {
  key: string;
  shift: boolean;
  /** Control, or Command on a Mac. */
  control: boolean;
}

/** What the tree is to do; rows are indices among all rows. */
export type Action =
  | { kind: "move"; to: Cursor; extend: boolean }
  | { kind: "expand" | "collapse"; row: number }
  | { kind: "select"; row: number; range: boolean }
  | { kind: "select all" }
  | { kind: "to header"; column: number };

/** How much there is to move in: the columns besides the name, and the rows that are on screen at a time. */
export interface Extent {
  columns: number;
  rowsOnScreen: number;
}

/** The action of a key, null where the tree has no use for it. */
export function actionOf(press: KeyPress, cursor: Cursor, rows: TreeRows, extent: Extent): Action | null {
  const row = rows.rowAt(cursor.row);
  if (row === undefined) {
    return null;
  }
  switch (press.key) {
    case "ArrowRight":
      return toTheRight(cursor, row, extent);
    case "ArrowLeft":
      return toTheLeft(cursor, row, rows);
    case "Enter":
      return canExpand(row)
        ? { kind: row.expanded ? "collapse" : "expand", row: cursor.row }
        : { kind: "select", row: cursor.row, range: false };
    case " ":
      return { kind: "select", row: cursor.row, range: press.shift };
    case "a":
      return press.control ? { kind: "select all" } : null;
    default:
      return vertical(press, cursor, rows, extent);
  }
}

function toTheRight(cursor: Cursor, row: Row, extent: Extent): Action {
  if (cursor.column === 0 && canExpand(row) && !row.expanded) {
    return { kind: "expand", row: cursor.row };
  }
  return move({ row: cursor.row, column: Math.min(cursor.column + 1, extent.columns) });
}

function toTheLeft(cursor: Cursor, row: Row, rows: TreeRows): Action {
  if (cursor.column > 0) {
    return move({ row: cursor.row, column: cursor.column - 1 });
  }
  if (canExpand(row) && row.expanded) {
    return { kind: "collapse", row: cursor.row };
  }
  const parent = rows.parentOf(cursor.row);
  return move({ row: parent < 0 ? cursor.row : parent, column: 0 });
}

function vertical(press: KeyPress, cursor: Cursor, rows: TreeRows, extent: Extent): Action | null {
  const { row, column } = cursor;
  const last = rows.count - 1;
  const stride = Math.max(1, extent.rowsOnScreen - 1);
  switch (press.key) {
    case "ArrowDown":
      return move({ row: Math.min(row + 1, last), column }, press.shift);
    case "ArrowUp":
      return row === 0 ? { kind: "to header", column } : move({ row: row - 1, column }, press.shift);
    case "PageDown":
      return move({ row: Math.min(row + stride, last), column });
    case "PageUp":
      return move({ row: Math.max(row - stride, 0), column });
    case "Home":
      return move(column === 0 || press.control ? { row: 0, column } : { row, column: 1 });
    case "End":
      return move(column === 0 || press.control ? { row: last, column } : { row, column: extent.columns });
    default:
      return null;
  }
}

function move(to: Cursor, extend = false): Action {
  return { kind: "move", to, extend };
}
