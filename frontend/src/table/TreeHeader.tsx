/** The header of the table: one button a column, which sorts by it, under the headings of neighbours. */
import { ArrowDown, ArrowUp, EllipsisVertical } from "lucide-react";
import { useMemo } from "react";
import { NAME, type Sorting } from "../model/columns";
import { ClippedText } from "../ui/ClippedText";
import { groupsOf, type TableColumn } from "./columns";
import type { TreeHeaderProps } from "./props";
import { ResizeHandle } from "./ResizeHandle";
import { useHeaderDrag } from "./useHeaderDrag";
import { headerOf, useHeaderKeys } from "./useHeaderKeys";

/**
 * Only one header is a stop of the tab key, and the arrow keys move among them: with Shift they make the column wider or
 * narrower, with Control they move it. The first box selects every run.
 */
export function TreeHeader(props: TreeHeaderProps) {
  const { nameTitle, nameWidth, view, width, sorting, selected, onSelectAll, onResize } = props;
  const { current, onKeyDown, onFocus } = useHeaderKeys(props);
  const drag = useHeaderDrag(props);
  const reachable = view.placed.some(({ number }) => number === current) ? current : 0;
  const button = (column: Heading, number: number) => (
    <SortButton
      {...column}
      {...props}
      number={number}
      tabIndex={number === reachable ? 0 : -1}
      isDragged={drag.isOver}
    />
  );
  return (
    <div className="tree-head" role="rowgroup" style={{ width }}>
      <Groups {...props} />
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
          {button(
            { id: NAME, title: nameTitle, meaning: nameTitle, isNumeric: false, canSort: true, isFixed: true },
            0,
          )}
          {onResize && <ResizeHandle width={nameWidth} onResize={(to) => onResize(NAME, to)} />}
        </div>
        {view.placed.map(({ column, number, start }) => (
          <div
            key={column.id}
            className="tree-cell"
            role="columnheader"
            data-numeric={column.isNumeric}
            data-header={column.id}
            data-narrow={column.isNarrow ?? false}
            data-pinned={column.isPinned}
            data-dragged={drag.dragged === column.id}
            data-before={drag.before === column.id}
            data-after={drag.after === column.id}
            aria-colindex={number + 1}
            aria-sort={column.canSort ? ariaSort(column.id, sorting) : undefined}
            style={{ left: nameWidth + start, width: column.width }}
            tabIndex={-1}
            onPointerDown={column.isFixed ? undefined : (event) => drag.onPointerDown(event, column.id)}
          >
            {button(column, number)}
            {onResize && <ResizeHandle width={column.width} onResize={(to) => onResize(column.id, to)} />}
          </div>
        ))}
      </div>
    </div>
  );
}

/** What neighbours have in common. Each column says it itself, so that it is for the eye only. */
function Groups({ columns, nameWidth, view }: TreeHeaderProps) {
  const groups = useMemo(() => groupsOf(columns), [columns]);
  const left = nameWidth + view.pinnedWidth;
  return (
    <div className="tree-groups" aria-hidden>
      {groups.map(({ title, start, width }) => (
        <div key={`${title} ${start}`} className="tree-group" style={{ left: nameWidth + start, width }}>
          <span style={{ left }}>{title}</span>
        </div>
      ))}
      <span className="tree-groups-names" style={{ width: left }} />
    </div>
  );
}

type Heading = Pick<
  TableColumn,
  "id" | "title" | "detail" | "meaning" | "icon" | "isNarrow" | "isNumeric" | "isFixed" | "canSort"
>;

interface SortButtonProps extends Heading, Pick<TreeHeaderProps, "sorting" | "onSort" | "onMenu"> {
  number: number;
  tabIndex: number;
  /** Whether the pointer has just moved the column: its release is no click. */
  isDragged: () => boolean;
}

function SortButton(props: SortButtonProps) {
  const { id, title, detail, meaning, icon: Icon, isNarrow = false, canSort, number, tabIndex, sorting } = props;
  const { isFixed = false, isNumeric, onSort, onMenu, isDragged } = props;
  const Arrow = sorting.order === "asc" ? ArrowUp : ArrowDown;
  const told = canSort ? `${meaning}: sort` : meaning;
  const hasMenu = onMenu !== undefined && !isFixed;
  const content = (
    <>
      {Icon && <Icon size={12} className="sort-kind" aria-hidden />}
      {isNarrow ? <span className="hidden">{title}</span> : <ClippedText text={title} title={told} />}
      {detail !== undefined && <span className="sort-detail">{detail}</span>}
      {sorting.sort === id && <Arrow size={13} className="sort-arrow" aria-hidden />}
    </>
  );
  const place = {
    className: "sort",
    "data-column": number,
    tabIndex,
    title: told,
    onContextMenu: hasMenu
      ? (event: React.MouseEvent<HTMLElement>) => {
          event.preventDefault();
          onMenu(id, headerOf(event.currentTarget));
        }
      : undefined,
  };
  return (
    <>
      {canSort ? (
        <button type="button" {...place} onClick={() => !isDragged() && onSort(id)}>
          {content}
        </button>
      ) : (
        <span {...place}>{content}</span>
      )}
      {hasMenu && (
        // For the pointer: the keyboard has the header's own key for it.
        <button
          type="button"
          className="column-menu"
          data-numeric={isNumeric}
          aria-hidden
          tabIndex={-1}
          title="What this column shows, and where"
          onClick={({ currentTarget }) => onMenu(id, headerOf(currentTarget))}
        >
          <EllipsisVertical size={14} />
        </button>
      )}
    </>
  );
}

function ariaSort(column: string, { sort, order }: Sorting) {
  return sort !== column ? "none" : order === "asc" ? "ascending" : "descending";
}
