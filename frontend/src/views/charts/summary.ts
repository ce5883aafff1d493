/** The chart in words, for those who do not see it, and the row of each run in its table. */

import type { XAxis } from "../../model/chartView";
import { formatDuration, formatTime, formatValue, formatWhole } from "../../model/numbers";
import { plural } from "./coverage";
import type { Line } from "./lines";
import type { LinePoint } from "./nearest";

/** One run's row in the table, over the points that are shown. */
export interface RunFacts {
  line: Line;
  points: number;
  lastStep: number;
  last: number;
  /** NaN where no value is finite, as `max`. */
  min: number;
  max: number;
}

/** The facts of one line, over the points that are shown. */
export function factsOf(line: Line): RunFacts {
  const { steps, values } = line.series;
  const { min, max } = finiteRange(values);
  const end = values.length - 1;
  return { line, points: values.length, lastStep: steps[end] ?? Number.NaN, last: values[end] ?? Number.NaN, min, max };
}

function finiteRange(values: Float64Array): { min: number; max: number } {
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    if (Number.isFinite(value)) {
      min = Math.min(min, value);
      max = Math.max(max, value);
    }
  }
  return min <= max ? { min, max } : { min: Number.NaN, max: Number.NaN };
}

/** Runs that a summary names one by one; of more it says how many. */
const NAMED = 5;

/** One paragraph: what is drawn, its range, and where lines end. */
export function summarize(tag: string, lines: readonly Line[]): string {
  const facts = lines.map(factsOf);
  const low = Math.min(...facts.map(({ min }) => min).filter(Number.isFinite));
  const high = Math.max(...facts.map(({ max }) => max).filter(Number.isFinite));
  const range = low <= high ? ` Values from ${formatValue(low)} to ${formatValue(high)}.` : " No finite value.";
  const ends = facts
    .slice(0, NAMED)
    .map(({ line, last, lastStep }) => `${line.run.name} ${formatValue(last)} at step ${formatWhole(lastStep)}`);
  const others = facts.length > NAMED ? `; ${formatWhole(facts.length - NAMED)} more` : "";
  return `Line chart of ${tag} over ${formatWhole(lines.length)} ${plural(lines.length, "run")}.${range} Last: ${ends.join("; ")}${others}.`;
}

/** One point in words, for the live region. */
export function describePoint({ line, index }: LinePoint, xAxis: XAxis): string {
  const { steps, wallTimes, values } = line.series;
  const time =
    xAxis === "relative" ? `after ${formatDuration(line.xs[index] as number)}` : formatTime(wallTimes[index] as number);
  return `${line.run.name}: ${formatValue(values[index] as number)} at step ${formatWhole(steps[index] as number)}, ${time}`;
}
