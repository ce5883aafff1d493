/** What the page says of columns, by their texts: those of `columnText`. */
import {
  type Column,
  columnText,
  type Fact,
  metricNamed,
  ownText,
  type Relation,
  readColumn,
  type Statistic,
} from "./columnText";

/** Facts that every run has, by which the table can be sorted. */
export const NAME = "name";
export const STATUS = "status";
export const STARTED = "started";
export const DURATION = "duration";
export const CREATED = "created";
export const ENDED = "ended";
export const NUMBER = "number";
export const DESCRIPTION = "description";
/** Not to be sorted by. */
export const EXPERIMENT = "experiment";

/** What comes with every run of a page: no cells are asked for. */
const WITH_RUN: ReadonlySet<string> = new Set([NAME, STATUS, EXPERIMENT, NUMBER, CREATED, STARTED, ENDED, DURATION]);

/** What can have a column of what every run has of itself, in the order in which it is offered. */
export const OF_RUN = [
  ...[
    STATUS,
    STARTED,
    DURATION,
    CREATED,
    ENDED,
    EXPERIMENT,
    DESCRIPTION,
    "host",
    NUMBER,
    "depth",
    "stage",
    "error",
    "id",
  ],
];

/** The columns that stand at the end, behind those that tell runs apart. */
export const LAST: readonly string[] = [STARTED, DURATION];

/** Whether a page of runs is asked for the cells of a column. */
export function isAsked(text: string): boolean {
  return !WITH_RUN.has(text);
}

/** The column of a metric: its last value. */
export function metricColumn(metric: string): string {
  return columnText(metricNamed(metric));
}

/** The metric of a column; null for one of another kind. */
export function metricOf(text: string): string | null {
  const column = columnOf(text);
  return column.kind === "metric" ? column.name : null;
}

const known = new Map<string, Column>();
/** More are not on a page together: it begins anew before texts of long ago fill the memory. */
const MOST_KNOWN = 5000;

/** The column of a text; one that is no column is only its text. */
export function columnOf(text: string): Column {
  let column = known.get(text);
  if (column === undefined) {
    column = readColumn(text) ?? { kind: "other", name: text };
    if (known.size >= MOST_KNOWN) {
      known.clear();
    }
    known.set(text, column);
  }
  return column;
}

/** What a column is of. */
export function kindOf(text: string): Column["kind"] {
  return columnOf(text).kind;
}

/** What the run itself has of a column, as a filter says it. */
export function ownColumn(text: string): string {
  const column = columnOf(text);
  return column.kind === "metric" ? ownText(column) : text;
}

const FIELDS: Record<string, string> = {
  [NAME]: "Run",
  [STATUS]: "Status",
  [STARTED]: "Started",
  [DURATION]: "Duration",
  [CREATED]: "Created",
  [ENDED]: "Ended",
  [EXPERIMENT]: "Experiment",
  [NUMBER]: "Number",
  [DESCRIPTION]: "Description",
  progress: "Progress",
  host: "Host",
  depth: "Depth",
  stage: "Stage",
  error: "Error",
  id: "Id",
};

/** The name that people gave a parameter or metric, or the heading of a field. */
export function nameOf(text: string): string {
  const { kind, name } = columnOf(text);
  return kind === "field" ? (FIELDS[name] ?? name) : name;
}

/** What a column's heading says behind its name: which value of a metric, and by what it is rolled up. */
export function detailOf(text: string): string | undefined {
  const column = columnOf(text);
  if (column.kind !== "metric") {
    return undefined;
  }
  const { fact, statistic } = column;
  const said = [...(fact === "last" ? [] : [SHORT_FACTS[fact]]), ...(statistic === "best" ? [] : [statistic])];
  return said.length > 0 ? said.join(", ") : undefined;
}

const SHORT_FACTS: Record<Fact, string> = {
  ...{ last: "last", first: "first", min: "min", max: "max", mean: "mean", count: "count" },
  ...{ argmin: "step of min", argmax: "step of max" },
};

export const FACT_NAMES: Record<Fact, string> = {
  ...{
    last: "Last value",
    first: "First value",
    min: "Minimum",
    max: "Maximum",
    mean: "Mean",
    count: "Number of points",
  },
  ...{ argmin: "Step of the minimum", argmax: "Step of the maximum" },
};

export const STATISTIC_NAMES: Record<Statistic, string> = {
  ...{ best: "Best", min: "Lowest", max: "Highest", mean: "Mean", median: "Median" },
  ...{ std: "Standard deviation", count: "Number of runs" },
};

export const RELATION_NAMES: Record<Relation, string> = {
  leaves: "Leaves",
  repeats: "Leaves, repeats averaged first",
  children: "Children",
  descendants: "All below",
};

const WITHIN: Record<Relation, string> = {
  leaves: "the leaves",
  repeats: "the leaves, of which repeats are averaged first",
  children: "its children",
  descendants: "all below it",
};

/** What a column holds, in words. */
export function meaningOf(text: string): string {
  const column = columnOf(text);
  const name = nameOf(text);
  switch (column.kind) {
    case "metric": {
      const { fact, statistic, over } = column;
      const filled = `${STATISTIC_NAMES[statistic].toLowerCase()} of ${WITHIN[over]}`;
      return `${FACT_NAMES[fact]} of metric ${name}, of a run without one the ${filled}`;
    }
    case "parameter":
      return `Parameter ${name}${column.inherited ? "" : ", of the run's own"}`;
    case "tag":
      return `Tag ${name}`;
    case "property":
      return `Property ${name}`;
    default:
      return name;
  }
}

/** Under which heading a column stands beside its neighbours; undefined for what is of the run. */
export function groupOf(text: string): string | undefined {
  return GROUPS[kindOf(text)];
}

const GROUPS: Partial<Record<Column["kind"], string>> = {
  metric: "Metrics",
  parameter: "Parameters",
  tag: "Tags",
  property: "Properties",
};

type Order = "asc" | "desc";

/** By what the table is sorted. */
export interface Sorting {
  sort: string;
  order: Order;
}

/** The newest runs first. */
export const FIRST_SORTING: Sorting = { sort: CREATED, order: "desc" };

const WORDS: ReadonlySet<string> = new Set([NAME, "progress", DESCRIPTION, "host", "error", "id"]);

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
    return orderInWords(sort, order);
  }
  const name = kindOf(sort) === "field" ? nameOf(sort).toLowerCase() : nameOf(sort);
  return `by ${name}, ${orderInWords(sort, order)}`;
}

/** What stands first in one order of a column. */
export function orderInWords(sort: string, order: Order): string {
  if (sort === CREATED || sort === STARTED || sort === ENDED) {
    return order === "desc" ? "newest first" : "oldest first";
  }
  if (WORDS.has(sort) || kindOf(sort) === "tag" || kindOf(sort) === "property") {
    return order === "asc" ? "A to Z" : "Z to A";
  }
  if (sort === DURATION) {
    return order === "asc" ? "shortest first" : "longest first";
  }
  return order === "asc" ? "lowest first" : "highest first";
}
