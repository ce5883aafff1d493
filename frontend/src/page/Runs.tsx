/** The runs that there are: the tree and the chart, which share what is selected and what is pointed at. */
import { useCallback, useMemo, useState } from "react";
import type { Overview } from "../api/messages";
import type { Live } from "../api/useLive";
import { type Selection, withoutRuns, withRuns } from "../state/selection";
import type { ChangeView } from "../state/useView";
import { FIRST_SORT, type View } from "../state/view";
import type { Theme } from "../theme/palette";
import { SORTED_UPWARDS } from "../tree/columns";
import type { Row } from "../tree/rows";
import { TreeTable } from "../tree/TreeTable";
import { useTree } from "../tree/useTree";
import { ChartPanel } from "./ChartPanel";
import { EmptyExperiment, NoRuns, Trouble } from "./notices";
import { Split } from "./Split";
import { Toolbar } from "./Toolbar";
import { useFirstChoice } from "./useFirstChoice";

/** How many parameters and how many metrics have a column at first: more of each are seldom looked at together. */
const FIRST_COLUMNS = 20;
/** The server gives a page no more columns than these, one of which is the chart's metric. */
const MOST_COLUMNS = 199;
const NOTHING: Selection = new Map();

interface RunsProps {
  overview: Overview;
  view: View;
  change: ChangeView;
  theme: Theme;
  live: Live;
}

/** Everything below the banner. All state that can be linked to is in `view`; what is pointed at is not. */
export function Runs({ overview, view, change, theme, live }: RunsProps) {
  const shown = useShownColumns(overview, view.columns);
  const { experiment, sort, order, metric } = view;
  const scope = useMemo(() => {
    const column = `metric:${metric}`;
    const columns = metric === "" || shown.includes(column) ? shown : [...shown, column];
    return { experiment, sort, order, columns };
  }, [experiment, sort, order, metric, shown]);
  const tree = useTree(scope, view.expanded, live.version);
  useFirstChoice(view, change, overview.columns, tree.rows);
  const names = useNames(tree.rows);
  const [pointed, setPointed] = useState<string | null>(null);
  const selection = view.selected ?? NOTHING;

  const onSort = useCallback((column: string) => change((before) => nextSort(before, column)), [change]);
  const onToggle = useCallback(
    (runId: string, expand: boolean) =>
      change(({ expanded }) => {
        const next = new Set(expanded);
        if (expand) {
          next.add(runId);
        } else {
          next.delete(runId);
        }
        return { expanded: next };
      }),
    [change],
  );
  const onSelect = useCallback(
    (runIds: readonly string[], selected: boolean) =>
      change((before) => ({
        selected: selected
          ? withRuns(before.selected ?? NOTHING, runIds)
          : withoutRuns(before.selected ?? NOTHING, runIds),
      })),
    [change],
  );

  const treeTable = () => {
    if (tree.problem !== null) {
      return <Trouble problem={tree.problem} onRetry={tree.retry} />;
    }
    return (
      <TreeTable
        rows={tree.rows}
        columns={shown}
        sort={sort}
        order={order}
        selection={selection}
        theme={theme}
        highlighted={pointed}
        isEarlier={tree.isEarlier || tree.isLoading}
        onSort={onSort}
        onToggle={onToggle}
        onSelect={onSelect}
        onPoint={setPointed}
        onRange={tree.onRange}
        onRetry={tree.retry}
      />
    );
  };
  const isEmpty = overview.runs === 0;
  return (
    <>
      <Toolbar
        overview={overview}
        experiment={experiment}
        shown={shown}
        selectedCount={selection.size}
        expandedCount={view.expanded.size}
        isLive={live.problem === null}
        onExperiment={(next) => change(() => ({ experiment: next, selected: null, expanded: new Set(), metric: "" }))}
        onColumns={(columns) => change(() => ({ columns }))}
        onClear={() => change(() => ({ selected: NOTHING }))}
        onCollapse={() => change(() => ({ expanded: new Set() }))}
      />
      {isEmpty && overview.experiments.length === 0 && <NoRuns location={overview.location} />}
      {isEmpty && overview.experiments.length > 0 && <EmptyExperiment experiment={experiment} />}
      {!isEmpty && (
        <Split
          first={treeTable()}
          second={
            <ChartPanel
              columns={overview.columns}
              metric={metric}
              selection={selection}
              names={names}
              theme={theme}
              version={live.version}
              highlighted={pointed}
              onMetric={(next) => change(() => ({ metric: next }))}
              onHover={setPointed}
            />
          }
        />
      )}
    </>
  );
}

/** The chosen columns that exist, or the most common ones. */
function useShownColumns({ columns }: Overview, chosen: readonly string[] | null): readonly string[] {
  return useMemo(() => {
    const all = columns.map(({ column }) => column);
    if (chosen !== null) {
      return all.filter((column) => chosen.includes(column)).slice(0, MOST_COLUMNS);
    }
    const ofKind = (kind: string) => all.filter((column) => column.startsWith(kind)).slice(0, FIRST_COLUMNS);
    return [...ofKind("param:"), ...ofKind("metric:")];
  }, [columns, chosen]);
}

/** The names of all runs that have been in the tree: a run stays in the chart when it is out of sight. */
function useNames(rows: readonly Row[]): ReadonlyMap<string, string> {
  const [names, setNames] = useState<ReadonlyMap<string, string>>(new Map());
  const next = useMemo(() => withNames(names, rows), [names, rows]);
  if (next !== names) {
    setNames(next);
  }
  return next;
}

/** Adds the names of the runs in `rows`, a child's after its parent's. The same map where nothing is new. */
export function withNames(names: ReadonlyMap<string, string>, rows: readonly Row[]): ReadonlyMap<string, string> {
  const own = new Map(rows.flatMap((row) => (row.kind === "run" ? [[row.run.run_id, row.run.name]] : [])));
  const news: [string, string][] = [];
  for (const row of rows) {
    if (row.kind === "run") {
      const parent = own.get(row.parent);
      const name = parent === undefined ? row.run.name : `${parent}/${row.run.name}`;
      if (names.get(row.run.run_id) !== name) {
        news.push([row.run.run_id, name]);
      }
    }
  }
  return news.length === 0 ? names : new Map([...names, ...news]);
}

/** A column is sorted one way, the other way, then not at all. */
export function nextSort({ sort, order }: Pick<View, "sort" | "order">, column: string): Pick<View, "sort" | "order"> {
  const first = SORTED_UPWARDS.has(column) ? "asc" : "desc";
  if (sort !== column) {
    return { sort: column, order: first };
  }
  return order === first ? { sort: column, order: first === "asc" ? "desc" : "asc" } : FIRST_SORT;
}
