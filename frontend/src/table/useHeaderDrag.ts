/** Moving a column by dragging its header. */
import { type PointerEvent, useRef, useState } from "react";
import type { TreeHeaderProps } from "./props";

/** A pointer that has moved less has clicked, in CSS pixels. */
const LEAST = 6;

interface Drag {
  /** The column that is moved. */
  dragged: string;
  /** The column that it would stand before or after. */
  over: string;
  isAfter: boolean;
}

/** Which column is moved where, for what is drawn of it, and the handler that begins it. */
export function useHeaderDrag({ columns, onMove }: Pick<TreeHeaderProps, "columns" | "onMove">) {
  const [drag, setDrag] = useState<Drag | null>(null);
  const hasMoved = useRef(false);
  const onPointerDown = (event: PointerEvent<HTMLElement>, dragged: string) => {
    hasMoved.current = false;
    if (event.button !== 0 || onMove === undefined) {
      return;
    }
    const from = event.clientX;
    const row = event.currentTarget.parentElement as HTMLElement;
    let latest: Drag | null = null;
    const onPointerMove = ({ clientX }: globalThis.PointerEvent) => {
      if (hasMoved.current || Math.abs(clientX - from) >= LEAST) {
        hasMoved.current = true;
        latest = placeAt(row, clientX, dragged);
        setDrag(latest);
      }
    };
    const onEnd = ({ type }: Event) => {
      document.removeEventListener("pointermove", onPointerMove);
      document.removeEventListener("pointerup", onEnd);
      document.removeEventListener("pointercancel", onEnd);
      setDrag(null);
      // The click that the release makes comes first.
      setTimeout(() => {
        hasMoved.current = false;
      });
      if (type === "pointerup" && latest !== null) {
        onMove(dragged, placesBetween(columns, latest));
      }
    };
    document.addEventListener("pointermove", onPointerMove);
    document.addEventListener("pointerup", onEnd);
    document.addEventListener("pointercancel", onEnd);
  };
  return {
    onPointerDown,
    dragged: drag?.dragged ?? null,
    before: drag?.isAfter === false ? drag.over : null,
    after: drag?.isAfter ? drag.over : null,
    isOver: () => hasMoved.current,
  };
}

/** The header under the pointer, and whether this is in its second half. */
function placeAt(row: HTMLElement, clientX: number, dragged: string): Drag | null {
  for (const cell of row.querySelectorAll<HTMLElement>("[data-header]")) {
    const { left, right } = cell.getBoundingClientRect();
    if (clientX >= left && clientX < right) {
      return { dragged, over: cell.dataset["header"] ?? "", isAfter: clientX > (left + right) / 2 };
    }
  }
  return null;
}

/** So many places further, among the columns that somebody has chosen. */
function placesBetween(columns: TreeHeaderProps["columns"], { dragged, over, isAfter }: Drag): number {
  const ids = columns.filter(({ isFixed = false, id }) => !isFixed || id === over).map(({ id }) => id);
  const [from, to] = [ids.indexOf(dragged), ids.indexOf(over)];
  return to > from ? to - from - (isAfter ? 0 : 1) : to - from + (isAfter && to < from ? 1 : 0);
}
