/** The chart of one metric over the selected runs, with the choice of the metric. */
import { useMemo, useState } from "react";
import type { Overview } from "../api/messages";
import { type Coloring, useColoring } from "../data/useColoring";
import { useColumnSearch } from "../data/useColumnSearch";
import { useRunNames } from "../data/useRunNames";
import { type ChartView, MOST_LINES, NO_ZOOM } from "../model/chartView";
import { kindOf, metricColumn, metricOf, nameOf } from "../model/columns";
import type { Selection } from "../model/selection";
import type { ShownRun } from "../model/shownRun";
import { metricIn, selectionIn } from "../state/page";
import { useChange, usePage } from "../state/store";
import { colorOf, dashesAmong, dashOf, type Theme } from "../theme/palette";
import { ErrorBoundary } from "../ui/ErrorBoundary";
import { SelectBox } from "../ui/SelectBox";
import { MetricChart, type MetricChartProps } from "../views/charts/MetricChart";
import { ColorBar } from "./ColorBar";

/** So many runs have their names below the chart, and are to be told apart there. */
const MOST_DASHED = 12;

interface ChartsPanelProps {
  overview: Overview;
  theme: Theme;
}

/** The chart beside the table. */
export function ChartsPanel({ overview, theme }: ChartsPanelProps) {
  const change = useChange();
  const metric = usePage(metricIn);
  const pointed = usePage((page) => page.pointed);
  const selected = usePage(selectionIn);
  const selection = useMemo(() => firstOf(selected, MOST_LINES), [selected]);
  const runIds = useMemo(() => [...selection.keys()], [selection]);
  const coloring = useColoring(theme);
  const runs = useShownRuns(selection, runIds, coloring, theme);
  const actions = useMemo(
    () => ({
      onHover: (runId: string | null) => change(() => ({ pointed: runId })),
      onMetric: (next: string) => change(({ chart }) => ({ metric: next, chart: { ...chart, zoom: NO_ZOOM } })),
      onView: (next: ChartView) => change(() => ({ chart: next })),
    }),
    [change],
  );
  if (metric === null) {
    return <p className="notice quiet">Metrics that runs log are drawn here.</p>;
  }
  return (
    <div className="chart-panel">
      <ErrorBoundary name={`The chart of ${metric}`} content={metric}>
        <ViewedChart
          tag={metric}
          runs={runs}
          onView={actions.onView}
          highlighted={pointed}
          onMetric={actions.onMetric}
          onHover={actions.onHover}
          heading={<MetricChoice overview={overview} metric={metric} onMetric={actions.onMetric} />}
        />
      </ErrorBoundary>
      <ColorBar overview={overview} coloring={coloring} theme={theme} />
    </div>
  );
}

function firstOf(selection: Selection, most: number): Selection {
  return selection.size <= most ? selection : new Map([...selection].slice(0, most));
}

/** The chart as it is looked at: a zoom draws it alone, and nothing around it. */
function ViewedChart(props: Omit<MetricChartProps, "view">) {
  const view = usePage((page) => page.chart);
  return <MetricChart {...props} view={view} />;
}

/** The selected runs as a chart shows them; one whose name has not arrived is called by the end of its id. */
function useShownRuns(
  selection: Selection,
  runIds: readonly string[],
  { ofRun }: Coloring,
  theme: Theme,
): readonly ShownRun[] {
  const names = useRunNames(runIds);
  return useMemo(() => {
    const given = [...selection].map(([runId]) => ofRun(runId) ?? "");
    const dashes = dashesAmong(given);
    return [...selection].map(([runId, number], place) => {
      const name = names.get(runId) ?? `run ${runId.slice(-8)}`;
      const color = given[place] || null;
      if (color === null) {
        return { runId, name, color: colorOf(number, theme), dash: dashOf(number) };
      }
      // Of many lines of one value the value alone is to be seen.
      return { runId, name, color, ...(selection.size <= MOST_DASHED && { dash: dashes[place] ?? [] }) };
    });
  }, [selection, names, ofRun, theme]);
}

interface MetricChoiceProps {
  overview: Overview;
  metric: string;
  onMetric: (metric: string) => void;
}

/** Of more metrics than the overview has the server looks for the others. */
function MetricChoice({ overview, metric, onMetric }: MetricChoiceProps) {
  const experiment = usePage((page) => page.experiment);
  const [text, setText] = useState("");
  const first = overview.columns.filter(({ column }) => kindOf(column) === "metric");
  const hasMore = overview.metric_count > first.length;
  const answer = useColumnSearch(experiment, "metrics", text, hasMore && text !== "");
  const found = hasMore && text !== "" ? (answer.content?.columns ?? []) : first;
  const total = hasMore && text !== "" ? (answer.content?.total ?? 0) : overview.metric_count;
  const options = found.map(({ column, runs }) => ({
    id: column,
    name: nameOf(column),
    note: runs.toLocaleString("en"),
  }));
  const isThere = text !== "" || found.some(({ column }) => metricOf(column) === metric);
  const more =
    total > found.length ? `${(total - found.length).toLocaleString("en")} more: find them by name.` : undefined;
  return (
    <SelectBox
      label="Metric"
      options={isThere ? options : [{ id: metricColumn(metric), name: metric }, ...options]}
      value={metricColumn(metric)}
      onChange={(id) => onMetric(nameOf(id))}
      {...(hasMore && { onSearch: setText })}
      {...(more !== undefined && { note: more })}
    />
  );
}
