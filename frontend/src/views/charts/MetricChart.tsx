/** One metric over the selected runs. */
import { lazy, type ReactNode, Suspense, useCallback, useMemo, useState } from "react";
import type { ShownRun } from "../../model/shownRun";
import "./charts.css";
import type { ChartView, Zoom } from "../../model/chartView";
import { yExtent } from "./bounds";
import { ChartBar } from "./ChartBar";
import { ChartNotes } from "./ChartNotes";
import { Emptiness } from "./Emptiness";
import { Legend, MOST_IN_LEGEND } from "./Legend";
import { Message } from "./Message";
import { PointTable } from "./PointTable";
import { areSingleValues, SingleValues } from "./SingleValues";
import { summarize } from "./summary";
import { type ChartLines, useChartLines } from "./useChartLines";
import { type ShownScene, useScene } from "./useScene";
import { changeable, type View } from "./view";

/** Loaded with the first chart: the tree can be on screen without the parts that draw. */
const LinePlot = lazy(() => import("./LinePlot").then((module) => ({ default: module.LinePlot })));

const ignore = () => undefined;

/** What the page decides about a chart, and is told of it. */
export interface MetricChartProps {
  tag: string;
  /** The runs to draw, in the order and the colours of the tree. The same array while they are the same. */
  runs: readonly ShownRun[];
  /** How the chart is looked at, and what is called with another way. */
  view: ChartView;
  onView: (view: ChartView) => void;
  /** The run to draw in front of the others, null for none. */
  highlighted?: string | null;
  /** Called with the run under the pointer or the keyboard's cursor, null when there is none. */
  onHover?: (runId: string | null) => void;
  /** What stands in place of the metric's name, such as a choice of metrics. */
  heading?: ReactNode;
  /** Called with another metric that the runs have, where they have not logged this one. */
  onMetric?: (tag: string) => void;
}

/** A chart that asks for its own points, with its axes, notes, legend and table; a sentence where there is nothing to draw. */
export function MetricChart(props: MetricChartProps) {
  const { tag, runs, highlighted = null, onHover = ignore, heading, onMetric = ignore } = props;
  const view = changeable(props.view, props.onView);
  const shown = useChartLines(tag, runs, view.xAxis, view.yScale, view.zoom.x);
  const shownScene = useScene(tag, shown, props.view);
  const [isTable, setIsTable] = useState(false);
  const [pointed, setPointed] = useState<string | null>(null);
  const hover = useCallback(
    (runId: string | null) => {
      setPointed(runId);
      onHover(runId);
    },
    [onHover],
  );
  const { lines, whole } = shown;
  const { points, notPositive } = shownScene.misfits;
  const isEmpty = lines.length === 0 || (!isTable && points > 0 && points === notPositive);
  const look = isTable ? "table" : view.xAxis !== "wall" && areSingleValues(whole) ? "singles" : "plot";
  const emphasized = pointed ?? highlighted;
  return (
    <section className="chart" aria-label={tag}>
      <ChartBar tag={tag} heading={heading} view={view} isTable={isTable} onTable={setIsTable} />
      <div className="chart-body">
        {isEmpty && (
          <Emptiness
            tag={tag}
            runs={runs}
            shown={shown}
            onMetric={onMetric}
            onLinear={() => view.setYScale("linear")}
          />
        )}
        {!isEmpty && look === "table" && <PointTable tag={tag} lines={lines} />}
        {!isEmpty && look === "singles" && (
          <SingleValues tag={tag} lines={lines} emphasized={emphasized} onHover={hover} />
        )}
        {!isEmpty && look === "plot" && (
          <Plot shown={shown} shownScene={shownScene} view={view} highlighted={emphasized} onHover={hover} />
        )}
      </div>
      {!isEmpty && look === "plot" && lines.length > 1 && lines.length <= MOST_IN_LEGEND && (
        <Legend lines={lines} emphasized={emphasized} onHover={hover} />
      )}
      {lines.length > 0 && (
        <ChartNotes shown={shown} misfits={shownScene.misfits} absent={runs.length - lines.length} />
      )}
    </section>
  );
}

interface PlotProps {
  shown: ChartLines;
  shownScene: ShownScene;
  view: View;
  highlighted: string | null;
  onHover: (runId: string | null) => void;
}

/** The plot once its part of the page is loaded, said in words as well. */
function Plot({ shown, shownScene: { scene, whole }, view, highlighted, onHover }: PlotProps) {
  const { tag, lines, yScale } = scene;
  const summary = useMemo(() => summarize(tag, lines), [tag, lines]);
  const zoomTo = (change: Partial<Zoom>) => {
    // Between runs that follow one another in time there is nothing to see.
    if (!change.x || yExtent(lines, change.x, yScale) !== null) {
      view.zoomTo(change);
    }
  };
  return (
    <Suspense fallback={<Message>Loading…</Message>}>
      <LinePlot
        scene={scene}
        whole={whole}
        origins={shown.origins}
        summary={summary}
        highlighted={highlighted}
        onHover={onHover}
        onZoom={zoomTo}
      />
    </Suspense>
  );
}
