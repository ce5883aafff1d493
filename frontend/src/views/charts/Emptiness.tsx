/** Why a chart has nothing to draw, and what the reader can do about it. */
import { useMemo } from "react";
import { useMetricsOf } from "../../data/useMetricsOf";
import type { ShownRun } from "../../model/shownRun";
import { type Action, Message } from "./Message";
import type { ChartLines } from "./useChartLines";

interface EmptinessProps {
  tag: string;
  runs: readonly ShownRun[];
  shown: ChartLines;
  /** Shows another metric. */
  onMetric: (tag: string) => void;
  onLinear: () => void;
}

/** More choices than these are no help. */
const MOST_OTHERS = 4;

/** A sentence in place of the plot, with what mends it where something does. */
export function Emptiness({ tag, runs, shown, onMetric, onLinear }: EmptinessProps) {
  const runIds = useMemo(() => runs.map(({ runId }) => runId), [runs]);
  const isAbsent = shown.isAnswered && shown.lines.length === 0;
  const others = useMetricsOf(runIds, isAbsent);
  if (runs.length === 0) {
    return <Message>{`Select runs in the tree to see ${tag}.`}</Message>;
  }
  if (isAbsent) {
    const offered = others.filter((other) => other !== tag).slice(0, MOST_OTHERS);
    const choices: Action[] = offered.map((other) => ({ label: other, run: () => onMetric(other) }));
    return <Message actions={choices}>{noneHas(runs.length, tag, choices.length > 0)}</Message>;
  }
  if (shown.isAnswered) {
    return (
      <Message actions={[{ label: "Linear axis", run: onLinear }]}>
        No value is above zero, so a log axis has nothing to show.
      </Message>
    );
  }
  if (shown.problem !== null) {
    return (
      <Message isError actions={[{ label: "Retry", run: shown.retry }]}>
        {shown.problem}
      </Message>
    );
  }
  return <Message>Loading…</Message>;
}

function noneHas(runs: number, tag: string, hasOthers: boolean): string {
  const said =
    runs === 1 ? `The selected run has not logged ${tag}.` : `None of the ${runs} selected runs has logged ${tag}.`;
  return hasOthers ? `${said} What there is:` : said;
}
