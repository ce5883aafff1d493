/** Runs that logged a metric once: as points they would all lie above one another, so they are ranked. */
import { formatValue, formatWhole } from "../../model/numbers";
import { Swatch } from "../../ui/Swatch";
import type { Line } from "./lines";

interface SingleValuesProps {
  tag: string;
  lines: readonly Line[];
  /** The run to make stand out. */
  emphasized: string | null;
  onHover: (runId: string | null) => void;
}

/** Whether there are several runs, each with one point, at which all of them look the same along the x axis. */
export function areSingleValues(lines: readonly Line[]): boolean {
  return lines.length > 1 && lines.every(({ series }) => series.total === 1);
}

/** One row a run, by value from the highest down, with a dot where the value lies between the lowest and the highest. */
export function SingleValues({ tag, lines, emphasized, onHover }: SingleValuesProps) {
  const values = lines.map(({ series }) => series.values[0] as number);
  const finite = values.filter(Number.isFinite);
  const [low, high] = [Math.min(...finite), Math.max(...finite)];
  const ranked = lines.map((line, i) => ({ line, value: values[i] as number })).sort(highestFirst);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard.
    <section className="chart-singles" aria-label={`${tag}, one value a run`} tabIndex={0}>
      <p>
        Each of these {formatWhole(lines.length)} runs has logged {tag} once, so there are no curves: the runs by value.
      </p>
      <ol>
        {ranked.map(({ line: { run }, value }) => (
          <li
            key={run.runId}
            title={run.name}
            data-emphasized={run.runId === emphasized}
            onPointerEnter={() => onHover(run.runId)}
            onPointerLeave={() => onHover(null)}
          >
            <Swatch run={run} />
            <span className="chart-ellipsis">{run.name}</span>
            <span className="chart-single-value">{formatValue(value)}</span>
            <span className="chart-single-track" aria-hidden="true">
              {Number.isFinite(value) && (
                <span style={{ left: `${100 * shareOf(value, low, high)}%`, background: run.color }} />
              )}
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}

/** NaN last: it is no value that could be compared. */
function highestFirst(a: { value: number }, b: { value: number }): number {
  return (
    Number(Number.isNaN(a.value)) - Number(Number.isNaN(b.value)) ||
    (a.value < b.value ? 1 : a.value > b.value ? -1 : 0)
  );
}

/** Halves before the difference: the ends may be as far apart as numbers go. */
function shareOf(value: number, low: number, high: number): number {
  return low === high ? 0.5 : (value / 2 - low / 2) / (high / 2 - low / 2);
}
