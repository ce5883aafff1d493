/** One row of the tree: a run, or the place of one that has not arrived. */
import type { Row as TableRow } from "@tanstack/react-table";
import { FlexRender } from "@tanstack/react-table";
import { ChevronRight } from "lucide-react";
import { type MouseEvent, memo } from "react";
import { ClippedText } from "./ClippedText";
import { type features, NAME_WIDTH } from "./columns";
import type { Row, RunRow } from "./rows";
import type { PlacedColumn } from "./TreeHeader";

const INDENT = 18;

/** What a row asks for; `index` is among all rows of the tree. */
export interface RowCommands {
  onToggle: (index: number) => void;
  /** `range` also takes the rows since the last one that was selected. */
  onSelect: (index: number, range: boolean) => void;
  onPoint: (runId: string | null) => void;
  onFocus: (index: number, column: number) => void;
  onRetry: () => void;
}

interface TreeRowProps {
  row: Row;
  /** The row as the table library has it, which knows its cells; undefined for one that has not arrived. */
  cells: TableRow<typeof features, RunRow> | undefined;
  index: number;
  top: number;
  width: number;
  placed: readonly PlacedColumn[];
  /** The colour of its line in the chart; null where it is not selected. */
  color: string | null;
  highlighted: boolean;
  /** The column that the keyboard is at, 0 for the row itself; null when it is elsewhere. */
  focused: number | null;
  commands: RowCommands;
}

/** Drawn again only when something about this row changed, so `commands` must be the same object at each render. */
export const TreeRow = memo(function TreeRow(props: TreeRowProps) {
  const { row, cells, index, top, width, placed, color, highlighted, focused, commands } = props;
  const isRun = row.kind === "run";
  const canExpand = isRun && row.run.children > 0;
  const onClick = (event: MouseEvent) => {
    const column = Number((event.target as Element).closest<HTMLElement>("[data-cell]")?.dataset["cell"] ?? 0);
    commands.onFocus(index, column);
    if (isRun && (event.shiftKey || event.ctrlKey || event.metaKey)) {
      commands.onSelect(index, event.shiftKey);
    }
  };
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the tree has the keys of all its rows.
    <div
      className="tree-row"
      role="row"
      data-row={index}
      data-selected={color !== null}
      data-highlighted={highlighted}
      aria-rowindex={index + 2}
      aria-level={row.level}
      aria-posinset={row.index + 1}
      aria-setsize={row.siblings}
      aria-selected={color !== null}
      aria-expanded={canExpand ? row.expanded : undefined}
      aria-busy={!isRun}
      tabIndex={focused === 0 ? 0 : -1}
      style={{ width, transform: `translateY(${top}px)` }}
      onClick={onClick}
      onDoubleClick={canExpand ? () => commands.onToggle(index) : undefined}
      onPointerEnter={() => commands.onPoint(isRun && color !== null ? row.run.run_id : null)}
      onPointerLeave={() => commands.onPoint(null)}
    >
      <div className="tree-cell tree-name" role="gridcell" aria-colindex={1} style={{ width: NAME_WIDTH }}>
        {isRun ? <Name {...props} row={row} /> : <Pending {...props} />}
      </div>
      {placed.map(({ column, number, start }) => (
        <div
          key={column.id}
          className="tree-cell"
          role="gridcell"
          aria-colindex={number + 1}
          data-cell={number}
          tabIndex={focused === number ? 0 : -1}
          style={{ left: NAME_WIDTH + start, width: column.getSize() }}
        >
          {cells !== undefined ? (
            <FlexRender cell={cells.getAllCellsByColumnId()[column.id] as never} />
          ) : (
            <span className="placeholder" />
          )}
        </div>
      ))}
    </div>
  );
});

function Name({ row, index, color, commands }: TreeRowProps & { row: RunRow }) {
  const { run, level, expanded } = row;
  return (
    <>
      <input
        type="checkbox"
        tabIndex={-1}
        aria-label={`Select ${run.name}`}
        checked={color !== null}
        onClick={(event) => {
          event.stopPropagation();
          commands.onSelect(index, event.shiftKey);
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
            commands.onToggle(index);
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

function titleOf({ run }: RunRow): string {
  const children = run.children === 0 ? "" : `, ${run.children} ${run.children === 1 ? "child" : "children"}`;
  return `${run.name}\nrun ${run.number} of ${run.experiment}${children}\n${run.run_id}`;
}
