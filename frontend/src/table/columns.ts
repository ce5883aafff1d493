/** What a table needs to know of a column. */
import type { LucideIcon } from "lucide-react";
import type { ReactNode } from "react";
import type { RunRow } from "../model/rows";

/** A column beside that of the names. */
export interface TableColumn {
  /** What the table is sorted by. */
  id: string;
  title: string;
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
  cell: (row: RunRow) => ReactNode;
}

/** A column that is on screen: its number among those beside the name, from 1, and where it begins. */
export interface PlacedColumn {
  column: TableColumn;
  number: number;
  start: number;
}
