/** The chart as a table: one row a run. */
import { formatValue, formatWhole } from "../../model/numbers";
import { Swatch } from "../../ui/Swatch";
import type { Line } from "./lines";
import { factsOf } from "./summary";

interface PointTableProps {
  tag: string;
  lines: readonly Line[];
}

/** Of each run its last, lowest and highest value among the points shown, and how many of those stored these are. */
export function PointTable({ tag, lines }: PointTableProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard.
    <section className="chart-table" aria-label={`${tag} as a table`} tabIndex={0}>
      <table>
        <thead>
          <tr>
            <th scope="col">Run</th>
            <th scope="col">Last</th>
            <th scope="col">At step</th>
            <th scope="col">Lowest</th>
            <th scope="col">Highest</th>
            <th scope="col">Points</th>
          </tr>
        </thead>
        <tbody>
          {lines.map(factsOf).map(({ line, points, last, lastStep, min, max }) => (
            <tr key={line.run.runId}>
              <th scope="row" title={line.run.name}>
                <Swatch run={line.run} />
                {line.run.name}
              </th>
              <td>{formatValue(last)}</td>
              <td>{formatWhole(lastStep)}</td>
              <td>{formatValue(min)}</td>
              <td>{formatValue(max)}</td>
              <td>
                {formatWhole(points)} of {formatWhole(line.series.total)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
