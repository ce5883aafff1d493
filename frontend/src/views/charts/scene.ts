/** A chart as a picture: its frame, and what is drawn on each of its layers. */

import type { XAxis, YScale } from "../../model/chartView";
import type { Interval } from "../../model/interval";
import { paintAxes } from "../../plot/axes";
import { type Frame, LABEL_GAP, layOut } from "../../plot/frame";
import { layOutLegend, legendHeight, paintLegend } from "../../plot/legend";
import { edgeMarksOf, paintEdgeMarks } from "../../plot/marks/edge";
import { areSparse, type LineStyle, paintDots, paintLine } from "../../plot/marks/line";
import type { Surface } from "../../plot/surface";
import { X_AXES } from "./axis";
import type { Line } from "./lines";

/** All that a chart shows, wherever it is drawn. */
export interface Scene {
  /** What the values are of. */
  tag: string;
  lines: readonly Line[];
  x: Interval;
  y: Interval;
  xAxis: XAxis;
  yScale: YScale;
  /** Whether the x axis shows all there is, so that no line goes on beyond it. */
  isWhole: boolean;
}

/** What stands out of a scene: one line in front of the others, and one point of it. */
export interface Emphasis {
  line: Line | null;
  /** The index of a point of the line, null for none. */
  index: number | null;
}

/** CSS pixels from one point to the next where each is a dot. */
const DOT_SPACING = 16;
const EDGE_MARK = { spacing: 12, size: 7 };
/** How much wider than the line its halo is, and how much wider the line itself when it stands out. */
const HALO = 4;
const FRONT = 1;
/** Runs that a picture names. */
const MOST_NAMED = 40;
/** The strength of the vertical through the point. */
const CROSSHAIR = 0.5;

/** The scene laid out on a surface. `measure` gives the width of a label. */
export function frameOf(scene: Scene, surface: Surface, measure: (text: string) => number): Frame {
  const { kind, title } = X_AXES[scene.xAxis];
  return layOut(
    surface,
    { kind, domain: scene.x, title },
    { kind: scene.yScale, domain: scene.y, title: scene.yScale === "log" ? `${scene.tag} (log)` : scene.tag },
    measure,
  );
}

/** Draws axes, lines, and marks for what has no place on a line. */
export function paintScene(context: CanvasRenderingContext2D, surface: Surface, scene: Scene, frame: Frame): void {
  paintAxes(context, frame, surface);
  context.save();
  clip(context, frame, scene);
  context.lineJoin = "bevel";
  const look = lookOf(scene, frame);
  for (const line of scene.lines) {
    paintLine(context, frame, line, styleOf(line, look));
  }
  for (const line of scene.lines) {
    const marks = edgeMarksOf(line, line.series.values, frame, EDGE_MARK.spacing);
    paintEdgeMarks(context, frame, marks, line.run.color, EDGE_MARK.size);
  }
  context.restore();
}

/** Draws the scene as a picture that stands alone: with the names of its runs below. */
export function paintWhole(
  context: CanvasRenderingContext2D,
  surface: Surface,
  scene: Scene,
  measure: (text: string) => number,
): void {
  const shown = scene.lines.slice(0, MOST_NAMED).map(({ run: { name, color, dash = [] } }) => ({ name, color, dash }));
  const left = scene.lines.length - shown.length;
  const rest = left > 0 ? [{ name: `and ${left} more`, color: "transparent", dash: [] }] : [];
  const legend = layOutLegend([...shown, ...rest], surface.width - 2 * LABEL_GAP, measure);
  const height = surface.height - legendHeight(legend) - LABEL_GAP;
  const above = { ...surface, height };
  paintScene(context, above, scene, frameOf(scene, above, measure));
  paintLegend(context, legend, LABEL_GAP, height + LABEL_GAP / 2, surface.theme);
}

/** Draws what stands out, for a layer above the scene, so that a move of the pointer redraws one line. */
export function paintEmphasis(
  context: CanvasRenderingContext2D,
  { theme, ratio }: Surface,
  scene: Scene,
  frame: Frame,
  { line, index }: Emphasis,
): void {
  if (line === null) {
    return;
  }
  const style = styleOf(line, lookOf(scene, frame));
  const { area, x, y } = frame;
  const at = index === null ? null : [x.scale.place(line.xs[index] as number), y.scale.place(line.ys[index] as number)];
  context.save();
  clip(context, frame, scene);
  if (at !== null) {
    context.globalAlpha = CROSSHAIR;
    context.fillStyle = theme.text;
    context.fillRect(at[0] as number, area.top, 1 / ratio, area.height);
    context.globalAlpha = 1;
  }
  if (scene.lines.length > 1) {
    context.lineJoin = "round";
    paintLine(context, frame, line, { ...widened(style, HALO), color: theme.background, dash: [] });
    paintLine(context, frame, line, widened(style, FRONT));
  }
  context.restore();
  if (at !== null) {
    paintDots(context, area, at, { color: theme.background, dotRadius: 6 });
    paintDots(context, area, at, { color: line.run.color, dotRadius: 4 });
  }
}

/** Beyond so many lines dashes tell none from another, and take a browser long to draw. */
const MOST_DASHED = 40;

interface Look extends Omit<LineStyle, "color" | "dash"> {
  dashed: boolean;
}

/** Many lines are thinner, so that they stay apart. */
function lookOf({ lines }: Scene, frame: Frame): Look {
  return {
    width: lines.length <= 12 ? 1.5 : lines.length <= 50 ? 1.25 : 1,
    dotRadius: lines.length <= 12 ? 3 : 2,
    dotted: areSparse(lines, frame, DOT_SPACING),
    dashed: lines.length <= MOST_DASHED,
  };
}

function styleOf({ run }: Line, { dashed, ...look }: Look): LineStyle {
  return { ...look, color: run.color, dash: (dashed && run.dash) || [] };
}

function widened(style: LineStyle, by: number): LineStyle {
  return { ...style, width: style.width + by, dotRadius: style.dotRadius + by / 2 };
}

/** Lines end at the plot's edges, but the dots of their ends are whole. */
function clip(context: CanvasRenderingContext2D, { area }: Frame, { isWhole }: Scene): void {
  const room = isWhole ? 4 : 1;
  context.beginPath();
  context.rect(area.left - room, area.top - room, area.width + 2 * room, area.height + 2 * room);
  context.clip();
}
