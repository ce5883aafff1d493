/** The columns of the table of runs: what each shows and how wide it is. */
import { CircleDot } from "lucide-react";
import type { Cell, Run } from "../../api/messages";
import { useServerTime } from "../../data/clock";
import { type Alignment, METRIC, PARAMETER, padOf } from "../../model/alignment";
import {
  type CellText,
  cellOf,
  cellText,
  durationText,
  firstLine,
  isInherited,
  isRolledUp,
  momentText,
} from "../../model/cells";
import * as columns from "../../model/columns";
import { conditionsIn } from "../../model/groups";
import { progressOf } from "../../model/progress";
import type { RunRow } from "../../model/rows";
import type { TableColumn } from "../../table/columns";
import { ClippedText } from "../../ui/ClippedText";
import { RolledUp } from "./RolledUp";
import { Status } from "./Status";
import type { ColumnWidths } from "./useColumnWidths";

const NARROWEST = 96;
const WIDEST = 200;
/** Six digits with sign and zeros before them, as a number is written, and the cell's own margins. */
const NUMBER = 112;
/** The state of a run and, of those below it, two numbers with their signs. */
const WITH_BELOW = 104;
const TEXT = 140;

/** What columns depend on besides what they show. */
export interface ColumnFacts {
  /** So many of the first are pinned. */
  pinned: number;
  widths: ColumnWidths;
  /** How the numbers of a column are written. */
  alignments: ReadonlyMap<string, Alignment>;
  /** The whole names of the runs of a flat list; null in a tree. */
  parents: ReadonlyMap<string, string> | null;
  /** What runs are called from which others inherit, by id. */
  names: ReadonlyMap<string, string>;
  /** Whether there is room for the states of what is below. */
  hasBelow: boolean;
  /** Goes to the run with this id. */
  goTo: (runId: string) => void;
}

/** The shown columns, beside that of the names. In a flat list also what stands above each run. */
export function tableColumns(shown: readonly string[], facts: ColumnFacts): readonly TableColumn[] {
  const { pinned, widths, parents } = facts;
  const chosen = shown.map((id, index): TableColumn => {
    const column = columnNamed(id, facts);
    return { ...column, width: widths.get(id) ?? column.width, isPinned: index < pinned };
  });
  return parents === null ? chosen : chosen.toSpliced(pinned, 0, parentsColumn(parents));
}

function columnNamed(id: string, facts: ColumnFacts): TableColumn {
  switch (id) {
    case columns.STATUS:
      return statusColumn(facts.hasBelow);
    case columns.EXPERIMENT:
      return EXPERIMENT_COLUMN;
    case columns.DURATION:
      return { ...headingOf(id), width: 116, isNumeric: true, cell: (row) => <Duration row={row} /> };
    case columns.NUMBER:
      return {
        ...headingOf(id),
        width: 90,
        isNumeric: true,
        cell: ({ run }) => <Value {...cellText(run.number, true)} />,
      };
    default:
      return MOMENTS[id] ?? valueColumn(id, facts);
  }
}

function statusColumn(hasBelow: boolean): TableColumn {
  return {
    ...headingOf(columns.STATUS),
    ...(!hasBelow && { icon: CircleDot }),
    width: hasBelow ? WITH_BELOW : 44,
    isNumeric: false,
    isNarrow: !hasBelow,
    cell: ({ run, columns: asked }) => <Status run={run} progress={progressOf(run, asked)} />,
  };
}

const EXPERIMENT_COLUMN: TableColumn = {
  ...headingOf(columns.EXPERIMENT),
  width: TEXT,
  isNumeric: false,
  canSort: false,
  cell: ({ run, parent }) => (isParentShown(parent) ? null : <ClippedText text={run.experiment} />),
};

/** Whether the row above says what there is to say of all below it: of runs in a list or a group nothing does. */
function isParentShown(parent: string): boolean {
  return conditionsIn(parent) === null;
}

