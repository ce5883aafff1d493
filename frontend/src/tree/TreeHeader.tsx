/** The header of the tree: one button a column, which sorts by it. */
import type { Column } from "@tanstack/react-table";
import { ArrowDown, ArrowUp, ChartLine, SlidersHorizontal } from "lucide-react";
import { type KeyboardEvent, useState } from "react";
import { ClippedText } from "./ClippedText";
import { type features, NAME, NAME_WIDTH } from "./columns";
import { columnName } from "./format";
import type { RunRow } from "./rows";

/** A column as the table library has it. */
export type TreeColumn = Column<typeof features, RunRow>;

/** A column that is on screen: its number among those beside the name, from 1, and where it begins. */
export interface PlacedColumn {
  column: TreeColumn;
  number: number;
  start: number;
  /** Whether its values are numbers, so that its header stands above their ends. */
  numeric: boolean;
}

interface TreeHeaderProps {
  name: TreeColumn;
  placed: readonly PlacedColumn[];
  columnCount: number;
  width: number;
  sort: string;
  order: "asc" | "desc";
  /** Whether all rows that are loaded are selected, some, or none. */
  selected: "all" | "some" | "none";
  onSort: (column: string) => void;
  onSelectAll: () => void;
  /** Brings a column into view, for the keyboard. */
  onReach: (number: number) => void;
  onLeave: () => void;
}

/**
 * Only one header is a stop of the tab key, and the arrow keys move among them; the first box selects every loaded run.
 */
export function TreeHeader(props: TreeHeaderProps) {
  const { name, placed, columnCount, width, selected, onSelectAll, onReach, onLeave } = props;
  const [current, setCurrent] = useState(0);
  const reachable = placed.some(({ number }) => number === current) ? current : 0;
  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    const next = { ArrowLeft: current - 1, ArrowRight: current + 1, Home: 0, End: columnCount - 1 }[event.key];
    if (event.key === "ArrowDown") {
      onLeave();
    } else if (next !== undefined && next >= 0 && next < columnCount) {
      const row = event.currentTarget;
      setCurrent(next);
      onReach(next);
      requestAnimationFrame(() => row.querySelector<HTMLElement>(`[data-column="${next}"]`)?.focus());
    } else {
      return;
    }
    event.preventDefault();
  };
  const cell = (column: TreeColumn, number: number) => (
    <SortButton key={column.id} column={column} number={number} tabIndex={number === reachable ? 0 : -1} {...props} />
  );
  return (
    <div className="tree-head" role="rowgroup" style={{ width }}>
      <div
        className="tree-row"
        role="row"
        aria-rowindex={1}
        onKeyDown={onKeyDown}
        onFocus={(event) => setCurrent(Number(event.target.dataset["column"] ?? current))}
      >
        <div
          className="tree-cell tree-name"
          role="columnheader"
          aria-colindex={1}
          aria-sort={ariaSort(NAME, props)}
          style={{ width: NAME_WIDTH }}
          tabIndex={-1}
        >
          <input
            type="checkbox"
            aria-label="Select all loaded runs"
            title="Select all loaded runs"
            checked={selected === "all"}
            ref={(box) => {
              if (box) {
                box.indeterminate = selected === "some";
              }
            }}
            onChange={onSelectAll}
          />
          {cell(name, 0)}
        </div>
        {placed.map(({ column, number, start, numeric }) => (
          <div
            key={column.id}
            className="tree-cell"
            role="columnheader"
            data-numeric={numeric}
            aria-colindex={number + 1}
            aria-sort={ariaSort(column.id, props)}
            style={{ left: NAME_WIDTH + start, width: column.getSize() }}
            tabIndex={-1}
          >
            {cell(column, number)}
          </div>
        ))}
      </div>
    </div>
  );
}

function SortButton({
  column,
  number,
  tabIndex,
  sort,
  order,
  onSort,
}: Pick<TreeHeaderProps, "sort" | "order" | "onSort"> & { column: TreeColumn; number: number; tabIndex: number }) {
  const text = String(column.columnDef.header ?? column.id);
  const isOwn = column.id.includes(":");
  const { kind } = columnName(column.id);
  const Icon = kind === "param" ? SlidersHorizontal : ChartLine;
  const Arrow = order === "asc" ? ArrowUp : ArrowDown;
  const meaning = isOwn ? `${kind === "param" ? "Parameter" : "Last value of metric"} ${text}` : text;
  return (
    <button type="button" className="sort" data-column={number} tabIndex={tabIndex} onClick={() => onSort(column.id)}>
      {isOwn && <Icon size={12} className="sort-kind" aria-hidden />}
      <ClippedText text={text} title={`${meaning}: sort`} />
      {sort === column.id && <Arrow size={13} className="sort-arrow" aria-hidden />}
    </button>
  );
}

function ariaSort(column: string, { sort, order }: Pick<TreeHeaderProps, "sort" | "order">) {
  return sort !== column ? "none" : order === "asc" ? "ascending" : "descending";
}
