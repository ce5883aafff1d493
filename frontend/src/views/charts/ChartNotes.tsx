/** The foot of a chart: how much it shows, and what a reader must know about the rest. */

import { formatWhole } from "../../model/numbers";
import { describeCoverage, plural, warnings } from "./coverage";
import type { Misfits } from "./lines";
import type { ChartLines } from "./useChartLines";

interface ChartNotesProps {
  shown: ChartLines;
  misfits: Misfits;
  /** How many of the selected runs have not logged the metric. */
  absent: number;
}

/**
 * One sentence for each thing that the lines do not show: points left out, damage, runs without the metric, old data.
 */
export function ChartNotes({ shown, misfits, absent }: ChartNotesProps) {
  const { coverage, problem, isLoading, retry } = shown;
  return (
    <footer className="chart-notes">
      <span>{describeCoverage(coverage)}</span>
      {absent > 0 && (
        <span>
          {formatWhole(absent)} selected {plural(absent, "run")} without this metric
        </span>
      )}
      {warnings(coverage, misfits).map((sentence) => (
        <span key={sentence} className="chart-warning">
          {sentence}
        </span>
      ))}
      {problem !== null && (
        <span className="chart-warning" role="alert">
          Not up to date: {problem}{" "}
          <button type="button" className="chart-button" onClick={retry}>
            Retry
          </button>
        </span>
      )}
      {isLoading && problem === null && <span className="chart-pending">Loading…</span>}
    </footer>
  );
}
