/** From a metric and a zoom to lines: asks for points, and for more of them in what is zoomed to. */
import { useMemo } from "react";
import type { LiveAnswer } from "../../data/liveQuery";
import { limitFor, MOST_POINTS } from "../../data/points/fetch";
import { spliceAll } from "../../data/points/splice";
import { type SeriesAnswer, useSeries } from "../../data/points/useSeries";
import type { XAxis, YScale } from "../../model/chartView";
import type { Interval } from "../../model/interval";
import type { ShownRun } from "../../model/shownRun";
import { type Coverage, coverageInside, coverageOf } from "./coverage";
import { type Line, originsOf, toLines } from "./lines";
import { isComplete, stepWindow } from "./zoom";

/** The lines of a chart, and what is known of how true they are. */
export interface ChartLines {
  /** Whether there is an answer to show. */
  isAnswered: boolean;
  lines: Line[];
  /** The lines of everything, coarsely, from which the axes' whole extent comes. */
  whole: Line[];
  origins: ReadonlyMap<string, number>;
  coverage: Coverage;
  /** Whether what is shown is not the answer to the latest question yet. */
  isLoading: boolean;
  /** Why what is shown is missing, coarse or not up to date. */
  problem: string | null;
  retry: () => void;
}

const NONE: never[] = [];

/**
 * Coarse lines of everything first; where `zoom` cuts into lines that have more points, those in place of the coarse
 * ones.
 */
export function useChartLines(
  tag: string,
  runs: readonly ShownRun[],
  xAxis: XAxis,
  yScale: YScale,
  zoom: Interval | null,
): ChartLines {
  const runIds = useMemo(() => runs.map(({ runId }) => runId), [runs]);
  const coarse = useSeries({ tag, runIds, limit: limitFor(runs.length) }, true);
  const series = coarse.content?.series ?? NONE;
  const origins = useMemo(() => originsOf(series), [series]);
  const whole = useMemo(() => toLines(series, runs, origins, xAxis, yScale), [series, runs, origins, xAxis, yScale]);
  const complete = isComplete(whole);
  const window = zoom !== null && !complete ? stepWindow(whole, xAxis, zoom) : null;
  const limit = limitFor(runs.length, xAxis === "step" ? undefined : MOST_POINTS);
  const fine = useSeries({ tag, runIds, limit, window }, window !== null);
  const detail = window !== null ? fine.content : undefined;
  const lines = useMemo(() => {
    if (!detail?.window) {
      return whole;
    }
    return toLines(spliceAll(series, detail.series, detail.window), runs, origins, xAxis, yScale);
  }, [whole, series, detail, runs, origins, xAxis, yScale]);
  const coverage = useMemo(() => {
    if (zoom !== null && complete) {
      return coverageInside(whole, zoom);
    }
    const shown = new Set(whole.map(({ run }) => run.runId));
    return coverageOf(
      (detail?.series ?? series).filter(({ runId }) => shown.has(runId)),
      detail !== undefined && xAxis === "step",
    );
  }, [zoom, complete, whole, detail, series, xAxis]);
  return {
    isAnswered: coarse.content !== undefined,
    lines,
    whole,
    origins,
    coverage,
    isLoading: isAwaited(coarse) || (window !== null && isAwaited(fine)),
    problem: coarse.problem ?? (window === null ? null : fine.problem),
    retry: () => {
      coarse.retry();
      if (window !== null) {
        fine.retry();
      }
    },
  };
}

function isAwaited({ content, isEarlier }: LiveAnswer<SeriesAnswer>): boolean {
  return content === undefined || isEarlier;
}
