/** The chart of one metric over the selected runs, with the choice of the metric. */
import { useMemo, useState } from "react";
import type { Overview } from "../api/messages";
import { useColumnSearch } from "../data/useColumnSearch";
import { useRunNames } from "../data/useRunNames";
import { type ChartView, NO_ZOOM } from "../model/chartView";
import { kindOf, metricColumn, metricOf, nameOf } from "../model/columns";
import type { Selection } from "../model/selection";
import type { ShownRun } from "../model/shownRun";
import { metricIn, selectionIn } from "../state/page";
import { useChange, usePage } from "../state/store";
import { colorOf, dashOf, type Theme } from "../theme/palette";
import { ErrorBoundary } from "../ui/ErrorBoundary";
import { SelectBox } from "../ui/SelectBox";
import { MetricChart, type MetricChartProps } from "../views/charts/MetricChart";

interface ChartsPanelProps {
  overview: Overview;
  theme: Theme;
}

/** The chart beside the table. */
export function ChartsPanel({ overview, theme }: ChartsPanelProps) {
  const change = useChange();
  const metric = usePage(metricIn);
  const pointed = usePage((page) => page.pointed);
  const selection = usePage(selectionIn);
  const runIds = useMemo(() => [...selection.keys()], [selection]);
  const runs = useShownRuns(selection, runIds, theme);
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
    </div>
  );
}

/** The chart as it is looked at: a zoom draws it alone, and nothing around it. */
function ViewedChart(props: Omit<MetricChartProps, "view">) {
  const view = usePage((page) => page.chart);
  return <MetricChart {...props} view={view} />;
}

/** The selected runs as a chart shows them; one whose name has not arrived is called by the end of its id. */
function useShownRuns(selection: Selection, runIds: readonly string[], theme: Theme): readonly ShownRun[] {
  const names = useRunNames(runIds);
  return useMemo(
    () =>
      [...selection].map(([runId, number]) => ({
        runId,
        name: names.get(runId) ?? `run ${runId.slice(-8)}`,
        color: colorOf(number, theme),
        dash: dashOf(number),
      })),
    [selection, names, theme],
  );
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
  const answer = useColumnSearch(experiment, "metric", text, hasMore && text !== "");
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
