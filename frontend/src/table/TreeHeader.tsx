/** The header of the table: one button a column, which sorts by it. */
import { ArrowDown, ArrowUp } from "lucide-react";
import { type KeyboardEvent, useState } from "react";
import { NAME, type Sorting } from "../model/columns";
import { ClippedText } from "../ui/ClippedText";
import type { PlacedColumn, TableColumn } from "./columns";

interface TreeHeaderProps {
  nameTitle: string;
  nameWidth: number;
  placed: readonly PlacedColumn[];
  columnCount: number;
  width: number;
  sorting: Sorting;
  /** Whether all rows are selected, some, or none. */
  selected: "all" | "some" | "none";
  /** What a click on the box selects, in words. */
  selectsAll: string;
  onSort: (column: string) => void;
  onSelectAll: () => void;
  /** Brings a column into view, for the keyboard. */
  onReach: (number: number) => void;
  onLeave: () => void;
}

/** Only one header is a stop of the tab key, and the arrow keys move among them; the first box selects every run. */
export function TreeHeader(props: TreeHeaderProps) {
  const { nameTitle, nameWidth, placed, width, sorting, selected, onSelectAll } = props;
  const { current, onKeyDown, onFocus } = useHeaderKeys(props);
  const reachable = placed.some(({ number }) => number === current) ? current : 0;
  const button = (column: Heading, number: number) => (
    <SortButton {...column} number={number} tabIndex={number === reachable ? 0 : -1} {...props} />
  );
  return (
    <div className="tree-head" role="rowgroup" style={{ width }}>
      <div className="tree-row" role="row" aria-rowindex={1} onKeyDown={onKeyDown} onFocus={onFocus}>
        <div
          className="tree-cell tree-name"
          role="columnheader"
          aria-colindex={1}
          aria-sort={ariaSort(NAME, sorting)}
          style={{ width: nameWidth }}
          tabIndex={-1}
        >
          <input
            type="checkbox"
            aria-label={props.selectsAll}
            title={props.selectsAll}
            checked={selected === "all"}
            ref={(box) => {
              if (box) {
                box.indeterminate = selected === "some";
              }
            }}
            onChange={onSelectAll}
          />
          {button({ id: NAME, title: nameTitle, meaning: nameTitle, canSort: true }, 0)}
        </div>
        {placed.map(({ column, number, start }) => (
          <div
            key={column.id}
            className="tree-cell"
            role="columnheader"
            data-numeric={column.isNumeric}
            data-narrow={column.isNarrow ?? false}
            aria-colindex={number + 1}
            aria-sort={column.canSort ? ariaSort(column.id, sorting) : undefined}
            style={{ left: nameWidth + start, width: column.width }}
            tabIndex={-1}
          >
            {button(column, number)}
          </div>
        ))}
      </div>
    </div>
  );
}

/** Where the keyboard is in the header. */
function useHeaderKeys({ columnCount, onReach, onLeave }: TreeHeaderProps) {
  const [current, setCurrent] = useState(0);
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
  const onFocus = ({ target }: { target: HTMLElement }) => setCurrent(Number(target.dataset["column"] ?? current));
  return { current, onKeyDown, onFocus };
}

type Heading = Pick<TableColumn, "id" | "title" | "meaning" | "icon" | "isNarrow" | "canSort">;

function SortButton({
  id,
  title,
  meaning,
  icon: Icon,
  isNarrow = false,
  canSort,
  number,
  tabIndex,
  sorting,
  onSort,
}: Heading & Pick<TreeHeaderProps, "sorting" | "onSort"> & { number: number; tabIndex: number }) {
  const Arrow = sorting.order === "asc" ? ArrowUp : ArrowDown;
  const told = canSort ? `${meaning}: sort` : meaning;
  const place = { className: "sort", "data-column": number, tabIndex, title: told };
  const content = (
    <>
      {Icon && <Icon size={12} className="sort-kind" aria-hidden />}
      {isNarrow ? <span className="hidden">{title}</span> : <ClippedText text={title} title={told} />}
      {sorting.sort === id && <Arrow size={13} className="sort-arrow" aria-hidden />}
    </>
  );
  return canSort ? (
    <button type="button" {...place} onClick={() => onSort(id)}>
      {content}
    </button>
  ) : (
    <span {...place}>{content}</span>
  );
}

function ariaSort(column: string, { sort, order }: Sorting) {
  return sort !== column ? "none" : order === "asc" ? "ascending" : "descending";
}