const MOMENTS: Partial<Record<string, TableColumn>> = {
  [columns.STARTED]: momentColumn(columns.STARTED, (run) => run.started_at),
  [columns.CREATED]: momentColumn(columns.CREATED, (run) => run.created_at),
  [columns.ENDED]: momentColumn(columns.ENDED, (run) => run.ended_at),
};

function momentColumn(id: string, momentOf: (run: Run) => number | null): TableColumn {
  return { ...headingOf(id), width: 116, isNumeric: false, cell: ({ run }) => <Moment at={momentOf(run)} /> };
}

/** The column of what stands above a run. */
export const PARENTS = "parents";

function parentsColumn(wholeNames: ReadonlyMap<string, string>): TableColumn {
  return {
    id: PARENTS,
    title: "Below",
    meaning: "The runs above",
    width: 180,
    isNumeric: false,
    canSort: false,
    isFixed: true,
    cell: ({ run, parent }) => {
      const above = wholeNames.get(run.run_id)?.slice(0, -run.name.length - 1) ?? "";
      return !isParentShown(parent) && above !== "" ? <ClippedText text={above} /> : null;
    },
  };
}

/** What comes as a cell: a metric, a parameter, a label, or anything else that runs can be asked for. */
function valueColumn(id: string, { alignments, names, goTo }: ColumnFacts): TableColumn {
  const heading = headingOf(id);
  const alignment = alignments.get(id) ?? firstAlignment(id);
  const { isNumeric } = alignment;
  const titled = Math.ceil((heading.title.length + (heading.detail?.length ?? -1) + 1) * 7.2) + 60;
  return {
    ...heading,
    width: Math.min(WIDEST, Math.max(isNumeric ? NUMBER : NARROWEST, titled)),
    isNumeric,
    cell: ({ run, columns: asked }) => {
      const cell = cellOf(run, asked, id);
      return isRolledUp(cell) ? (
        <RolledUp cell={cell} column={id} alignment={alignment} goTo={goTo} />
      ) : (
        <Value {...textOf(id, cell, alignment)} alignment={alignment} source={sourceOf(cell, names)} />
      );
    },
  };
}

/** What the run is called that a value is inherited from; null for the run's own. */
function sourceOf(cell: Cell, names: ReadonlyMap<string, string>): string | null {
  return isInherited(cell) ? (names.get(cell.source) ?? "a run above") : null;
}

function textOf(id: string, cell: Cell, { digits }: Alignment): CellText {
  const text = cellText(cell, columns.kindOf(id) !== "metric", digits);
  return id === columns.DESCRIPTION ? firstLine(text) : text;
}

/** How the numbers of a column are written before any has arrived. */
export function firstAlignment(id: string): Alignment {
  return columns.kindOf(id) === "metric" ? METRIC : PARAMETER;
}

function headingOf(id: string): Pick<TableColumn, "id" | "title" | "meaning" | "canSort"> & Partial<TableColumn> {
  const [detail, group] = [columns.detailOf(id), columns.groupOf(id)];
  return {
    id,
    title: columns.nameOf(id),
    meaning: columns.meaningOf(id),
    canSort: true,
    ...(detail !== undefined && { detail }),
    ...(group !== undefined && { group }),
  };
}

interface ValueProps extends CellText {
  alignment?: Alignment;
  source?: string | null;
}

function Value({ text, title, numeric, alignment, source = null }: ValueProps) {
  // In a column that has words as well, numbers stand where these do.
  const pad = numeric && alignment?.isNumeric ? padOf(alignment, text) : undefined;
  return (
    <span
      className={numeric ? "value value-numeric" : "value"}
      title={source === null ? title : `${title}\nInherited from ${source}`}
      data-pad={pad}
      data-inherited={source !== null}
    >
      {text}
    </span>
  );
}

function Moment({ at }: { at: number | null }) {
  return <Value {...momentText(at, useServerTime())} />;
}

function Duration({ row: { run } }: { row: RunRow }) {
  return run.ended_at === null ? <RunningDuration run={run} /> : <Value {...durationText(run, run.ended_at)} />;
}

function RunningDuration({ run }: Pick<RunRow, "run">) {
  return <Value {...durationText(run, useServerTime())} />;
}
