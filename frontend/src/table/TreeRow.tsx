/** One row of the table: a run, a group of runs, or the place of one that has not arrived. */
import { ChevronRight } from "lucide-react";
import { type MouseEvent, memo } from "react";
import { canExpand, type Row, type RunRow } from "../model/rows";
import { ClippedText } from "../ui/ClippedText";
import type { PlacedColumn, TableColumn } from "./columns";
import { GroupName } from "./GroupName";
import { INDENT } from "./measures";
import type { RowCommands, Share } from "./props";
import { RowMenuButton } from "./RowMenuButton";

interface TreeRowProps {
  row: Row;
  place: number;
  top: number;
  width: number;
  nameWidth: number;
  placed: readonly PlacedColumn[];
  /** The colour of a run's line in the chart, null where it is not selected; of a group the one that means it. */
  color: string | null;
  /** How many of its runs are selected: all or none of a run itself. */
  share: Share;
  highlighted: boolean;
  /** Whether somebody was led here. */
  reached: boolean;
  /** The column that the keyboard is at, 0 for the row itself; null when it is elsewhere. */
  focused: number | null;
  commands: RowCommands;
}

/** Drawn again only when something about this row changed, so `commands` must be the same object at each render. */
export const TreeRow = memo(function TreeRow(props: TreeRowProps) {
  const { row, place, top, width, nameWidth, placed, share, highlighted, reached, focused, commands } = props;
  const isRun = row.kind === "run";
  const isSelected = share === "all";
  const isExpandable = canExpand(row);
  const onClick = (event: MouseEvent) => {
    const column = Number((event.target as Element).closest<HTMLElement>("[data-cell]")?.dataset["cell"] ?? 0);
    commands.onFocus(place, column);
    if (isRun && (event.shiftKey || event.ctrlKey || event.metaKey)) {
      commands.onSelect(place, event.shiftKey);
    }
  };
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the table has the keys of all its rows.
    <div
      className="tree-row"
      role="row"
      data-row={place}
      data-selected={isSelected}
      data-group={row.kind === "group"}
      data-beside={isRun && (!row.run.is_match || row.run.stage !== "active")}
      data-highlighted={highlighted}
      data-reached={reached}
      aria-rowindex={place + 2}
      aria-level={row.level}
      aria-posinset={row.index + 1}
      aria-setsize={row.siblings}
      aria-selected={isSelected}
      aria-expanded={isExpandable ? row.expanded : undefined}
      aria-busy={row.kind === "pending"}
      tabIndex={focused === 0 ? 0 : -1}
      style={{ width, transform: `translateY(${top}px)` }}
      onClick={onClick}
      onDoubleClick={isExpandable ? () => commands.onToggle(place) : undefined}
      onContextMenu={(event) => {
        event.preventDefault();
        commands.onMenu(place, { x: event.clientX, y: event.clientY });
      }}
      onPointerEnter={() => commands.onPoint(isRun && isSelected ? row.run.run_id : null)}
      onPointerLeave={() => commands.onPoint(null)}
    >
      <div className="tree-cell tree-name" role="gridcell" aria-colindex={1} style={{ width: nameWidth }}>
        {isRun ? (
          <Name {...props} row={row} />
        ) : row.kind === "group" ? (
          <GroupName {...props} row={row} />
        ) : (
          <Pending {...props} />
        )}
      </div>
      {placed.map(({ column, number, start }) => (
        <div
          key={column.id}
          className="tree-cell"
          role="gridcell"
          data-pinned={column.isPinned}
          aria-colindex={number + 1}
          data-cell={number}
          tabIndex={focused === number ? 0 : -1}
          style={{ left: nameWidth + start, width: column.width }}
        >
          <Content row={row} column={column} />
        </div>
      ))}
    </div>
  );
}, isDrawnAlike);

function Content({ row, column }: { row: Row; column: TableColumn }) {
  switch (row.kind) {
    case "run":
      return column.cell(row);
    case "group":
      return column.groupCell?.(row) ?? null;
    case "pending":
      return column.isNarrow ? null : <span className="placeholder" />;
  }
}

/** Rows are made anew with each answer, most of them as they were. */
function isDrawnAlike({ row: a, ...before }: TreeRowProps, { row: b, ...after }: TreeRowProps): boolean {
  return areAlike(a, b) && areAlike(before, after);
}

function areAlike<Content extends object>(a: Content, b: Content): boolean {
  const names = Object.keys(a) as (keyof Content)[];
  return names.length === Object.keys(b).length && names.every((name) => Object.is(a[name], b[name]));
}

function Name({ row, place, color, share, commands }: TreeRowProps & { row: RunRow }) {
  const { run, level, expanded } = row;
  return (
    <>
      <input
        type="checkbox"
        tabIndex={-1}
        aria-label={`Select ${run.name}`}
        checked={share === "all"}
        onClick={(event) => {
          event.stopPropagation();
          commands.onSelect(place, event.shiftKey);
        }}
        onChange={() => undefined}
        onDoubleClick={(event) => event.stopPropagation()}
      />
      <span style={{ width: (level - 1) * INDENT }} className="tree-indent" />
      {run.children > 0 ? (
        <button
          type="button"
          className="tree-chevron"
          tabIndex={-1}
          aria-label={`${expanded ? "Collapse" : "Expand"} ${run.name}`}
          data-expanded={expanded}
          onClick={(event) => {
            event.stopPropagation();
            commands.onToggle(place);
          }}
          onDoubleClick={(event) => event.stopPropagation()}
        >
          <ChevronRight size={16} aria-hidden />
        </button>
      ) : (
        <span className="tree-chevron" />
      )}
      <span className="tree-color" style={color === null ? undefined : { background: color }} />
      <ClippedText text={run.name} title={titleOf(row)} />
      {!run.is_match && <span className="hidden">, no match</span>}
      {markOf(row) !== null && <span className="tree-mark">{markOf(row)}</span>}
      <RowMenuButton name={run.name} place={place} commands={commands} />
      {run.children > 0 && <span className="tree-children">{run.children.toLocaleString("en")}</span>}
    </>
  );
}

function Pending({ row, commands }: TreeRowProps) {
  const problem = row.kind === "pending" ? row.problem : null;
  if (problem === null) {
    return <span className="placeholder" style={{ marginInlineStart: 22 + (row.level - 1) * INDENT }} />;
  }
  return (
    <span className="tree-problem" title={problem}>
      <span className="tree-problem-text">{problem}</span>
      <button type="button" className="tree-retry" onClick={commands.onRetry}>
        Try again
      </button>
    </span>
  );
}

/** What is said of a run that is put away, or of which the store has only heard from those below it. */
function markOf({ run }: RunRow): string | null {
  return run.stage !== "active" ? run.stage : run.number === 0 ? "not known" : null;
}

function titleOf({ run }: RunRow): string {
  const children = run.children === 0 ? "" : `, ${run.children} ${run.children === 1 ? "child" : "children"}`;
  const beside = run.is_match ? "" : "\nno match: it is shown for the sake of others";
  if (run.number === 0) {
    return `${run.name}\nNothing is known of this run but what is below it.\n${run.run_id}`;
  }
  return `${run.name}\nrun ${run.number} of ${run.experiment}${children}${beside}\n${run.run_id}`;
}
