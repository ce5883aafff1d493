/** What keys and focus do in the tree's table. */
import type { Virtualizer } from "@tanstack/react-virtual";
import type { FocusEvent, KeyboardEvent, RefObject } from "react";
import type { TreeRows } from "../model/rows";
import type { MenuPlace } from "../ui/Menu";
import { type Action, actionOf, type Cursor } from "./keyboard";
import { HEADER_HEIGHT, ROW_HEIGHT } from "./measures";
import type { TreeCommands } from "./useRowCommands";
import type { TreeCursor } from "./useTreeCursor";

interface TreeKeys extends TreeCursor {
  rows: TreeRows;
  columnCount: number;
  commands: TreeCommands;
  selectAll: () => void;
  vertical: Pick<Virtualizer<HTMLDivElement, Element>, "scrollToIndex">;
  /** Brings a column into view. */
  reach: (number: number) => void;
  scroll: RefObject<HTMLDivElement | null>;
}

/** How far a menu stands from the beginning of its row, in CSS pixels. */
const MENU_INDENT = 48;

/** What Enter does in a cell that has a button. */
const IN_CELL = ":scope[data-cell] > button";

/** Handlers for the element that holds the whole table, header included. */
export function useTreeKeys(tree: TreeKeys) {
  const { rows, columnCount, cursor, move, commands, scroll } = tree;
  const onKeyDown = (event: KeyboardEvent) => {
    if (!(event.target as Element).matches("[data-row], [data-cell]") || event.altKey) {
      return;
    }
    const inCell = event.key === "Enter" ? (event.target as Element).querySelector<HTMLElement>(IN_CELL) : null;
    if (inCell !== null) {
      event.preventDefault();
      inCell.click();
      return;
    }
    if (event.key === "ContextMenu" || (event.key === "F10" && event.shiftKey)) {
      event.preventDefault();
      commands.onMenu(cursor.row, placeBelow(event.target as Element));
      return;
    }
    const press = { key: event.key, shift: event.shiftKey, control: event.ctrlKey || event.metaKey };
    const rowsOnScreen = Math.floor(((scroll.current?.clientHeight ?? 0) - HEADER_HEIGHT) / ROW_HEIGHT);
    const action = actionOf(press, cursor, rows, { columns: columnCount, rowsOnScreen });
    if (action !== null) {
      event.preventDefault();
      perform(action, tree);
    }
  };
  // A screen reader moves the focus without a key: the next key then acts where it has moved to.
  const onFocus = (event: FocusEvent) => {
    const reached = placeOf(event.target);
    if (reached !== null && (reached.row !== cursor.row || reached.column !== cursor.column)) {
      move(reached, false);
    }
  };
  return { onKeyDown, onFocus };
}

/** Where a menu of what has the focus stands. */
function placeBelow(element: Element): MenuPlace {
  const { left, bottom } = element.getBoundingClientRect();
  return { x: left + MENU_INDENT, y: bottom };
}

/** The row or the cell that has the focus; null for the header and for what stands in a cell, like its box. */
function placeOf(element: Element): Cursor | null {
  if (!element.matches("[data-row], [data-cell]")) {
    return null;
  }
  const row = element.closest<HTMLElement>("[data-row]");
  const column = element.matches("[data-cell]") ? (element as HTMLElement).dataset.cell : "0";
  return row && { row: Number(row.dataset.row), column: Number(column) };
}

function perform(action: Action, { cursor, move, commands, selectAll, vertical, reach, scroll }: TreeKeys): void {
  switch (action.kind) {
    case "move":
      vertical.scrollToIndex(action.to.row);
      if (action.to.column > 0) {
        reach(action.to.column);
      }
      move(action.to, true);
      if (action.extend) {
        commands.onExtend(cursor.row, action.to.row);
      }
      break;
    case "expand":
    case "collapse":
      commands.onToggle(action.row);
      break;
    case "select":
      commands.onSelect(action.row, action.range);
      break;
    case "select all":
      selectAll();
      break;
    case "to header":
      scroll.current?.querySelector<HTMLElement>(`[data-column="${action.column}"]`)?.focus();
      break;
  }
}
