/** What stands in the cells of the tree. */
import type { Cell, Run } from "../api/messages";
import { formatDuration, formatTime, formatValue } from "../model/numbers";

/** A cell's text, the whole value for its title, and whether it reads as a number. */
export interface CellText {
  text: string;
  title: string;
  numeric: boolean;
}

const NOTHING: CellText = { text: "", title: "", numeric: false };

/** Numbers to six significant digits, flags and words as they are; nothing for a run without a value. */
export function cellText(cell: Cell | undefined): CellText {
  if (cell === null || cell === undefined) {
    return NOTHING;
  }
  if (typeof cell === "number") {
    return { text: formatValue(cell), title: String(cell), numeric: true };
  }
  if (typeof cell === "object") {
    const value = Number(cell.non_finite);
    return { text: formatValue(value), title: cell.non_finite, numeric: true };
  }
  return { text: String(cell), title: String(cell), numeric: false };
}

/** When a run started: to the minute in its cell, to the second and relative to `now` in its title. */
export function startText(startedAt: number | null, now: number): CellText {
  if (startedAt === null) {
    return NOTHING;
  }
  const time = formatTime(startedAt);
  return { text: time.slice(0, 16), title: `${time}, ${ago(now - startedAt)}`, numeric: false };
}

/** How long a run took, or has been running by the server's clock. */
export function durationText(run: Run, now: number): CellText {
  if (run.started_at === null) {
    return NOTHING;
  }
  const seconds = Math.max(0, (run.ended_at ?? now) - run.started_at);
  return { text: formatDuration(rounded(seconds)), title: `${seconds.toFixed(3)} seconds`, numeric: true };
}

/** "param:lr" as the name that people gave it, and what it is. */
export function columnName(column: string): { kind: "param" | "metric"; name: string } {
  const [kind] = column.split(":", 1);
  return { kind: kind === "param" ? "param" : "metric", name: column.slice((kind?.length ?? 0) + 1) };
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

function ago(seconds: number): string {
  const units = [
    ["day", 86400],
    ["hour", 3600],
    ["minute", 60],
  ] as const;
  for (const [unit, length] of units) {
    const amount = Math.floor(seconds / length);
    if (amount >= 1) {
      return `${amount} ${unit}${amount === 1 ? "" : "s"} ago`;
    }
  }
  return "just now";
}
