/** The head of a chart: what it shows, and how to look at it. */
import type { ReactNode } from "react";
import { NO_ZOOM } from "./axis";
import { Choice } from "./Choice";
import type { View } from "./useView";

interface ChartBarProps {
  tag: string;
  heading: ReactNode;
  view: View;
  isTable: boolean;
  onTable: (isTable: boolean) => void;
}

const X_AXES = [
  ["step", "Step"],
  ["wall", "Time"],
  ["relative", "Relative"],
] as const;
const Y_SCALES = [
  ["linear", "Linear"],
  ["log", "Log"],
] as const;

/**
 * The metric's name or what stands in its place, the choices of axes, and the table's switch; a zoom adds its reset.
 */
export function ChartBar({ tag, heading, view, isTable, onTable }: ChartBarProps) {
  return (
    <header className="chart-bar">
      {heading ?? (
        <h2 className="chart-title chart-ellipsis" title={tag}>
          {tag}
        </h2>
      )}
      {view.zoom !== NO_ZOOM && (
        <button type="button" className="chart-button" onClick={view.reset}>
          Reset zoom
        </button>
      )}
      <Choice legend="Horizontal axis" options={X_AXES} value={view.xAxis} onChange={view.setXAxis} />
      <Choice legend="Vertical axis" options={Y_SCALES} value={view.yScale} onChange={view.setYScale} />
      <button type="button" className="chart-button" aria-pressed={isTable} onClick={() => onTable(!isTable)}>
        Table
      </button>
    </header>
  );
}
