/** The plot itself: the canvas, and the cursor over it. */
import { type KeyboardEvent, useEffect, useId, useMemo } from "react";
import type { Zoom } from "../../model/chartView";
import type { Interval } from "../../model/interval";
import type { Area, Frame } from "../../plot/frame";
import { Layer } from "../../plot/Layer";
import { isInView } from "../../plot/marks/line";
import { type Place, selected, usePointer } from "../../plot/pointer";
import { type Painter, type Surface, useMeasure, useSurface } from "../../plot/surface";
import { zoomByKey, zoomFollowing } from "./keys";
import { type LinePoint, nearestPoint } from "./nearest";
import { Readout } from "./Readout";
import { SavePicture } from "./SavePicture";
import { type Emphasis, frameOf, paintEmphasis, paintScene, type Scene } from "./scene";
import { describePoint } from "./summary";
import { type Cursor, useCursor } from "./useCursor";
import { scaled, zoomInside } from "./zoom";

interface LinePlotProps {
  scene: Scene;
  /** The whole x axis, which a zoom stays inside. */
  whole: Interval;
  origins: ReadonlyMap<string, number>;
  /** What the plot shows, in words. */
  summary: string;
  highlighted: string | null;
  onHover: (runId: string | null) => void;
  /** Zooms the axes that it names; null shows all of an axis. */
  onZoom: (zoom: Partial<Zoom>) => void;
}

/** The canvas with a cursor that pointer and arrow keys move; screen readers hear the point that the keys reach. */
export function LinePlot(props: LinePlotProps) {
  const { scene, origins, summary, highlighted, onHover } = props;
  const { host, surface } = useSurface();
  const measure = useMeasure(surface?.theme.font);
  const frame = useMemo(() => surface && frameOf(scene, surface, measure), [scene, surface, measure]);
  const cursor = useCursor(scene.lines, highlighted);
  const point = frame && pointInView(cursor, frame);
  const selection = usePointer(host, frame?.area ?? null, gesturesOf(props, cursor, frame));
  const hovered = point?.line.run.runId ?? null;
  useEffect(() => onHover(hovered), [onHover, hovered]);
  const help = useId();
  return (
    <div
      className="chart-plot"
      role="application"
      aria-roledescription="chart"
      aria-label={scene.tag}
      aria-describedby={help}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: the arrow keys move a cursor over the plot.
      tabIndex={0}
      onKeyDown={(event) => frame && handleKey(event, props, cursor, frame)}
      onBlur={() => cursor.byKeyboard && cursor.set(null, false)}
    >
      <div className="plot-host" ref={host} role="img" aria-label={summary}>
        {surface && frame && (
          <Picture surface={surface} scene={scene} frame={frame} point={point} highlighted={highlighted} />
        )}
        {selection && <div className="plot-selection" style={{ ...selection }} />}
      </div>
      {surface && <SavePicture scene={scene} surface={surface} measure={measure} />}
      {point && frame && <Readout point={point} origin={origins.get(hovered ?? "") ?? 0} frame={frame} />}
      <p className="hidden" id={help}>
        Left and right arrows move along a run, up and down to the next run, plus and minus zoom, 0 shows everything.
      </p>
      <p className="hidden" role="status">
        {cursor.byKeyboard && point ? describePoint(point, scene.xAxis) : ""}
      </p>
    </div>
  );
}

interface PictureProps {
  surface: Surface;
  scene: Scene;
  frame: Frame;
  point: LinePoint | null;
  highlighted: string | null;
}

/** The scene on one layer, what stands out on another: a move of the pointer redraws one line. */
function Picture({ surface, scene, frame, point, highlighted }: PictureProps) {
  const line = point?.line ?? scene.lines.find(({ run }) => run.runId === highlighted) ?? null;
  const index = point?.index ?? null;
  const all = useMemo<Painter>(() => (context, place) => paintScene(context, place, scene, frame), [scene, frame]);
  const front = useMemo<Painter>(() => {
    const emphasis: Emphasis = { line, index };
    return (context, place) => paintEmphasis(context, place, scene, frame, emphasis);
  }, [scene, frame, line, index]);
  return (
    <>
      <Layer surface={surface} paint={all} />
      <Layer surface={surface} paint={front} />
    </>
  );
}

/** Where the cursor is, unless that is out of sight. */
function pointInView({ point }: Cursor, frame: Frame): LinePoint | null {
  return point !== null && isInView(point.line, point.index, frame) ? point : null;
}

function gesturesOf({ scene, whole, onZoom }: LinePlotProps, cursor: Cursor, frame: Frame | null) {
  const { lines, x, xAxis } = scene;
  return {
    onPoint: (place: Place | null) => {
      const next = place && frame && nearestPoint(lines, frame, place.x, place.y);
      const { point, byKeyboard } = cursor;
      if (next?.line !== point?.line || next?.index !== point?.index || byKeyboard) {
        cursor.set(next, false);
      }
    },
    onSelect: (area: Area) => {
      if (frame !== null) {
        const zoom = selected(area, frame);
        onZoom({ ...(zoom.x && { x: zoomInside(zoom.x, whole, xAxis) }), ...(zoom.y && { y: zoom.y }) });
      }
    },
    onWheel: (place: Place, factor: number) => {
      if (frame !== null) {
        onZoom({ x: zoomInside(scaled(x, frame.x.scale.valueAt(place.x), factor), whole, xAxis) });
      }
    },
    onReset: () => onZoom({ x: null, y: null }),
  };
}

/** Zooms or moves the cursor as the key says; other keys, and keys of the browser, are left alone. */
function handleKey(event: KeyboardEvent, props: LinePlotProps, cursor: Cursor, frame: Frame): void {
  const { scene, whole, onZoom } = props;
  if (event.ctrlKey || event.metaKey || event.altKey) {
    return;
  }
  const zoom = zoomByKey(event.key, scene, frame, whole, pointInView(cursor, frame));
  if (zoom !== null) {
    event.preventDefault();
    onZoom(zoom);
    return;
  }
  const next = cursor.press(event);
  if (next === undefined) {
    return;
  }
  event.preventDefault();
  const followed = next && zoomFollowing(next, scene, whole);
  if (followed !== null) {
    onZoom(followed);
  }
}
