/** What the point under the cursor is, beside it. */

import { formatDuration, formatTime, formatValue, formatWhole } from "../../model/numbers";
import type { Area } from "./chartCanvas";
import type { LinePoint } from "./nearest";

interface ReadoutProps {
  point: LinePoint;
  /** Where the run's relative time counts from. */
  origin: number;
  /** The point's place inside the plot, and the plot's place and size inside the host, in CSS pixels. */
  at: { x: number; y: number };
  area: Area;
}

/** Half of the box's height, which keeps it inside the plot. */
const HALF = 44;
const DISTANCE = 14;
const WIDEST = 280;

/**
 * Run, value, step and time of one point, in a box that stays inside the plot. Hidden from screen readers, which hear
 * it.
 */
export function Readout({ point, origin, at, area }: ReadoutProps) {
  const { line, index } = point;
  const time = line.series.wallTimes[index] as number;
  const isRight = at.x > area.width / 2;
  const side = isRight
    ? {
        right: `calc(100% - ${area.left + at.x - DISTANCE}px)`,
        maxWidth: Math.min(WIDEST, area.left + at.x - DISTANCE),
      }
    : { left: area.left + at.x + DISTANCE, maxWidth: Math.min(WIDEST, area.width - at.x - DISTANCE) };
  const top = area.top + Math.min(Math.max(at.y, HALF), Math.max(HALF, area.height - HALF));
  return (
    <div className="chart-readout" style={{ ...side, top }} aria-hidden="true">
      <div className="chart-readout-run">
        <span className="chart-swatch" style={{ background: line.run.color }} />
        <span className="chart-ellipsis">{line.run.name}</span>
      </div>
      <strong>{formatValue(line.series.values[index] as number)}</strong>
      <div>
        step {formatWhole(line.series.steps[index] as number)} · {formatDuration(time - origin)}
      </div>
      <div>{formatTime(time)}</div>
    </div>
  );
}
