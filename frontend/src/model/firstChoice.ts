/**
 * What the page shows when nobody has chosen: a metric that says how well runs did, the newest sweep unfolded, and the
 * first of its runs in the chart. Each is a pure function of what has arrived; null is "not known yet".
 */
import type { Column } from "../api/messages";
import { cellOf, isInherited, isOwn } from "./cells";
import { kindOf, LAST, metricColumn, nameOf, STATUS } from "./columns";
import { type LoadedPages, type PageRef, ROOTS, type RowPage } from "./rows";

/** As many lines as can still be told apart at a glance. */
const FIRST_RUNS = 5;
/** How far down to look for runs that have the metric. */
const DEEPEST = 4;
/** How many of the newest runs with children are looked into: the newest sweep may have failed. */
const MOST_FAMILIES = 4;
/** A metric that nearly as many runs have as the most common one is as common. */
const AS_COMMON = 0.8;

/** The choice of rows: what is unfolded, what is selected, and the columns that tell the rows in sight apart. */
export interface FirstRuns {
  expanded: readonly string[];
  selected: readonly string[];
  /** Metrics that runs of some level have, one a level, then the parameters in which runs of a level differ. */
  telling: readonly string[];
}

/** Words that say what a metric is for, those that a result is judged by first. */
const TELLING: readonly RegExp[] = [
  /(^|[^a-z])(val|valid|validation|dev|eval|test)([^a-z]|$)/i,
  /loss|error|accuracy|acc$|auc|f1|reward|score|mse|rmse|mae|perplexity|bleu/i,
];
const INCIDENTAL =
  /(^|[^a-z])(system|sys|gpu|cpu|memory|disk|network|time|seconds|duration|epoch|step|lr|learning[ _-]?rate|norm)([^a-z]|$)/i;

/** The metric to begin with: common, and by its name a result. Null where there is none. */
export function firstMetric(columns: readonly Column[]): string | null {
  const metrics = columns.filter(({ column }) => kindOf(column) === "metric");
  const most = Math.max(0, ...metrics.map(({ runs }) => runs));
  const common = metrics.filter(({ runs }) => runs >= AS_COMMON * most);
  const best = common.reduce<{ metric: string; rank: number } | null>((found, { column }) => {
    const metric = nameOf(column);
    const rank = rankOf(metric);
    return found === null || rank > found.rank ? { metric, rank } : found;
  }, null);
  return best?.metric ?? null;
}

function rankOf(metric: string): number {
  const telling = TELLING.reduce((sum, pattern) => sum + (pattern.test(metric) ? 1 : 0), 0);
  return INCIDENTAL.test(metric) ? telling - 4 : telling;
}

/** More metrics, and more parameters, are seldom looked at together. */
const MOST_COMMON = 20;

/** The most common metrics and parameters: what the page can show without anybody's choice. */
export function commonColumns(columns: readonly Column[]): readonly string[] {
  const ofKind = (kind: string) =>
    columns.flatMap(({ column }) => (kindOf(column) === kind ? [column] : [])).slice(0, MOST_COMMON);
  return [...ofKind("metric"), ...ofKind("parameter")];
}

/**
 * The columns to begin with, of those that are common: `metric` and those that tell of a level, then the parameters that
 * tell rows apart, then the other metrics. The other parameters are the same wherever they are; where no parameter tells
 * rows apart, or while nobody knows, there are all of them.
 */
export function firstColumns(
  common: readonly string[],
  metric: string | null,
  telling: readonly string[],
): readonly string[] {
  const ofKind = (columns: readonly string[], kind: string) => columns.filter((column) => kindOf(column) === kind);
  const foremost = metric === null ? [] : [metricColumn(metric)];
  const known = telling.filter((column) => common.includes(column));
  const differing = ofKind(known, "parameter");
  const parameters = differing.length > 0 ? differing : ofKind(common, "parameter");
  const first = [...foremost, ...ofKind(known, "metric"), ...parameters, ...ofKind(common, "metric")];
  return [STATUS, ...new Set(first), ...LAST];
}

