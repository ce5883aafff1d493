/** The tree of runs as a table, of which only what is on screen is in the document. */
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useMemo, useRef } from "react";
import type { Selection } from "../state/selection";
import { colorOf, type Theme } from "../theme/palette";
import { HEADER_HEIGHT, NAME_WIDTH, ROW_HEIGHT } from "./columns";
import type { Row, RunRow } from "./rows";
import { TreeHeader } from "./TreeHeader";
import { TreeRow } from "./TreeRow";
import { useTreeCursor } from "./useCursor";
import { useRowCommands } from "./useRowCommands";
import { useTreeColumns } from "./useTreeColumns";
import { useTreeKeys } from "./useTreeKeys";
import { withIndex } from "./withIndex";
import "./tree.css";

const OVERSCAN = 8;

/** Rows and what is selected among them come from above; the keyboard's place is the table's own. */
export interface TreeTableProps {
  rows: readonly Row[];
  /** Ids of the parameters and metrics to show, in order. */
  columns: readonly string[];
  sort: string;
  order: "asc" | "desc";
  selection: Selection;
  theme: Theme;
  highlighted: string | null;
  /** The rows are about to be replaced. */
  isEarlier: boolean;
  onSort: (column: string) => void;
  onToggle: (runId: string, expand: boolean) => void;
  /** Makes runs selected or not. */
  onSelect: (runIds: readonly string[], selected: boolean) => void;
  onPoint: (runId: string | null) => void;
  onRange: (first: number, last: number) => void;
  onRetry: () => void;
}

/**
 * A treegrid with the keys of the ARIA pattern. Says through `onRange` which rows are on screen, so that their pages
 * are asked for.
 */
export function TreeTable(props: TreeTableProps) {
  const { rows, selection, theme, highlighted, onRange } = props;
  const scroll = useRef<HTMLDivElement>(null);
  const { cursor, move } = useTreeCursor(rows, scroll);
  const vertical = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroll.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: OVERSCAN,
    scrollPaddingStart: HEADER_HEIGHT,
    paddingStart: HEADER_HEIGHT,
    rangeExtractor: (range) => withIndex(range, cursor.row),
  });
  const items = vertical.getVirtualItems();
  const onScreen = useMemo(
    () => items.flatMap(({ index }) => (rows[index]?.kind === "run" ? [rows[index]] : [])),
    [items, rows],
  );
  const { table, placed, horizontal } = useTreeColumns(props.columns, onScreen, scroll, cursor.column);
  const count = table.getCenterLeafColumns().length;
  const width = NAME_WIDTH + horizontal.getTotalSize();

  const first = vertical.range?.startIndex;
  const last = vertical.range?.endIndex;
  useEffect(() => {
    if (first !== undefined && last !== undefined) {
      onRange(first, last);
    }
  }, [onRange, first, last]);

  const runs = rows.filter((row): row is RunRow => row.kind === "run");
  const selectedCount = runs.reduce((sum, { run }) => sum + (selection.has(run.run_id) ? 1 : 0), 0);
  const selectAll = () =>
    props.onSelect(
      runs.map(({ run }) => run.run_id),
      selectedCount < runs.length,
    );
  const sort = (column: string) => {
    props.onSort(column);
    scroll.current?.scrollTo({ top: 0 });
  };
  const commands = useRowCommands(props, move);

  const keys = useTreeKeys({
    rows,
    columnCount: count,
    cursor,
    move,
    commands,
    selectAll,
    vertical,
    horizontal,
    scroll,
  });

  const cells = new Map(table.getRowModel().rows.map((row) => [row.original, row]));
  const nameColumn = table.getAllLeafColumns()[0];
  return (
    <div
      ref={scroll}
      className="tree"
      role="treegrid"
      aria-label="Runs"
      aria-rowcount={rows.length + 1}
      aria-colcount={count + 1}
      aria-multiselectable
      aria-busy={props.isEarlier}
      onKeyDown={keys.onKeyDown}
      onFocus={keys.onFocus}
    >
      {nameColumn && (
        <TreeHeader
          name={nameColumn}
          placed={placed}
          columnCount={count + 1}
          width={width}
          sort={props.sort}
          order={props.order}
          selected={selectedCount === 0 ? "none" : selectedCount === runs.length ? "all" : "some"}
          onSort={sort}
          onSelectAll={selectAll}
          onReach={(number) => horizontal.scrollToIndex(Math.max(0, number - 1))}
          onLeave={() => move({ row: cursor.row, column: 0 }, true)}
        />
      )}
      <div className="tree-body" role="rowgroup" style={{ height: vertical.getTotalSize() - HEADER_HEIGHT, width }}>
        {items.map(({ index, start }) => {
          const row = rows[index];
          const runId = row?.kind === "run" ? row.run.run_id : "";
          const number = selection.get(runId);
          return (
            row && (
              <TreeRow
                key={index}
                row={row}
                cells={row.kind === "run" ? cells.get(row) : undefined}
                index={index}
                top={start - HEADER_HEIGHT}
                width={width}
                placed={placed}
                color={number === undefined ? null : colorOf(number, theme)}
                highlighted={runId !== "" && runId === highlighted}
                focused={index === cursor.row ? cursor.column : null}
                commands={commands}
              />
            )
          );
        })}
      </div>
    </div>
  );
}
