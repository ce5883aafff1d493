/**
 * Groups of runs in the tree. The key of a group is the conditions that its runs meet, one for each column that is grouped
 * by: so it says what to ask for, and a link says which groups are unfolded.
 */
import type { Cell, GroupPage, StatusCount } from "../api/messages";
import { CREATED, columnOf, DURATION, FIRST_SORTING, kindOf, NAME, nameOf, type Sorting, STARTED } from "./columns";
import type { Statistic } from "./columnText";

/** Runs that have one value in a column. */
export interface Group {
  key: string;
  /** The column that is grouped by. */
  by: string;
  value: Cell;
  /** The number of its members: runs whose parents are not in it. */
  runs: number;
  /** How many rows it unfolds to; 1 where that is not known, 0 where it cannot be asked for. */
  children: number;
  statuses: readonly StatusCount[];
  /** In the order of the page's columns. */
  cells: readonly Cell[];
}

/** The most columns that the server takes. */
const MOST_CELLS = 200;
/** More columns would be levels of one group each. */
export const MOST_LEVELS = 4;

/** The key of the group within the one with the key `parent`, or within all runs, whose runs meet a condition. */
export function groupKey(parent: string, condition: string): string {
  return JSON.stringify([...(conditionsIn(parent) ?? []), condition]);
}

/** The conditions that a key is made of, none for the key of all runs; null for the id of a run. */
export function conditionsIn(key: string): readonly string[] | null {
  if (key === "") {
    return [];
  }
  if (!key.startsWith("[")) {
    return null;
  }
  try {
    const parsed: unknown = JSON.parse(key);
    return Array.isArray(parsed) && parsed.every((part) => typeof part === "string") ? parsed : null;
  } catch {
    return null;
  }
}

/** The filter that all of some filters are met by. */
export function allOf(filters: readonly string[]): string {
  const said = filters.filter((filter) => filter !== "");
  return said.length > 1 ? said.map((filter) => `(${filter})`).join(" AND ") : (said[0] ?? "");
}

/** The text by which the server is asked for a statistic of a column over the members of a group. */
export function groupColumn(statistic: Statistic, column: string): string {
  return `${statistic}:${column}`;
}

/** What a group says of a metric: the statistic that its column rolls up by, of those that are not the best the mean. */
export function statisticOf(column: string): Statistic {
  const metric = columnOf(column);
  return metric.kind === "metric" && metric.statistic !== "best" ? metric.statistic : "mean";
}

/**
 * What groups bring for the columns of a table: a statistic of a metric, the ends of what else there is, the last start
 * and the mean duration.
 */
export function groupColumns(columns: readonly string[]): string[] {
  const own = columns.flatMap((column) =>
    kindOf(column) === "metric"
      ? [groupColumn(statisticOf(column), column)]
      : [groupColumn("min", column), groupColumn("max", column)],
  );
  return [...new Set([groupColumn("max", STARTED), groupColumn("mean", DURATION), ...own])].slice(0, MOST_CELLS);
}

/** What groups are sorted by where the table's runs are sorted by something, and whether downwards. */
export function groupSorting({ sort, order }: Sorting, by: string): Sorting {
  if (sort === NAME || sort === by) {
    return { sort: "value", order };
  }
  if (kindOf(sort) === "metric") {
    return { sort: groupColumn(statisticOf(sort), sort), order };
  }
  if (sort === STARTED || sort === DURATION || kindOf(sort) === "parameter") {
    return { sort: groupColumn(sort === STARTED ? "max" : "mean", sort), order };
  }
  return { sort: "value", order: sort === CREATED && order !== FIRST_SORTING.order ? "desc" : "asc" };
}

/** The groups of a page below the one with the key `parent`; `isLast` where they unfold to runs. */
export function groupsOf({ groups }: GroupPage, parent: string, by: string, isLast: boolean): Group[] {
  return groups.map(({ condition, value, runs, statuses, cells }) => ({
    // Of a value that is too long to be asked for there is one group among its siblings all the same.
    key: groupKey(parent, condition === "" ? `${by} = ${JSON.stringify(value)}` : condition),
    by,
    value,
    runs,
    children: condition === "" ? 0 : isLast ? runs : 1,
    statuses,
    cells,
  }));
}

/** What a group is called: the column, and its value in words. */
export function groupName({ by, value }: Pick<Group, "by" | "value">): { column: string; value: string | null } {
  return { column: nameOf(by), value: value === null ? null : valueInWords(value) };
}

/** A value as people read it. */
export function valueInWords(value: Exclude<Cell, null>): string {
  if (typeof value !== "object") {
    return String(value);
  }
  if ("non_finite" in value) {
    return value.non_finite;
  }
  return valueInWords("inherited" in value ? value.inherited : value.rolled_up);
}
