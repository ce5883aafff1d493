/** The tree of runs as a table, of which only what is on screen is in the document. */
import { type Range, useVirtualizer } from "@tanstack/react-virtual";
import { useCallback, useEffect, useRef, useState } from "react";
import type { TreeRows } from "../model/rows";
import type { Selection } from "../model/selection";
import { colorOf } from "../theme/palette";
import { HEADER_HEIGHT, nameWidth, ROW_HEIGHT } from "./measures";
import type { Matches, TreeTableProps } from "./props";
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
  const { rows, columns, selection, theme, highlighted } = props;
  const scroll = useRef<HTMLDivElement>(null);
  const { cursor, move } = useTreeCursor(rows, scroll);
  const { vertical, items } = useRowWindow(rows.count, scroll, cursor.row, props.onRange);
  const reached = useArrival(props, move, vertical.scrollToIndex);
  const names = useNameWidth(
    rows,
    items.map(({ index }) => index),
  );
  const { placed, horizontal } = useColumnWindow(columns, names, scroll, cursor.column);
  const width = names + horizontal.getTotalSize();
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
    horizontal,
    scroll,
  });
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
          placed={placed}
          columnCount={columns.length + 1}
          width={width}
          selected={selected}
          onSort={(column) => {
            props.onSort(column);
            scroll.current?.scrollTo({ top: 0 });
          }}
          onSelectAll={selectAll}
          onReach={(number) => horizontal.scrollToIndex(Math.max(0, number - 1))}
          onLeave={() => move({ row: cursor.row, column: 0 }, true)}
        />
        <div className="tree-body" role="rowgroup" style={{ height: vertical.getTotalSize() - HEADER_HEIGHT, width }}>
          {items.map(({ index, start }) => {
            const row = rows.rowAt(index);
            const runId = row?.kind === "run" ? row.run.run_id : "";
            const number = selection.get(runId);
            return (
              row && (
                <TreeRow
                  key={index}
                  row={row}
                  place={index}
                  top={start - HEADER_HEIGHT}
                  width={width}
                  nameWidth={names}
                  placed={placed}
                  color={number === undefined ? null : colorOf(number, theme)}
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
      {props.notice !== undefined && <div className="table-notice">{props.notice}</div>}
    </div>
  );
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
    return row?.kind === "run" ? Math.max(most, nameWidth(row.run.name, row.level)) : most;
  }, widest);
  if (needed > widest) {
    setWidest(needed);
  }
  return needed;
}

/** Of the rows or, under a filter, of the matches. Of those that are out of sight only the number is known. */
function shareOf(selection: Selection, rows: TreeRows, matches: Matches | null): "all" | "some" | "none" {
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
