/** What the point under the cursor is, beside it. */
import { formatDuration, formatTime, formatValue, formatWhole } from "../../model/numbers";
import type { Frame } from "../../plot/frame";
import { Swatch } from "../../ui/Swatch";
import type { LinePoint } from "./nearest";

interface ReadoutProps {
  point: LinePoint;
  /** Where the run's relative time counts from. */
  origin: number;
  frame: Frame;
}

/** Half of the box's height, which keeps it inside the plot. */
const HALF = 44;
const DISTANCE = 14;
const WIDEST = 280;

/**
 * Run, value, step and time of one point, in a box that stays inside the plot. Hidden from screen readers, which hear
 * it.
 */
export function Readout({ point, origin, frame }: ReadoutProps) {
  const { line, index } = point;
  const { area, x, y } = frame;
  const [left, middle] = [x.scale.place(line.xs[index] as number), y.scale.place(line.ys[index] as number)];
  const end = area.left + area.width;
  const side =
    left > area.left + area.width / 2
      ? { right: `calc(100% - ${left - DISTANCE}px)`, maxWidth: Math.min(WIDEST, left - DISTANCE) }
      : { left: left + DISTANCE, maxWidth: Math.min(WIDEST, end - left - DISTANCE) };
  const top = Math.min(Math.max(middle, area.top + HALF), Math.max(area.top + HALF, area.top + area.height - HALF));
  const time = line.series.wallTimes[index] as number;
  return (
    <div className="chart-readout" style={{ ...side, top }} aria-hidden="true">
      <div className="chart-readout-run">
        <Swatch run={line.run} />
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
