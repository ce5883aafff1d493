/** The plot itself: the canvas, and the cursor over it. */
import { type KeyboardEvent, useEffect, useId, useLayoutEffect } from "react";
import "uplot/dist/uPlot.min.css";
import type { Interval } from "./axis";
import type { Scene } from "./chartCanvas";
import { type Frame, toPixelX, toPixelY } from "./frame";
import { type LinePoint, nearestPoint } from "./nearest";
import { Readout } from "./Readout";
import { describePoint } from "./summary";
import { useCanvas } from "./useCanvas";
import { type Cursor, useCursor } from "./useCursor";
import { scaled } from "./zoom";

interface PlotAreaProps {
  scene: Scene;
  /** The whole x axis, which keys zoom within. */
  whole: Interval;
  origins: ReadonlyMap<string, number>;
  /** What the plot is called, and what it shows in words. */
  label: string;
  summary: string;
  highlighted: string | null;
  onHover: (runId: string | null) => void;
  /** Zooms to the intervals; null leaves an axis as it is. */
  onZoom: (x: Interval | null, y: Interval | null) => void;
  onReset: () => void;
}

/** The canvas with a cursor that pointer and arrow keys move; screen readers hear the point that the keys reach. */
export function PlotArea(props: PlotAreaProps) {
  const { scene, origins, label, summary, highlighted, onHover, onZoom, onReset } = props;
  const cursor = useCursor(scene.lines, highlighted);
  const { point, byKeyboard } = cursor;
  const hovered = point?.line.run.runId ?? null;
  const help = useId();
  const { host, chart, area } = useCanvas(scene, {
    onPointer: (position) => {
      const frame = chart.current?.frame();
      const next = position && frame ? nearestPoint(scene.lines, frame, position.x, position.y) : null;
      if (next?.line !== point?.line || next?.index !== point?.index || byKeyboard) {
        cursor.set(next, false);
      }
    },
    onSelect: onZoom,
    onReset,
  });
  const frame: Frame = { left: 0, top: 0, width: area.width, height: area.height, x: scene.x, y: scene.y };

  useLayoutEffect(() => {
    const line = point?.line ?? scene.lines.find(({ run }) => run.runId === highlighted) ?? null;
    chart.current?.emphasize({ line, index: point?.index ?? null });
    if (byKeyboard && point !== null && chart.current !== null) {
      chart.current.moveCrosshair(pixelOf(point, chart.current.frame()));
    }
  }, [chart, scene, point, byKeyboard, highlighted]);

  useEffect(() => onHover(hovered), [onHover, hovered]);

  const leave = () => {
    cursor.set(null, false);
    chart.current?.moveCrosshair(null);
  };
  return (
    <div
      className="chart-plot"
      role="application"
      aria-roledescription="chart"
      aria-label={label}
      aria-describedby={help}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: the arrow keys move a cursor over the plot.
      tabIndex={0}
      onKeyDown={(event) => handleKey(event, cursor, leave, props)}
      onBlur={() => byKeyboard && leave()}
    >
      <div className="chart-host" ref={host} role="img" aria-label={summary} />
      {point !== null && area.width > 0 && (
        <Readout point={point} origin={origins.get(hovered ?? "") ?? 0} at={pixelOf(point, frame)} area={area} />
      )}
      <p className="chart-hidden" id={help}>
        Left and right arrows move along a run, up and down to the next run, plus and minus zoom, 0 shows everything.
      </p>
      <p className="chart-hidden" role="status">
        {byKeyboard && point !== null ? describePoint(point, scene.xAxis) : ""}
      </p>
    </div>
  );
}

/** Zooms or moves the cursor as the key says; other keys, and keys of the browser, are left alone. */
function handleKey(event: KeyboardEvent, cursor: Cursor, leave: () => void, props: PlotAreaProps): void {
  const { scene, whole, onZoom, onReset } = props;
  if (event.ctrlKey || event.metaKey || event.altKey) {
    return;
  }
  const zoom = keyZoom(event.key, scene.x, whole, cursor.point);
  const next = zoom === undefined ? cursor.press(event) : undefined;
  if (zoom === undefined && next === undefined) {
    return;
  }
  event.preventDefault();
  if (zoom === null) {
    onReset();
  } else if (zoom !== undefined) {
    onZoom(zoom, null);
  } else if (!next) {
    leave();
  } else if (!isInView(next, scene.x)) {
    onZoom(centered(next, scene.x, whole), null);
  }
}

function pixelOf({ line, index }: LinePoint, frame: Frame): { x: number; y: number } {
  return { x: toPixelX(frame, line.xs[index] as number), y: toPixelY(frame, line.ys[index] as number) };
}

/** What a key zooms to: an interval, null for everything; undefined when it does not zoom. */
function keyZoom(key: string, x: Interval, whole: Interval, point: LinePoint | null): Interval | null | undefined {
  const center = point?.line.xs[point.index] ?? (x.min + x.max) / 2;
  switch (key) {
    case "+":
    case "=":
      return scaled(x, center, 0.5, whole);
    case "-":
      return scaled(x, center, 2, whole);
    case "0":
      return null;
    default:
      return undefined;
  }
}

function isInView({ line, index }: LinePoint, { min, max }: Interval): boolean {
  const x = line.xs[index] as number;
  return x >= min && x <= max;
}

/** The interval moved so that the point is in its middle, as far as the whole axis allows. */
function centered({ line, index }: LinePoint, { min, max }: Interval, whole: Interval): Interval {
  const width = max - min;
  const wanted = (line.xs[index] as number) - width / 2;
  const start = Math.max(whole.min, Math.min(wanted, whole.max - width));
  return { min: start, max: start + width };
}
