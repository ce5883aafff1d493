/** The tree of runs as a table, of which only what is on screen is in the document. */
import { type Range, useVirtualizer } from "@tanstack/react-virtual";
import { useCallback, useEffect, useRef, useState } from "react";
import { groupName } from "../model/groups";
import type { Row, TreeRows } from "../model/rows";
import type { Selection } from "../model/selection";
import { colorOf } from "../theme/palette";
import { Popover } from "../ui/Popover";
import { HEADER_HEIGHT, nameWidth, ROW_HEIGHT } from "./measures";
import type { Matches, Share, TreeTableProps } from "./props";
import { TreeHeader } from "./TreeHeader";
import { TreeRow } from "./TreeRow";
import { useColumnWindow } from "./useColumnWindow";
import { useRowCommands } from "./useRowCommands";
import { type TreeCursor, useTreeCursor } from "./useTreeCursor";
import { useTreeKeys } from "./useTreeKeys";
import { withIndex } from "./withIndex";
import "./table.css";

const OVERSCAN = 8;

/**
 * A treegrid with the keys of the ARIA pattern. Says through `onRange` which rows are on screen, so that their pages
 * are asked for.
 */
export function TreeTable(props: TreeTableProps) {
  const { rows, columns, selection, highlighted } = props;
  const scroll = useRef<HTMLDivElement>(null);
  const { cursor, move } = useTreeCursor(rows, scroll);
  const { vertical, items } = useRowWindow(rows.count, scroll, cursor.row, props.onRange);
  const reached = useArrival(props, move, vertical.scrollToIndex);
  const wanted = useNameWidth(
    rows,
    items.map(({ index }) => index),
  );
  const names = props.namesWidth ?? wanted;
  const view = useColumnWindow(columns, names, scroll, cursor.column);
  const width = names + view.width;
  const selected = shareOf(selection, rows, props.matches ?? null);
  const selectRows = () => props.onSelectPlaces(0, rows.count - 1);
  const selectAll = selected === "all" ? props.onClear : (props.matches?.onSelectAll ?? selectRows);
  const commands = useRowCommands(props, move);
  const keys = useTreeKeys({
    rows,
    columnCount: columns.length,
    cursor,
    move,
    commands,
    selectAll,
    vertical,
    reach: view.reach,
    scroll,
  });
  const { menu, onMenu, onCloseMenu } = useHeaderMenu(scroll);

  return (
    <div
      className="table"
      onPointerEnter={() => props.onHold(true)}
      onPointerMove={() => props.onHold(true)}
      onPointerLeave={() => props.onHold(false)}
    >
      <div
        ref={scroll}
        className="tree"
        role="treegrid"
        aria-label="Runs"
        aria-rowcount={rows.count + 1}
        aria-colcount={columns.length + 1}
        aria-multiselectable
        aria-busy={props.isEarlier}
        onKeyDown={keys.onKeyDown}
        onFocus={keys.onFocus}
      >
        <TreeHeader
          {...props}
          nameWidth={names}
          view={view}
          width={width}
          selected={selected}
          onSort={(column) => {
            props.onSort(column);
            scroll.current?.scrollTo({ top: 0 });
          }}
          onSelectAll={selectAll}
          onMenu={props.menuOf && onMenu}
          onLeave={() => move({ row: cursor.row, column: 0 }, true)}
        />
        <div className="tree-body" role="rowgroup" style={{ height: vertical.getTotalSize() - HEADER_HEIGHT, width }}>
          {items.map(({ index, start }) => {
            const row = rows.rowAt(index);
            const runId = row?.kind === "run" ? row.run.run_id : "";
            return (
              row && (
                <TreeRow
                  key={index}
                  row={row}
                  place={index}
                  top={start - HEADER_HEIGHT}
                  width={width}
                  nameWidth={names}
                  placed={view.placed}
                  {...lookOf(row, props)}
                  highlighted={runId !== "" && runId === highlighted}
                  reached={runId !== "" && runId === reached && index === cursor.row}
                  focused={index === cursor.row ? cursor.column : null}
                  commands={commands}
                />
              )
            );
          })}
        </div>
      </div>
      {menu !== null && props.menuOf !== undefined && (
        <Popover key={menu.column} anchor={menu.anchor} onClose={onCloseMenu}>
          {props.menuOf(menu.column, () => onCloseMenu(true))}
        </Popover>
      )}
      {props.notice !== undefined && <div className="table-notice">{props.notice}</div>}
    </div>
  );
}

