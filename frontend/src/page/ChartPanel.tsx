/** The chart of one metric over the selected runs, with the choice of the metric. */
import { useMemo } from "react";
import type { Column } from "../api/messages";
import type { Selection } from "../state/selection";
import { colorOf, type Theme } from "../theme/palette";
import { MetricChart } from "../views/charts/MetricChart";
import { SelectBox } from "./SelectBox";

interface ChartPanelProps {
  columns: readonly Column[];
  metric: string;
  selection: Selection;
  names: ReadonlyMap<string, string>;
  theme: Theme;
  version: string;
  highlighted: string | null;
  onMetric: (metric: string) => void;
  onHover: (runId: string | null) => void;
}

const METRIC = "metric:";

/** The chart beside the tree. A run whose name has not arrived is called by the end of its id. */
export function ChartPanel(props: ChartPanelProps) {
  const { columns, metric, selection, names, theme } = props;
  const runs = useMemo(
    () =>
      [...selection].map(([runId, number]) => ({
        runId,
        name: names.get(runId) ?? `run ${runId.slice(-8)}`,
        color: colorOf(number, theme),
      })),
    [selection, names, theme],
  );
  const metrics = columns.filter(({ column }) => column.startsWith(METRIC));
  const known = metrics.map(({ column, runs }) => ({
    id: column,
    name: column.slice(METRIC.length),
    note: runs.toLocaleString("en"),
  }));
  const options = known.some(({ id }) => id === METRIC + metric)
    ? known
    : [{ id: METRIC + metric, name: metric }, ...known];
  if (metric === "") {
    return <p className="notice quiet">Metrics that runs log are drawn here.</p>;
  }
  return (
    <div className="chart-panel">
      <MetricChart
        tag={metric}
        runs={runs}
        version={props.version}
        highlighted={props.highlighted}
        onHover={props.onHover}
        heading={
          <SelectBox
            label="Metric"
            options={options}
            value={METRIC + metric}
            onChange={(id) => props.onMetric(id.slice(METRIC.length))}
          />
        }
      />
    </div>
  );
}