/** The first runs with their metric, or the page that has to arrive before they are known. */
export type Looking = { kind: "needs"; page: PageRef } | { kind: "found"; metric: string | null; runs: FirstRuns };

/**
 * Looks for the newest runs that show something, below the newest of those that have children. `chosen` is the metric
 * that somebody wants to see; without it, it is the one that says most of the newest runs at the lowest level.
 */
export function firstChoice(loaded: LoadedPages, chosen: string | null): Looking {
  const metric = chosen ?? newestMetric(loaded, ROOTS, 1);
  if (metric !== null && typeof metric === "object") {
    return { kind: "needs", page: metric.needs };
  }
  const visited: RowPage[] = [];
  const place = look(loaded, metric, { parent: ROOTS, above: [], visited });
  if (place !== null && "needs" in place) {
    return { kind: "needs", page: place.needs };
  }
  const { expanded, selected } = place ?? { expanded: [], selected: [] };
  return { kind: "found", metric, runs: { expanded, selected, telling: tellingOf(visited) } };
}

/** The metric of the lowest level below one parent, where its newest children lead to one that has any. */
function newestMetric(loaded: LoadedPages, parent: string, level: number): string | { needs: PageRef } | null {
  const page = loaded.get(parent)?.pages.get(0);
  if (page === undefined) {
    return { needs: { parent, page: 0 } };
  }
  for (const run_id of familiesOf(page, level)) {
    const below = newestMetric(loaded, run_id, level + 1);
    if (below !== null) {
      return below;
    }
  }
  return metricOfPage(page);
}

/** The newest runs of a page that have children. */
function familiesOf(page: RowPage, level: number): string[] {
  const families = level < DEEPEST ? page.runs.filter(({ children }) => children > 0) : [];
  return families.slice(0, MOST_FAMILIES).map(({ run_id }) => run_id);
}

interface Visit {
  parent: string;
  /** The runs above whose children are looked at. */
  above: readonly string[];
  /** Pages that were looked at, to be added to. */
  visited: RowPage[];
}

type Found = Pick<FirstRuns, "expanded" | "selected">;

function look(
  loaded: LoadedPages,
  metric: string | null,
  { parent, above, visited }: Visit,
): Found | { needs: PageRef } | null {
  const page = loaded.get(parent)?.pages.get(0);
  if (page === undefined) {
    return { needs: { parent, page: 0 } };
  }
  visited.push(page);
  const having = page.runs.filter((run) => metric !== null && isOwn(cellOf(run, page.columns, metricColumn(metric))));
  // A sweep often logs the metric of its best trial: its trials say more than that one point.
  const leaves = having.filter(({ children }) => children === 0);
  const selected = (leaves.length > 0 ? leaves : having).slice(0, FIRST_RUNS).map(({ run_id }) => run_id);
  const here = selected.length > 0 ? { expanded: above, selected } : null;
  const [newest] = page.runs;
  if (here !== null && newest?.children === 0) {
    return here;
  }
  for (const run_id of familiesOf(page, above.length + 1)) {
    const below = look(loaded, metric, { parent: run_id, above: [...above, run_id], visited });
    if (below !== null) {
      return below;
    }
  }
  return here;
}

/** The columns that say something of the rows of these pages. */
function tellingOf(pages: readonly RowPage[]): string[] {
  const metrics = pages.flatMap((page) => metricOfPage(page) ?? []).map(metricColumn);
  const differing = pages.flatMap((page) =>
    page.columns.filter((column, place) => {
      const cells = page.runs.map((run) => run.cells[place] ?? null).filter((cell) => cell !== null);
      const values = new Set(cells.map((cell) => JSON.stringify(isInherited(cell) ? cell.inherited : cell)));
      return kindOf(column) === "parameter" && values.size > 1;
    }),
  );
  return [...new Set([...metrics, ...differing])];
}

/** The metric that says most of the runs of one page; null where they have none. */
function metricOfPage({ columns, runs }: RowPage): string | null {
  const counted = columns.map((column, place) => ({
    column,
    runs: runs.filter((run) => isOwn(run.cells[place])).length,
  }));
  return firstMetric(counted.filter((column) => column.runs > 0));
}
