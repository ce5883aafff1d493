/** What a table is given, and what it asks for. */
import type { ReactNode } from "react";
import type { Sorting } from "../model/columns";
import type { Group } from "../model/groups";
import type { GroupRow, RunRow, TreeRows } from "../model/rows";
import type { Selection } from "../model/selection";
import type { Theme } from "../theme/palette";
import type { MenuPlace } from "../ui/Menu";
import type { TableColumn } from "./columns";
import type { ColumnWindow } from "./useColumnWindow";

/** Rows and what is selected among them come from above; the keyboard's place is the table's own. */
export interface TreeTableProps {
  rows: TreeRows;
  nameTitle: string;
  columns: readonly TableColumn[];
  sorting: Sorting;
  selection: Selection;
  theme: Theme;
  /** The colour of a selected run where it has none of its own. */
  colorOfRun?: (row: RunRow) => string | null;
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
  /** Another width of a column, in CSS pixels; null for its own. `NAME` is the column of names. */
  onResize?: (column: string, width: number | null) => void;
  /** Another place of a column among those that are shown: so many further. */
  onMove?: (column: string, by: number) => void;
  /** What there is to choose for a column. */
  menuOf?: (column: string, close: () => void) => ReactNode;
  /** The width that somebody gave the column of names; without one it follows the names. */
  namesWidth?: number | null;
  /** Unfolds a run or a group, by its key, or folds it. */
  onToggle: (key: string, expand: boolean) => void;
  /** Makes runs selected or not. */
  onSelect: (runIds: readonly string[], selected: boolean) => void;
  /** How many of a group's runs are selected, and what selects them, or none of them. */
  groups?: GroupSelection;
  /** Selects the runs of all rows from one place to another, whether they have arrived or not. */
  onSelectPlaces: (first: number, last: number) => void;
  onClear: () => void;
  onPoint: (runId: string | null) => void;
  /** Somebody points at a row: none is to move by itself. */
  onHold: (isHeld: boolean) => void;
  onRange: (first: number, last: number) => void;
  onRetry: () => void;
  /** Somebody wants what can be done with a row, at a place in the window. */
  onMenu?: (row: RunRow | GroupRow, at: MenuPlace) => void;
  /** The goal has been reached. */
  onArrive?: () => void;
}

/** What the header is given: of the table, and where it stands. */
export interface TreeHeaderProps extends Pick<TreeTableProps, "nameTitle" | "columns" | "sorting" | "selectsAll"> {
  nameWidth: number;
  view: ColumnWindow;
  width: number;
  selected: Share;
  onSort: (column: string) => void;
  onSelectAll: () => void;
  onResize?: TreeTableProps["onResize"];
  onMove?: TreeTableProps["onMove"];
  /** Opens the menu of a column beside its header. */
  onMenu?: ((column: string, anchor: HTMLElement) => void) | undefined;
  onLeave: () => void;
}

/** Whether all runs of something are selected, some, or none. */
export type Share = "all" | "some" | "none";

/** The runs of groups, selected together. `onSelect` makes them selected or not. */
export interface GroupSelection {
  shareOf: (group: Group) => Share;
  onSelect: (group: Group, selected: boolean) => void;
  /** The colour that means a group; null where none does. */
  colorOf: (group: Group) => string | null;
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
  onMenu: (place: number, at: MenuPlace) => void;
  onFocus: (place: number, column: number) => void;
  onRetry: () => void;
}
