/** The columns of the table of runs: what each shows and how wide it is. */
import { ChartLine, CircleDot, SlidersHorizontal } from "lucide-react";
import { useServerTime } from "../../data/clock";
import { type CellText, cellOf, cellText, durationText, isRolledUp, startText } from "../../model/cells";
import { DURATION, EXPERIMENT, kindOf, meaningOf, nameOf, STARTED, STATUS } from "../../model/columns";
import type { RunRow } from "../../model/rows";
import type { TableColumn } from "../../table/columns";
import { ClippedText } from "../../ui/ClippedText";
import { RolledUp } from "./RolledUp";
import { Status } from "./Status";

const NARROWEST = 96;
const WIDEST = 200;
/** Six digits with sign and zeros before them, as a number is written, and the cell's own margins. */
const NUMBER = 112;
/** The state of a run and, of those below it, two numbers with their signs. */
const WITH_BELOW = 104;

/** What columns depend on besides what they show. */
export interface ColumnFacts {
  /** Those of the shown columns whose values are numbers. */
  numeric: ReadonlySet<string>;
  hasExperiment: boolean;
  /** The whole names of the runs of a flat list; null in a tree. */
  parents: ReadonlyMap<string, string> | null;
  /** Whether there is room for the states of what is below. */
  hasBelow: boolean;
  /** Goes to the run with this id. */
  goTo: (runId: string) => void;
}

/**
 * Which columns there are beside the name: the state, the shown metrics and parameters, and times. In a flat list also
 * what stands above each run.
 */
export function tableColumns(
  shown: readonly string[],
  { numeric, hasExperiment, parents, hasBelow, goTo }: ColumnFacts,
): readonly TableColumn[] {
  return [
    {
      ...headingOf(STATUS),
      icon: CircleDot,
      width: hasBelow ? WITH_BELOW : 44,
      isNumeric: false,
      isNarrow: !hasBelow,
      cell: ({ run }) => <Status run={run} />,
    },
    ...(hasExperiment ? [EXPERIMENT_COLUMN] : []),
    ...(parents === null ? [] : [parentsColumn(parents)]),
    ...shown.map((id) => columnOf(id, numeric.has(id), goTo)),
    { ...headingOf(STARTED), width: 104, isNumeric: false, cell: ({ run }) => <Started startedAt={run.started_at} /> },
    { ...headingOf(DURATION), width: 116, isNumeric: true, cell: (row) => <Duration row={row} /> },
  ];
}

const EXPERIMENT_COLUMN: TableColumn = {
  ...headingOf(EXPERIMENT),
  width: 140,
  isNumeric: false,
  canSort: false,
  cell: ({ run, level }) => (level === 1 ? <ClippedText text={run.experiment} /> : null),
};

function parentsColumn(wholeNames: ReadonlyMap<string, string>): TableColumn {
  return {
    id: "parents",
    title: "Below",
    meaning: "The runs above",
    width: 180,
    isNumeric: false,
    canSort: false,
    cell: ({ run, level }) => {
      const above = wholeNames.get(run.run_id)?.slice(0, -run.name.length - 1) ?? "";
      return level === 1 && above !== "" ? <ClippedText text={above} /> : null;
    },
  };
}

function columnOf(id: string, isNumeric: boolean, goTo: ColumnFacts["goTo"]): TableColumn {
  const isParameter = kindOf(id) === "param";
  const heading = Math.ceil(nameOf(id).length * 7.2) + 54;
  return {
    ...headingOf(id),
    icon: isParameter ? SlidersHorizontal : ChartLine,
    width: Math.min(WIDEST, Math.max(isNumeric ? NUMBER : NARROWEST, heading)),
    isNumeric,
    cell: ({ run, columns }) => {
      const cell = cellOf(run, columns, id);
      return isRolledUp(cell) ? <RolledUp cell={cell} goTo={goTo} /> : <Value {...cellText(cell, isParameter)} />;
    },
  };
}

function headingOf(id: string): Pick<TableColumn, "id" | "title" | "meaning" | "canSort"> {
  return { id, title: nameOf(id), meaning: meaningOf(id), canSort: true };
}

/**
 * Those of the shown columns whose values are numbers: metrics, and parameters of which all values in these rows are.
 */
export function numericColumns(shown: readonly string[], rows: readonly RunRow[]): ReadonlySet<string> {
  return new Set(
    shown.filter((id) => {
      if (kindOf(id) === "metric") {
        return true;
      }
      const cells = rows.map(({ run, columns }) => cellOf(run, columns, id)).filter((cell) => cell !== null);
      return cells.length > 0 && cells.every((cell) => cellText(cell, true).numeric);
    }),
  );
}

function Value({ text, title, numeric }: CellText) {
  return (
    <span className={numeric ? "value value-numeric" : "value"} title={title}>
      {text}
    </span>
  );
}

function Started({ startedAt }: { startedAt: number | null }) {
  return <Value {...startText(startedAt, useServerTime())} />;
}

function Duration({ row: { run } }: { row: RunRow }) {
  return run.ended_at === null ? <RunningDuration run={run} /> : <Value {...durationText(run, run.ended_at)} />;
}

function RunningDuration({ run }: Pick<RunRow, "run">) {
  return <Value {...durationText(run, useServerTime())} />;
}
