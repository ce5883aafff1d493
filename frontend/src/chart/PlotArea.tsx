/** The plot itself: the canvas, and the cursor over it. */
import { type KeyboardEvent, useEffect, useId, useLayoutEffect, useRef, useState } from "react";
import "uplot/dist/uPlot.min.css";
import type { Interval } from "./axis";
import { ChartCanvas, type Scene } from "./chartCanvas";
import { type Frame, toPixelX, toPixelY } from "./frame";
import { type LinePoint, nearestPoint } from "./nearest";
import { Readout } from "./Readout";
import { describePoint } from "./summary";
import { useCursor } from "./useCursor";
import { scaled } from "./zoom";

interface PlotAreaProps {
  scene: Scene;
  /** The whole x axis, which keys zoom within. */
  whole: Interval;
  origins: ReadonlyMap<string, number>;
  /** What the plot shows, in words. */
  summary: string;
  highlighted: string | null;
  onHover: (runId: string | null) => void;
  /** Zooms to the intervals; null leaves an axis as it is. */
  onZoom: (x: Interval | null, y: Interval | null) => void;
  onReset: () => void;
}

const NOWHERE = { left: 0, top: 0, width: 0, height: 0 };

export function PlotArea({ scene, whole, origins, summary, highlighted, onHover, onZoom, onReset }: PlotAreaProps) {
  const host = useRef<HTMLDivElement>(null);
  const canvas = useRef<ChartCanvas>(null);
  const [area, setArea] = useState(NOWHERE);
  const cursor = useCursor(scene.lines, highlighted);
  const { point } = cursor;
  const hovered = point?.line.run.runId ?? null;
  const help = useId();

  const onPointer = (position: { x: number; y: number } | null) => {
    const frame = canvas.current?.frame();
    const next = position && frame ? nearestPoint(scene.lines, frame, position.x, position.y) : null;
    if (next?.line !== point?.line || next?.index !== point?.index || cursor.byKeyboard) {
      cursor.set(next, false);
    }
  };
  const onLayout = () => setArea((before) => changed(before, canvas.current?.area() ?? before));
  const latest = useRef({ scene, onPointer, onSelect: onZoom, onReset, onLayout });
  useLayoutEffect(() => {
    latest.current = { scene, onPointer, onSelect: onZoom, onReset, onLayout };
  });

  useLayoutEffect(() => {
    const element = host.current as HTMLDivElement;
    const chart = new ChartCanvas(element, latest.current.scene, {
      onPointer: (position) => latest.current.onPointer(position),
      onSelect: (x, y) => latest.current.onSelect(x, y),
      onReset: () => latest.current.onReset(),
      onLayout: () => latest.current.onLayout(),
    });
    canvas.current = chart;
    const observer = new ResizeObserver(() => chart.resize(element.clientWidth, element.clientHeight));
    observer.observe(element);
    return () => {
      observer.disconnect();
      chart.destroy();
      canvas.current = null;
    };
  }, []);

  useLayoutEffect(() => canvas.current?.show(scene), [scene]);

  useLayoutEffect(() => {
    const line = point?.line ?? scene.lines.find(({ run }) => run.runId === highlighted) ?? null;
    canvas.current?.emphasize({ line, index: point?.index ?? null });
  }, [scene, point, highlighted]);

  useEffect(() => onHover(hovered), [onHover, hovered]);

  const frame: Frame = { left: 0, top: 0, width: area.width, height: area.height, x: scene.x, y: scene.y };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    const zoom = keyZoom(event.key, scene.x, whole, point);
    const next = zoom === undefined ? cursor.press(event) : point;
    if (zoom === null) {
      onReset();
    } else if (zoom !== undefined) {
      onZoom(zoom, null);
    }
    if (zoom !== undefined || next !== undefined) {
      event.preventDefault();
      const shown = next && intoView(next, scene.x);
      canvas.current?.moveCrosshair(next ? pixelOf(next, frame) : null);
      if (shown) {
        onZoom(shown, null);
      }
    }
  };

  return (
    <div
      className="chart-plot"
      role="application"
      aria-roledescription="chart"
      aria-label={summary}
      aria-describedby={help}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: the arrow keys move a cursor over the plot.
      tabIndex={0}
      onKeyDown={onKeyDown}
      onBlur={() => cursor.byKeyboard && cursor.set(null, false)}
    >
      <div className="chart-host" ref={host} role="img" aria-label={summary} />
      {point !== null && area.width > 0 && (
        <Readout
          point={point}
          xAxis={scene.xAxis}
          origin={origins.get(point.line.run.runId) ?? 0}
          at={pixelOf(point, frame)}
          area={area}
        />
      )}
      <p className="chart-hidden" id={help}>
        Left and right arrows move along a run, up and down to the next run, plus and minus zoom, 0 shows everything.
      </p>
      <p className="chart-hidden" role="status">
        {cursor.byKeyboard && point !== null ? describePoint(point, scene.xAxis) : ""}
      </p>
    </div>
  );
}

type Area = typeof NOWHERE;

function changed(before: Area, after: Area): Area {
  const isSame = (Object.keys(before) as (keyof Area)[]).every((side) => before[side] === after[side]);
  return isSame ? before : after;
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

/** The interval moved so that the point is in its middle, null where the point is in view already. */
function intoView({ line, index }: LinePoint, { min, max }: Interval): Interval | null {
  const x = line.xs[index] as number;
  const half = (max - min) / 2;
  return x >= min && x <= max ? null : { min: x - half, max: x + half };
}
