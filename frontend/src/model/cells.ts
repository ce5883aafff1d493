/** What stands in the cells of the table. */
import type { Cell, Inherited, RolledUp, Run } from "../api/messages";
import { columnOf, STATISTIC_NAMES } from "./columns";
import type { Relation } from "./columnText";
import { formatDuration, formatTime, formatValue, withMinus } from "./numbers";

/** A cell's text, the whole value for its title, and whether it reads as a number. */
export interface CellText {
  text: string;
  title: string;
  numeric: boolean;
}

const NOTHING: CellText = { text: "", title: "", numeric: false };

/**
 * Numbers to so many significant digits, flags and words as they are; nothing for a run without a value. A whole number
 * of a parameter is as likely a seed or a name as an amount: it stands without separators.
 */
export function cellText(cell: Cell | undefined, isParameter: boolean, digits = 6): CellText {
  if (cell === null || cell === undefined) {
    return NOTHING;
  }
  if (isInherited(cell)) {
    return cellText(cell.inherited, isParameter, digits);
  }
  if (typeof cell === "number") {
    const isName = isParameter && Number.isSafeInteger(cell);
    return { text: isName ? withMinus(String(cell)) : formatValue(cell, digits), title: String(cell), numeric: true };
  }
  if (isRolledUp(cell)) {
    return cellText(cell.rolled_up, isParameter, digits);
  }
  if (typeof cell === "object") {
    const value = Number(cell.non_finite);
    return { text: formatValue(value), title: cell.non_finite, numeric: true };
  }
  return { text: String(cell), title: String(cell), numeric: false };
}

/** Whether a cell is made from the runs below. */
export function isRolledUp(cell: Cell | undefined): cell is RolledUp {
  return typeof cell === "object" && cell !== null && "rolled_up" in cell;
}

/** Whether a cell is what a run above has set. */
export function isInherited(cell: Cell | undefined): cell is Inherited {
  return typeof cell === "object" && cell !== null && "inherited" in cell;
}

/** Whether a run has a value itself: only then there is a series to draw. */
export function isOwn(cell: Cell | undefined): boolean {
  return cell !== null && cell !== undefined && !isRolledUp(cell) && !isInherited(cell);
}

/** What a rolled-up cell of a column is. */
export function rolledUpInWords({ over }: RolledUp, text: string): string {
  const column = columnOf(text);
  if (column.kind !== "metric") {
    return `Of ${over.toLocaleString("en")} values`;
  }
  const [one, many] = RELATIVES[column.over];
  return over === 1
    ? `The one ${one} that has it`
    : `${STATISTIC_NAMES[column.statistic]} of ${over.toLocaleString("en")} ${many}`;
}

const RELATIVES: Record<Relation, readonly [string, string]> = {
  leaves: ["leaf", "leaves"],
  repeats: ["mean of repeats", "means of repeats"],
  children: ["child", "children"],
  descendants: ["run below", "runs below"],
};

/** How long ago something was; the moment itself, to the second, in its title. */
export function momentText(moment: number | null, now: number): CellText {
  return moment === null ? NOTHING : { text: ago(now - moment), title: formatTime(moment), numeric: false };
}

/** The first line of a text; all of it in its title. */
export function firstLine({ text, title, numeric }: CellText): CellText {
  return { text: text.trimStart().split("\n", 1)[0] ?? "", title, numeric };
}

/** The number that a cell is, NaN and infinities included, whether of the run itself or rolled up; null for a word. */
export function numberOf(cell: Cell): number | null {
  if (isRolledUp(cell) || isInherited(cell)) {
    return numberOf(isRolledUp(cell) ? cell.rolled_up : cell.inherited);
  }
  if (typeof cell === "object" && cell !== null) {
    return Number(cell.non_finite);
  }
  return typeof cell === "number" ? cell : null;
}

/** How long a run took, or has been running by the server's clock. */
export function durationText(run: Pick<Run, "started_at" | "ended_at">, now: number): CellText {
  if (run.started_at === null) {
    return NOTHING;
  }
  const seconds = Math.max(0, (run.ended_at ?? now) - run.started_at);
  return { text: formatDuration(rounded(seconds)), title: `${seconds.toFixed(3)} seconds`, numeric: true };
}

/** The value of one column at one run, whatever other columns its page has. */
export function cellOf(run: Run, columns: readonly string[], column: string): Cell {
  const index = columns.indexOf(column);
  return index < 0 ? null : (run.cells[index] ?? null);
}

/** Below ten seconds tenths matter, above nobody reads them. */
function rounded(seconds: number): number {
  return seconds < 10 ? Math.round(seconds * 10) / 10 : Math.round(seconds);
}

const UNITS = [
  ["y", 365 * 86400],
  ["mo", 30 * 86400],
  ["d", 86400],
  ["h", 3600],
  ["min", 60],
] as const;

function ago(seconds: number): string {
  for (const [unit, length] of UNITS) {
    if (seconds >= length) {
      return `${Math.floor(seconds / length)} ${unit} ago`;
    }
  }
  return "just now";
}
