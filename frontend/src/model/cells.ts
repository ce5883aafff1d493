/** What stands in the cells of the table. */
import type { Cell, RolledUp, Run } from "../api/messages";
import { formatDuration, formatTime, formatValue, withMinus } from "./numbers";

/** A cell's text, the whole value for its title, and whether it reads as a number. */
export interface CellText {
  text: string;
  title: string;
  numeric: boolean;
}

const NOTHING: CellText = { text: "", title: "", numeric: false };

/**
 * Numbers to six significant digits, flags and words as they are; nothing for a run without a value. A whole number of
 * a parameter is as likely a seed or a name as an amount: it stands without separators.
 */
export function cellText(cell: Cell | undefined, isParameter: boolean): CellText {
  if (cell === null || cell === undefined) {
    return NOTHING;
  }
  if (typeof cell === "number") {
    const isName = isParameter && Number.isSafeInteger(cell);
    return { text: isName ? withMinus(String(cell)) : formatValue(cell), title: String(cell), numeric: true };
  }
  if (isRolledUp(cell)) {
    const { text, title } = cellText(cell.rolled_up, isParameter);
    return { text, title: `${rolledUpInWords(cell)}\n${title}`, numeric: true };
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

/** Whether a run has a value itself: only then there is a series to draw. */
export function isOwn(cell: Cell | undefined): boolean {
  return cell !== null && cell !== undefined && !isRolledUp(cell);
}

/** What a rolled-up cell is. */
export function rolledUpInWords({ over }: RolledUp): string {
  return over === 1 ? "The one leaf that has it" : `Best of ${over.toLocaleString("en")} leaves`;
}

/** How long ago a run started; the moment itself, to the second, in its title. */
export function startText(startedAt: number | null, now: number): CellText {
  if (startedAt === null) {
    return NOTHING;
  }
  return { text: ago(now - startedAt), title: formatTime(startedAt), numeric: false };
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
