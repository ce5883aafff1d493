/** What changes the way a chart is looked at. */
import type { ChartView, XAxis, YScale, Zoom } from "../../model/chartView";

/** Axes and zoom of one chart, with what changes them. */
export interface View extends ChartView {
  setXAxis: (axis: XAxis) => void;
  setYScale: (scale: YScale) => void;
  /** Zooms the axes that it names; null shows all of an axis. */
  zoomTo: (zoom: Partial<Zoom>) => void;
}

/** The view, with changes that are told to `onView`. An axis that becomes another loses its own zoom. */
export function changeable(view: ChartView, onView: (view: ChartView) => void): View {
  const { zoom } = view;
  return {
    ...view,
    setXAxis: (xAxis) => onView({ ...view, xAxis, zoom: { ...zoom, x: null } }),
    setYScale: (yScale) => onView({ ...view, yScale, zoom: { ...zoom, y: null } }),
    zoomTo: (change) => onView({ ...view, zoom: { ...zoom, ...change } }),
  };
}

/** Whether something of the chart is out of sight. */
export function isZoomed({ x, y }: Zoom): boolean {
  return x !== null || y !== null;
}
