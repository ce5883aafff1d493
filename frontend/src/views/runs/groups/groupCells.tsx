/** What the columns of the table say of a group of runs. */
import type { Cell } from "../../../api/messages";
import { useServerTime } from "../../../data/clock";
import { type Alignment, padOf } from "../../../model/alignment";
import { type CellText, cellText, isRolledUp, momentText } from "../../../model/cells";
import { DURATION, kindOf, STARTED, STATUS } from "../../../model/columns";
import type { Statistic } from "../../../model/columnText";
import { groupColumn, statisticOf } from "../../../model/groups";
import { formatDuration, formatValue } from "../../../model/numbers";
import type { GroupRow } from "../../../model/rows";
import type { TableColumn } from "../../../table/columns";
import { PARENTS } from "../columns";
import { GroupStatus } from "../Status";

/**
 * The columns, with what they say of groups. Where runs stand in groups, what is above them says less than their values, and
 * stands behind these.
 */
export function withGroupCells(
  columns: readonly TableColumn[],
  isGrouped: boolean,
  alignments: ReadonlyMap<string, Alignment>,
): readonly TableColumn[] {
  if (!isGrouped) {
    return columns;
  }
  const said = columns.map(
    (column): TableColumn => ({
      ...column,
      groupCell: (row) => <GroupCell id={column.id} row={row} alignment={alignments.get(column.id)} />,
    }),
  );
  const above = said.filter(({ id }) => id === PARENTS);
  const others = said.filter(({ id }) => id !== PARENTS);
  const started = others.findIndex(({ id }) => id === STARTED);
  return others.toSpliced(started < 0 ? others.length : started, 0, ...above);
}

/** What a group has in the column of a metric. */
export function metricCellOf(row: GroupRow, id: string): Cell {
  return cellOf(row, statisticOf(id), id);
}

interface GroupCellProps {
  id: string;
  row: GroupRow;
  alignment: Alignment | undefined;
}

function GroupCell({ id, row, alignment }: GroupCellProps) {
  switch (id) {
    case STATUS:
      return <GroupStatus statuses={row.group.statuses} />;
    case STARTED:
      return <Started cell={cellOf(row, "max", STARTED)} />;
    case DURATION:
      return <RolledUp cell={cellOf(row, "mean", DURATION)} statistic="mean" format={formatDuration} />;
    default:
      return kindOf(id) === "metric" ? (
        <RolledUp
          cell={metricCellOf(row, id)}
          statistic={statisticOf(id)}
          format={(value) => formatValue(value, alignment?.digits)}
          alignment={alignment}
        />
      ) : (
        <Value {...rangeText(cellOf(row, "min", id), cellOf(row, "max", id))} />
      );
  }
}

/** More characters are clipped where two numbers stand beside one another. */
const SHORT = 5;

/** The value that all runs of a group have which have one, or from which number to which they go. */
function rangeText(least: Cell, most: Cell): CellText {
  const [from, to] = [cellText(least, true), cellText(most, true)];
  if (!isRolledUp(least) || from.text === to.text) {
    return { ...from, title: plain(least) };
  }
  return { ...from, text: `${shortly(least)} – ${shortly(most)}`, title: `From ${plain(least)} to ${plain(most)}` };
}

/** The room is for two: of a long number two digits have to do. */
function shortly(cell: Cell): string {
  const value = isRolledUp(cell) ? cell.rolled_up : cell;
  const { text } = cellText(value, true);
  return typeof value === "number" && text.length > SHORT ? formatValue(Number(value.toPrecision(2))) : text;
}

/** A value as it is, without what a roll-up says of itself. */
function plain(cell: Cell): string {
  return cellText(isRolledUp(cell) ? cell.rolled_up : cell, true).title;
}

function cellOf({ group, columns }: GroupRow, statistic: Statistic, id: string): Cell {
  return group.cells[columns.indexOf(groupColumn(statistic, id))] ?? null;
}

/** How each statistic is written beside the number of values that it is of, and in a sentence. */
const WRITTEN: Record<Statistic, readonly [string, string]> = {
  best: ["best ", "Best"],
  min: ["min ", "Lowest"],
  max: ["max ", "Highest"],
  // What a group says of itself by default needs no sign.
  mean: ["", "Mean"],
  median: ["med ", "Median"],
  std: ["σ ", "Standard deviation"],
  count: ["# ", "Number"],
};

interface RolledUpProps {
  cell: Cell;
  statistic: Statistic;
  format: (value: number) => string;
  alignment?: Alignment | undefined;
}

/** A statistic, with the number of values that it is of at the other end of the cell. */
function RolledUp({ cell, statistic, format, alignment }: RolledUpProps) {
  if (!isRolledUp(cell)) {
    return null;
  }
  const { rolled_up: value, over } = cell;
  const number = typeof value === "number" ? value : Number(value.non_finite);
  const text = format(number);
  const [sign, word] = WRITTEN[statistic];
  const of = over === 1 ? "The one value in the group" : `${word} of ${over.toLocaleString("en")} runs of the group`;
  return (
    <span className="rolled-up group-mean" title={`${of}\n${number}`}>
      <span className="rolled-up-over" aria-hidden>
        {over === 1 ? "" : `${sign}${over < 1000 ? over : `${Math.floor(over / 1000)}k`}`}
      </span>
      <span className="rolled-up-value" data-pad={alignment && padOf(alignment, text)}>
        {text}
      </span>
      <span className="hidden">{of}</span>
    </span>
  );
}

/** When the last of the runs started. */
function Started({ cell }: { cell: Cell }) {
  const now = useServerTime();
  const latest = isRolledUp(cell) && typeof cell.rolled_up === "number" ? cell.rolled_up : null;
  const { title, ...rest } = momentText(latest, now);
  return <Value {...rest} title={latest === null ? "" : `The last started ${title}`} />;
}

function Value({ text, title, numeric }: CellText) {
  return (
    <span className={numeric ? "value value-numeric" : "value"} title={title}>
      {text}
    </span>
  );
}
