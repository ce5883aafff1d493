/** What a table is given, and what it asks for. */
import type { ReactNode } from "react";
import type { Sorting } from "../model/columns";
import type { TreeRows } from "../model/rows";
import type { Selection } from "../model/selection";
import type { Theme } from "../theme/palette";
import type { TableColumn } from "./columns";

/** Rows and what is selected among them come from above; the keyboard's place is the table's own. */
export interface TreeTableProps {
  rows: TreeRows;
  nameTitle: string;
  columns: readonly TableColumn[];
  sorting: Sorting;
  selection: Selection;
  theme: Theme;
  highlighted: string | null;
  /** The run to go to as soon as it is among the rows. */
  goal?: string | null;
  /** The rows are about to be replaced. */
  isEarlier: boolean;
  /** What a click on the box in the header selects, in words. */
  selectsAll: string;
  /** Under a filter what the box selects in place of all rows: the matches, wherever they are. */
  matches?: Matches | null;
  /** Stands over the rows, and moves none of them. */
  notice?: ReactNode;
  onSort: (column: string) => void;
  onToggle: (runId: string, expand: boolean) => void;
  /** Makes runs selected or not. */
  onSelect: (runIds: readonly string[], selected: boolean) => void;
  /** Selects the runs of all rows from one place to another, whether they have arrived or not. */
  onSelectPlaces: (first: number, last: number) => void;
  onClear: () => void;
  onPoint: (runId: string | null) => void;
  /** Somebody points at a row: none is to move by itself. */
  onHold: (isHeld: boolean) => void;
  onRange: (first: number, last: number) => void;
  onRetry: () => void;
  /** The goal has been reached. */
  onArrive?: () => void;
}

/** The runs that meet a filter: how many can be selected, and what selects them. */
export interface Matches {
  selectable: number;
  onSelectAll: () => void;
}

/** What a row asks for; `place` is among all rows of the tree. */
export interface RowCommands {
  onToggle: (place: number) => void;
  /** `range` also takes the rows since the last one that was selected. */
  onSelect: (place: number, range: boolean) => void;
  onPoint: (runId: string | null) => void;
  onFocus: (place: number, column: number) => void;
  onRetry: () => void;
}