/** Which column's menu is open. When it closes by a key or a choice, the header has the focus again. */
function useHeaderMenu(scroll: React.RefObject<HTMLDivElement | null>) {
  const [menu, setMenu] = useState<{ column: string; anchor: HTMLElement } | null>(null);
  const onMenu = useCallback(
    (column: string, anchor: HTMLElement) =>
      setMenu((before) => (before?.column === column ? null : { column, anchor })),
    [],
  );
  const onCloseMenu = (isByKey: boolean) => {
    setMenu(null);
    if (isByKey) {
      // Another column may stand in its place by now.
      const number = menu?.anchor.querySelector<HTMLElement>("[data-column]")?.dataset["column"];
      scroll.current?.querySelector<HTMLElement>(`[data-column="${number}"]`)?.focus();
    }
  };
  return { menu, onMenu, onCloseMenu };
}

/** The colour of a row, and how many of its runs are selected. */
function lookOf(
  row: Row,
  { selection, theme, groups, colorOfRun }: TreeTableProps,
): { color: string | null; share: Share } {
  if (row.kind === "group") {
    return { color: groups?.colorOf(row.group) ?? null, share: groups?.shareOf(row.group) ?? "none" };
  }
  const number = row.kind === "run" ? selection.get(row.run.run_id) : undefined;
  if (row.kind === "pending" || number === undefined) {
    return { color: null, share: "none" };
  }
  return { color: colorOfRun?.(row) ?? colorOf(number, theme), share: "all" };
}

/** The rows on screen, always with the one that has the keyboard. */
function useRowWindow(
  count: number,
  scroll: React.RefObject<HTMLDivElement | null>,
  focused: number,
  onRange: (first: number, last: number) => void,
) {
  const vertical = useVirtualizer({
    count,
    getScrollElement: () => scroll.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: OVERSCAN,
    scrollPaddingStart: HEADER_HEIGHT,
    paddingStart: HEADER_HEIGHT,
    rangeExtractor: useCallback((range: Range) => withIndex(range, focused), [focused]),
  });
  // The range is worked out with the items.
  const items = vertical.getVirtualItems();
  const first = vertical.range?.startIndex;
  const last = vertical.range?.endIndex;
  useEffect(() => {
    if (first !== undefined && last !== undefined) {
      onRange(first, last);
    }
  }, [onRange, first, last]);
  return { vertical, items };
}

/** Goes to the goal when it is among the rows. Returns the run that was reached last. */
function useArrival(
  { goal = null, rows, onArrive }: TreeTableProps,
  move: TreeCursor["move"],
  scrollTo: (place: number, options: { align: "center" }) => void,
): string | null {
  const [reached, setReached] = useState<string | null>(null);
  const place = goal === null ? -1 : rows.placeOf(goal);
  useEffect(() => {
    if (place >= 0) {
      scrollTo(place, { align: "center" });
      move({ row: place, column: 0 }, true);
      setReached(goal);
      onArrive?.();
    }
  }, [place, goal, scrollTo, move, onArrive]);
  return reached;
}

/** Wide enough for the names that were on screen: it grows, and moves nothing back. */
function useNameWidth(rows: TreeRows, places: readonly number[]): number {
  const [widest, setWidest] = useState(nameWidth("", 1));
  const needed = places.reduce((most, place) => {
    const row = rows.rowAt(place);
    const name = row === undefined ? null : nameOfRow(row);
    return row === undefined || name === null ? most : Math.max(most, nameWidth(name, row.level));
  }, widest);
  if (needed > widest) {
    setWidest(needed);
  }
  return needed;
}

function nameOfRow(row: Row): string | null {
  if (row.kind === "group") {
    const { column, value } = groupName(row.group);
    return `${column}  ${value ?? "none"}`;
  }
  return row.kind === "run" ? row.run.name : null;
}

/** Of the rows or, under a filter, of the matches. Of those that are out of sight only the number is known. */
function shareOf(selection: Selection, rows: TreeRows, matches: Matches | null): Share {
  if (selection.size < (matches?.selectable ?? rows.count) || rows.count === 0) {
    return selection.size === 0 ? "none" : "some";
  }
  for (let place = 0; place < rows.count; place++) {
    const row = rows.rowAt(place);
    const isMeant = matches === null || (row?.kind === "run" && row.run.is_match);
    if (isMeant && (row?.kind !== "run" || !selection.has(row.run.run_id))) {
      return "some";
    }
  }
  return "all";
}
