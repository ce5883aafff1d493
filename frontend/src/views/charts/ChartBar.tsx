/** The head of a chart: what it shows, and how to look at it. */
import { Table2, ZoomOut } from "lucide-react";
import type { ReactNode } from "react";
import { Choice } from "./Choice";
import { isZoomed, type View } from "./view";

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
 * The metric's name or what stands in its place, the choices of axes, what resets a zoom, and the table's switch. Nothing moves
 * when there is a zoom to reset.
 */
export function ChartBar({ tag, heading, view, isTable, onTable }: ChartBarProps) {
  return (
    <header className="chart-bar">
      {heading ?? (
        <h2 className="chart-title chart-ellipsis" title={tag}>
          {tag}
        </h2>
      )}
      <Choice legend="Horizontal axis" options={X_AXES} value={view.xAxis} onChange={view.setXAxis} />
      <Choice legend="Vertical axis" options={Y_SCALES} value={view.yScale} onChange={view.setYScale} />
      <button
        type="button"
        className="chart-icon"
        aria-label="Reset zoom"
        title="Reset zoom"
        disabled={!isZoomed(view.zoom)}
        onClick={() => view.zoomTo({ x: null, y: null })}
      >
        <ZoomOut size={16} aria-hidden="true" />
      </button>
      <button
        type="button"
        className="chart-icon"
        aria-label="Table"
        title="Table"
        aria-pressed={isTable}
        onClick={() => onTable(!isTable)}
      >
        <Table2 size={16} aria-hidden="true" />
      </button>
    </header>
  );
}
