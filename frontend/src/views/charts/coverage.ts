/** How much of what was logged the chart shows, in words. */
import type { PointSeries } from "../../data/points/decode";
import type { Interval } from "../../model/interval";
import { formatWhole } from "../../model/numbers";
import type { Line, Misfits } from "./lines";

/** Counts of points over all series: shown, stored, and unreadable. */
export interface Coverage {
  shown: number;
  total: number;
  damaged: number;
  /** Whether the figures speak of the zoomed range of steps only. */
  inView: boolean;
}

/** The coverage of whole series, or of the window that they were asked for. */
export function coverageOf(series: readonly PointSeries[], inView: boolean): Coverage {
  const sum = (count: (one: PointSeries) => number) => series.reduce((total, one) => total + count(one), 0);
  return { shown: sum((one) => one.count), total: sum((one) => one.total), damaged: sum((one) => one.damaged), inView };
}

/** The coverage of an interval inside lines that show all of their points. */
export function coverageInside(lines: readonly Line[], x: Interval): Coverage {
  const inside = lines.reduce((sum, { xs }) => sum + xs.filter((value) => value >= x.min && value <= x.max).length, 0);
  const damaged = lines.reduce((sum, { series }) => sum + series.damaged, 0);
  return { shown: inside, total: inside, damaged, inView: true };
}

/** "1,000 of 20,000 points, extremes kept". */
export function describeCoverage({ shown, total, inView }: Coverage): string {
  const sampled = shown < total ? ", extremes kept" : "";
  return `${formatWhole(shown)} of ${formatWhole(total)} ${plural(total, "point")}${inView ? " in this range" : ""}${sampled}`;
}

/** What a reader must know about points that are not on a line; one sentence each. */
export function warnings(coverage: Coverage, misfits: Misfits): string[] {
  const sentences: string[] = [];
  if (misfits.notFinite > 0) {
    const verb = misfits.notFinite === 1 ? "is" : "are";
    sentences.push(
      `${formatWhole(misfits.notFinite)} of the ${formatWhole(misfits.points)} shown ${verb} NaN or infinite, marked at the edge.`,
    );
  }
  if (misfits.notPositive > 0) {
    const verb = misfits.notPositive === 1 ? "is" : "are";
    sentences.push(
      `${formatWhole(misfits.notPositive)} ${verb} not above zero, marked at the bottom: a log axis has no place for them.`,
    );
  }
  if (coverage.damaged > 0) {
    // Of a range the server says what is lost in all blocks that reach into it.
    const lost = `${coverage.inView ? "up to " : ""}${formatWhole(coverage.damaged)} ${plural(coverage.damaged, "point")}`;
    sentences.push(
      `${capitalized(lost)} cannot be read: the store is damaged there. "tb-runhistory check" says where.`,
    );
  }
  return sentences;
}

/** The noun with an s unless there is exactly one; English nouns that take an s only. */
export function plural(count: number, noun: string): string {
  return count === 1 ? noun : `${noun}s`;
}

function capitalized(sentence: string): string {
  return sentence.charAt(0).toUpperCase() + sentence.slice(1);
}
