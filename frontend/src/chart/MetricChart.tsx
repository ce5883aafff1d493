/** One metric over the selected runs. */
import type { ChartRun } from "./lines";

export interface MetricChartProps {
  tag: string;
  /** The runs to draw, in the order and the colours of the tree. */
  runs: readonly ChartRun[];
  /** The store's version, as `v1/version` gives it: points are asked again when it changes. */
  version: string;
  /** The run to draw above the others, null for none. */
  highlighted?: string | null;
  /** Called with the run under the pointer or the keyboard's cursor, null when there is none. */
  onHover?: (runId: string | null) => void;
}

export function MetricChart({ tag, runs }: MetricChartProps) {
  return (
    <figure>
      {tag} over {runs.length} runs
    </figure>
  );
}
