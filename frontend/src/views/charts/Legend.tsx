/** The names of a few lines, below the plot. Of many lines the tree of runs is the legend. */

import { Swatch } from "../../ui/Swatch";
import type { Line } from "./lines";

/** Beyond so many lines a legend takes more room than it is worth. */
export const MOST_IN_LEGEND = 12;

interface LegendProps {
  lines: readonly Line[];
  /** The run to make stand out; the others step back. */
  emphasized: string | null;
  onHover: (runId: string | null) => void;
}

/** One entry a line in the lines' order; pointing at one makes its line stand out. */
export function Legend({ lines, emphasized, onHover }: LegendProps) {
  return (
    <ul className="chart-legend" aria-label="Runs in this chart">
      {lines.map(({ run }) => (
        <li
          key={run.runId}
          title={run.name}
          data-faint={emphasized !== null && emphasized !== run.runId}
          onPointerEnter={() => onHover(run.runId)}
          onPointerLeave={() => onHover(null)}
        >
          <Swatch run={run} />
          <span className="chart-ellipsis">{run.name}</span>
        </li>
      ))}
    </ul>
  );
}
