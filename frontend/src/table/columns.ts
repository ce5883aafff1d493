/** What a table needs to know of a column. */
import type { LucideIcon } from "lucide-react";
import type { ReactNode } from "react";
import type { GroupRow, RunRow } from "../model/rows";

/** A column beside that of the names. */
export interface TableColumn {
  /** What the table is sorted by. */
  id: string;
  title: string;
  /** Stands behind the title, such as which value of a metric it is. */
  detail?: string;
  /** What it holds, in words. */
  meaning: string;
  icon?: LucideIcon;
  /** CSS pixels. */
  width: number;
  /** Whether its values are numbers, so that its header stands above their ends. */
  isNumeric: boolean;
  /** Whether a sign stands for each value, so that no heading has room. */
  isNarrow?: boolean;
  canSort: boolean;
  /** Stands once above neighbours of the same. */
  group?: string;
  /** Stays in sight when the table is scrolled sideways. Pinned columns are the first ones. */
  isPinned?: boolean;
  /** Nobody has chosen it: it stands where it does. */
  isFixed?: boolean;
  cell: (row: RunRow) => ReactNode;
  /** What it says of a group of runs; nothing without. */
  groupCell?: (row: GroupRow) => ReactNode;
}

/** A column that is on screen: its number among those beside the name, from 1, and where it begins, behind the names. */
export interface PlacedColumn {
  column: TableColumn;
  number: number;
  start: number;
}

/** Neighbours under one heading. */
export interface ColumnGroup {
  title: string;
  start: number;
  width: number;
}

/** The headings over columns that are not pinned, from left to right. */
export function groupsOf(columns: readonly TableColumn[]): ColumnGroup[] {
  const groups: ColumnGroup[] = [];
  let start = 0;
  let before: string | undefined;
  for (const { group, width, isPinned = false } of columns) {
    const last = groups.at(-1);
    if (!isPinned && group !== undefined) {
      if (group === before && last !== undefined) {
        last.width += width;
      } else {
        groups.push({ title: group, start, width });
      }
    }
    before = isPinned ? undefined : group;
    start += width;
  }
  return groups;
}

/** How narrow and how wide somebody may make a column, in CSS pixels. */
export function boundedWidth(width: number): number {
  return Math.round(Math.min(800, Math.max(44, width)));
}
