/** Where the keyboard is in the tree. It stays with its run when rows come, go or move. */
import { type RefObject, useCallback, useLayoutEffect, useRef, useState } from "react";
import { keyIn, type TreeRows } from "../model/rows";
import type { Cursor } from "./keyboard";

interface Held extends Cursor {
  /** By what the row is found again; null for one that has not arrived. */
  key: string | null;
}

/** The keyboard's place, always on a row where there is one. */
export interface TreeCursor {
  cursor: Cursor;
  /** Moves, and with `focus` takes the browser's focus along. */
  move: (to: Cursor, focus: boolean) => void;
}

/** `tree` is the element that holds the rows: focus goes there only when asked for, or when it was inside already. */
export function useTreeCursor(rows: TreeRows, tree: RefObject<HTMLElement | null>): TreeCursor {
  const [held, setHeld] = useState<Held>({ row: 0, column: 0, key: null });
  const wantsFocus = useRef(false);
  const focused = useRef<Element | null>(null);
  const cursor = { row: rowOf(held, rows), column: held.column };

  useLayoutEffect(() => {
    const body = tree.current;
    const isInside = () => body?.querySelector("[data-row]:focus, [data-row] :focus") !== null;
    // A browser lets go of the focus when the row that had it leaves the document.
    const isLost = focused.current?.isConnected === false && document.activeElement === document.body;
    if (body && (wantsFocus.current || isLost || isInside())) {
      const row = body.querySelector<HTMLElement>(`[data-row="${cursor.row}"]`);
      const target = cursor.column === 0 ? row : row?.querySelector<HTMLElement>(`[data-cell="${cursor.column}"]`);
      if (target && (wantsFocus.current || !row?.contains(document.activeElement))) {
        wantsFocus.current = false;
        target.focus({ preventScroll: true });
      }
    }
    focused.current = isInside() ? document.activeElement : null;
  });

  const move = useCallback(
    (to: Cursor, focus: boolean) => {
      wantsFocus.current = focus;
      setHeld({ ...to, key: keyIn(rows.rowAt(to.row)) });
    },
    [rows],
  );
  return { cursor, move };
}

function rowOf({ row, key }: Held, rows: TreeRows): number {
  if (key !== null && keyIn(rows.rowAt(row)) !== key) {
    const index = rows.placeOf(key);
    if (index >= 0) {
      return index;
    }
  }
  return Math.max(0, Math.min(row, rows.count - 1));
}
