/** One metric over the selected runs. */
import { lazy, type ReactNode, Suspense, useCallback, useMemo, useState } from "react";
import "./chart.css";
import { xExtent, yExtent } from "./bounds";
import { ChartBar } from "./ChartBar";
import { ChartNotes } from "./ChartNotes";
import { Legend, MOST_IN_LEGEND } from "./Legend";
import { type ChartRun, countMisfits } from "./lines";
import { Message } from "./Message";
import { PointTable } from "./PointTable";
import { summarize } from "./summary";
import { useChartLines } from "./useChartLines";
import { useView } from "./useView";

/** Loaded with the first chart: the tree can be on screen without uPlot. */
const PlotArea = lazy(() => import("./PlotArea").then((module) => ({ default: module.PlotArea })));

/** What the page decides about a chart; its axes, its zoom and its table are the chart's own. */
export interface MetricChartProps {
  tag: string;
  /** The runs to draw, in the order and the colours of the tree. The same array while they are the same. */
  runs: readonly ChartRun[];
  /** The store's version, as `v1/version` gives it: points are asked again when it changes. */
  version: string;
  /** The run to draw in front of the others, null for none. */
  highlighted?: string | null;
  /** Called with the run under the pointer or the keyboard's cursor, null when there is none. */
  onHover?: (runId: string | null) => void;
  /** What stands in place of the metric's name, such as a choice of metrics. */
  heading?: ReactNode;
}

/**
 * A chart that asks for its own points, with its axes, notes, legend and table; a sentence where there is nothing to
 * draw.
 */
export function MetricChart({ tag, runs, version, highlighted = null, onHover, heading }: MetricChartProps) {
  const view = useView(tag);
  const { xAxis, yScale, zoom } = view;
  const [isTable, setIsTable] = useState(false);
  const [pointed, setPointed] = useState<string | null>(null);
  const shown = useChartLines(tag, runs, version, xAxis, yScale, zoom.x);
  const { lines, whole } = shown;
  const extent = useMemo(() => xExtent(whole, xAxis), [whole, xAxis]);
  const scene = useMemo(() => {
    const x = zoom.x ?? extent;
    const y = zoom.y ?? yExtent(lines, x, yScale) ?? { min: 0, max: 1 };
    return { lines, x, y, xAxis, yScale, isWhole: zoom.x === null };
  }, [lines, extent, zoom, xAxis, yScale]);
  const misfits = useMemo(() => countMisfits(lines), [lines]);
  const summary = useMemo(() => summarize(tag, lines), [tag, lines]);
  const hover = useCallback(
    (runId: string | null) => {
      setPointed(runId);
      onHover?.(runId);
    },
    [onHover],
  );

  const problem = emptiness();
  return (
    <section className="chart" aria-label={tag}>
      <ChartBar tag={tag} heading={heading} view={view} isTable={isTable} onTable={setIsTable} />
      <div className="chart-body">{problem ?? (isTable ? <PointTable tag={tag} lines={lines} /> : plot())}</div>
      {lines.length > 1 && lines.length <= MOST_IN_LEGEND && !isTable && problem === null && (
        <Legend lines={lines} emphasized={pointed ?? highlighted} onHover={hover} />
      )}
      {lines.length > 0 && <ChartNotes shown={shown} misfits={misfits} absent={runs.length - lines.length} />}
    </section>
  );

  function plot() {
    return (
      <Suspense fallback={<Message>Loading…</Message>}>
        <PlotArea
          scene={scene}
          whole={extent}
          origins={shown.origins}
          label={tag}
          summary={summary}
          highlighted={pointed ?? highlighted}
          onHover={hover}
          onZoom={view.zoomTo}
          onReset={view.reset}
        />
      </Suspense>
    );
  }

  function emptiness() {
    if (runs.length === 0) {
      return <Message>{`Select runs in the tree to see ${tag}.`}</Message>;
    }
    if (!shown.isAnswered) {
      return shown.error === null ? (
        <Message>Loading…</Message>
      ) : (
        <Message isError action={{ label: "Retry", run: shown.retry }}>
          {shown.error.message}
        </Message>
      );
    }
    if (lines.length === 0) {
      return <Message>{noneHas(runs.length, tag)}</Message>;
    }
    if (!isTable && misfits.points > 0 && misfits.points === misfits.notPositive) {
      return (
        <Message action={{ label: "Linear axis", run: () => view.setYScale("linear") }}>
          No value is above zero, so a log axis has nothing to show.
        </Message>
      );
    }
    return null;
  }
}

function noneHas(runs: number, tag: string): string {
  return runs === 1
    ? `The selected run has not logged ${tag}.`
    : `None of the ${runs} selected runs has logged ${tag}.`;
}
