/**
 * Ids of columns, as a link says them. "metric:loss" is the last value of a metric or, at a run that has no such series,
 * the best of those below it; "param:lr" is a parameter, and the others are facts that every run has.
 */

/** Facts that every run has, by which the table can be sorted. */
export const NAME = "name";
export const STATUS = "status";
export const STARTED = "started";
export const DURATION = "duration";
const CREATED = "created";
/** Not to be sorted by. */
export const EXPERIMENT = "experiment";

/** Metrics and parameters are of runs; a field is what every run has. */
type ColumnKind = "metric" | "param" | "field";

const METRIC = "metric:";
const PARAMETER = "param:";

/** The column of a metric. */
export function metricColumn(metric: string): string {
  return METRIC + metric;
}

/** The metric of a column; null for one of another kind. */
export function metricOf(column: string): string | null {
  return kindOf(column) === "metric" ? column.slice(METRIC.length) : null;
}

/** The server takes no column of more characters. */
const MOST_CHARACTERS = 1000;
/** Names with a dot are no such words: their last part may read as a fact, such as "min". */
const PLAIN_WORD = /^[A-Za-z0-9_][A-Za-z0-9_/@:-]*$/;

/**
 * The text by which the server is asked for a column: of a metric the run's own last value or, where it has no such
 * series, the best of its leaves. A metric that has no such text, because of its name, is not rolled up.
 */
export function askedColumn(column: string): string {
  const metric = metricOf(column);
  if (metric === null || metric === "") {
    return column;
  }
  const name = PLAIN_WORD.test(metric) ? metric : `\`${metric.replaceAll("`", "``")}\``;
  const text = `coalesce(metrics.${name}, best(leaves.metrics.${name}))`;
  return text.length > MOST_CHARACTERS ? column : text;
}

/** What a column is of. */
export function kindOf(column: string): ColumnKind {
  return column.startsWith(METRIC) ? "metric" : column.startsWith(PARAMETER) ? "param" : "field";
}

const FIELDS: Record<string, string> = {
  [NAME]: "Run",
  [STATUS]: "Status",
  [STARTED]: "Started",
  [DURATION]: "Duration",
  [CREATED]: "Created",
  [EXPERIMENT]: "Experiment",
};

/** The name that people gave a parameter or metric, or the heading of a field. */
export function nameOf(column: string): string {
  const kind = kindOf(column);
  return kind === "field" ? (FIELDS[column] ?? column) : column.slice((kind === "metric" ? METRIC : PARAMETER).length);
}

/** What a column holds, in words. */
export function meaningOf(column: string): string {
  const name = nameOf(column);
  return {
    metric: `Last value of metric ${name}, of a run without one the best below it`,
    param: `Parameter ${name}`,
    field: name,
  }[kindOf(column)];
}

type Order = "asc" | "desc";

/** By what the table is sorted. */
export interface Sorting {
  sort: string;
  order: Order;
}

/** The newest runs first. */
export const FIRST_SORTING: Sorting = { sort: CREATED, order: "desc" };

/** Words are sorted upwards at first, numbers and times downwards. */
const SORTED_UPWARDS: ReadonlySet<string> = new Set([NAME, STATUS]);

/** A click sorts a column one way, the next the other way, and one more not at all. */
export function nextSorting({ sort, order }: Sorting, column: string): Sorting {
  const first = SORTED_UPWARDS.has(column) ? "asc" : "desc";
  if (sort !== column) {
    return { sort: column, order: first };
  }
  return order === first ? { sort: column, order: first === "asc" ? "desc" : "asc" } : FIRST_SORTING;
}

/** The order in words, for where the sorted column may be out of sight. */
export function sortingInWords({ sort, order }: Sorting): string {
  if (sort === CREATED || sort === STARTED) {
    return order === "desc" ? "newest first" : "oldest first";
  }
  const name = kindOf(sort) === "field" ? nameOf(sort).toLowerCase() : nameOf(sort);
  return `by ${name}, ${directionOf(sort, order)}`;
}

function directionOf(sort: string, order: Order): string {
  if (sort === NAME) {
    return order === "asc" ? "A to Z" : "Z to A";
  }
  if (sort === DURATION) {
    return order === "asc" ? "shortest first" : "longest first";
  }
  return order === "asc" ? "lowest first" : "highest first";
}
