/** How a reader looks at a chart: its axes, and what is zoomed to. */
import { useState } from "react";
import { type Interval, NO_ZOOM, type XAxis, type YScale, type Zoom } from "./axis";

/** Axes and zoom of one chart, with what changes them. */
export interface View {
  xAxis: XAxis;
  yScale: YScale;
  zoom: Zoom;
  setXAxis: (axis: XAxis) => void;
  setYScale: (scale: YScale) => void;
  /** Zooms to the intervals; null leaves an axis as it is. */
  zoomTo: (x: Interval | null, y: Interval | null) => void;
  reset: () => void;
}

/** The view of one metric. Axes stay when another metric is looked at; a zoom holds for its own metric and axes only. */
export function useView(tag: string): View {
  const [xAxis, setXAxis] = useState<XAxis>("step");
  const [yScale, setYScale] = useState<YScale>("linear");
  const [zoomed, setZoomed] = useState({ tag, zoom: NO_ZOOM });
  const zoom = zoomed.tag === tag ? zoomed.zoom : NO_ZOOM;
  const setZoom = (x: Interval | null, y: Interval | null) =>
    setZoomed({ tag, zoom: x === null && y === null ? NO_ZOOM : { x, y } });
  return {
    xAxis,
    yScale,
    zoom,
    setXAxis: (axis) => {
      setXAxis(axis);
      setZoom(null, zoom.y);
    },
    setYScale: (scale) => {
      setYScale(scale);
      setZoom(zoom.x, null);
    },
    zoomTo: (x, y) => setZoom(x ?? zoom.x, y ?? zoom.y),
    reset: () => setZoom(null, null),
  };
}
