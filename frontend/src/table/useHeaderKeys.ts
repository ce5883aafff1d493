/** What keys do in the header. */
import { type KeyboardEvent, useState } from "react";
import { NAME } from "../model/columns";
import { boundedWidth } from "./columns";
import type { TreeHeaderProps } from "./props";

/** By how much a key makes a column wider or narrower, in CSS pixels. */
const STEP = 16;

/** Where the keyboard is, as the number of a column; 0 is that of the names. */
export function useHeaderKeys(header: TreeHeaderProps) {
  const { columns, view, onLeave } = header;
  const [reached, setCurrent] = useState(0);
  const focus = (row: HTMLElement, number: number) => {
    setCurrent(number);
    view.reach(number);
    requestAnimationFrame(() => row.querySelector<HTMLElement>(`[data-column="${number}"]`)?.focus());
  };
  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    const current = Number((event.target as HTMLElement).dataset["column"] ?? reached);
    const last = columns.length;
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const next = by === undefined ? { Home: 0, End: last }[event.key] : current + by;
    if (event.key === "ArrowDown" && event.altKey) {
      openMenu(header, current, event);
    } else if (event.key === "ArrowDown") {
      onLeave();
    } else if (by !== undefined && event.shiftKey) {
      resize(header, current, by);
    } else if (by !== undefined && (event.ctrlKey || event.metaKey)) {
      if (move(header, current, by)) {
        focus(event.currentTarget, current + by);
      }
    } else if (next !== undefined && next >= 0 && next <= last) {
      focus(event.currentTarget, next);
    } else {
      return;
    }
    event.preventDefault();
  };
  const onFocus = ({ target }: { target: HTMLElement }) => setCurrent(Number(target.dataset["column"] ?? reached));
  return { current: reached, onKeyDown, onFocus };
}

function openMenu({ columns, onMenu }: TreeHeaderProps, current: number, event: KeyboardEvent) {
  const column = columns[current - 1];
  if (column !== undefined && !column.isFixed) {
    onMenu?.(column.id, headerOf(event.target as HTMLElement));
  }
}

function resize({ columns, nameWidth, onResize }: TreeHeaderProps, current: number, by: number) {
  const column = columns[current - 1];
  onResize?.(column?.id ?? NAME, boundedWidth((column?.width ?? nameWidth) + by * STEP));
}

/** Whether the column could be moved there: pinned columns move among themselves. */
function move({ columns, onMove }: TreeHeaderProps, current: number, by: number): boolean {
  const [column, other] = [columns[current - 1], columns[current - 1 + by]];
  const canMove = column && other && !column.isFixed && !other.isFixed;
  if (!canMove || (column.isPinned ?? false) !== (other.isPinned ?? false) || onMove === undefined) {
    return false;
  }
  onMove(column.id, by);
  return true;
}

/** The whole header that an element of it stands in. */
export function headerOf(element: HTMLElement): HTMLElement {
  return element.closest<HTMLElement>("[data-header]") ?? element;
}
