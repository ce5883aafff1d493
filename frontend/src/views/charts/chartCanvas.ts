/**
 * The canvas of a chart: uPlot makes the axes, the crosshair and the dragged selection, and keeps the canvas sharp;
 * the lines are painted by our own hook. uPlot's own series would have to be built anew each time a run is selected,
 * and they share their x values, while each run has its own.
 */
import uPlot from "uplot";
import type { Interval, XAxis, YScale } from "./axis";
import { type Frame, toPlotX, toPlotY } from "./frame";
import { xAxisTicks, yAxisTicks } from "./labels";
import type { Line } from "./lines";
import { marksOf, paintMarks } from "./marks";
import { areSparse, type LineStyle, paintLine } from "./paint";
import { readTheme, type Theme, watchTheme } from "./theme";

/** All that the canvas shows. */
export interface Scene {
  lines: readonly Line[];
  x: Interval;
  y: Interval;
  xAxis: XAxis;
  yScale: YScale;
  /** Whether the x axis shows all there is, so that no line goes on beyond it. */
  isWhole: boolean;
}

/** What is drawn above the scene: one line in front of the others, and one point of it. */
export interface Emphasis {
  line: Line | null;
  /** The index of a point of the line, null for none. */
  index: number | null;
}

/** A rectangle in CSS pixels. */
export interface Area {
  left: number;
  top: number;
  width: number;
  height: number;
}

/** What the pointer does. Positions are CSS pixels from the plot's upper left corner. */
export interface CanvasEvents {
  onPointer(position: { x: number; y: number } | null): void;
  /** An interval is null where the selection spans the whole of its axis. */
  onSelect(x: Interval | null, y: Interval | null): void;
  onReset(): void;
  /** The plot lies elsewhere or got another size. */
  onLayout(area: Area): void;
}

/**
 * uPlot's scales always reach from 0 to here, and positions are given to it as shares of that: its own arithmetic loses
 * intervals below 1e-16 and above 1e32, and a run that diverges passes both.
 */
const UNIT = 1000;
/** CSS pixels that a label needs for itself. */
const X_TICK_SPACE = 90;
const Y_TICK_SPACE = 44;
/** A drag that stays within so many pixels of one axis selects along the other only. */
const STRAIGHT_DRAG = 24;

/** CSS pixels from one point to the next where each is a dot. */
const DOT_SPACING = 16;
/** CSS pixels by which the overlay reaches beyond the plot, for a point at its edge; as in chart.css. */
const OVERLAY_MARGIN = 6;

/** A canvas inside `host` that shows one scene at a time. It is not resized by itself, and must be destroyed. */
export class ChartCanvas {
  private readonly chart: uPlot;
  private readonly overlay: HTMLCanvasElement;
  private readonly unwatch: () => void;
  private theme: Theme;
  private emphasis: Emphasis = { line: null, index: null };

  constructor(
    private readonly host: HTMLElement,
    private scene: Scene,
    private readonly events: CanvasEvents,
  ) {
    this.theme = readTheme(host);
    this.overlay = document.createElement("canvas");
    this.overlay.className = "chart-overlay";
    this.chart = new uPlot(this.options(), [null, [[0], [0]]] as unknown as uPlot.AlignedData, host);
    this.chart.over.append(this.overlay);
    this.unwatch = watchTheme(() => {
      this.theme = readTheme(host);
      this.chart.redraw(false);
      this.paintOverlay();
    });
  }

  destroy(): void {
    this.unwatch();
    this.chart.destroy();
  }

  /** Shows another scene, at once. What is emphasized must be said again: its line may have changed. */
  show(scene: Scene): void {
    this.scene = scene;
    this.chart.batch(() => this.chart.redraw(false, true));
  }

  emphasize(emphasis: Emphasis): void {
    this.emphasis = emphasis;
    this.paintOverlay();
  }

  /** Puts the crosshair where the keyboard's cursor is; null hides it. */
  moveCrosshair(position: { x: number; y: number } | null): void {
    this.chart.setCursor({ left: position?.x ?? -10, top: position?.y ?? -10 }, false);
  }

  resize(width: number, height: number): void {
    if (width !== this.chart.width || height !== this.chart.height) {
      this.chart.setSize({ width, height });
    }
  }

  /** The plot's area in CSS pixels, with its own upper left corner as the origin. */
  frame(): Frame {
    const { width, height } = this.area();
    return { left: 0, top: 0, width, height, x: this.scene.x, y: this.scene.y };
  }

  /** The plot's area in CSS pixels, inside the host. */
  area(): Area {
    const { left, top, width, height } = this.chart.bbox;
    const ratio = uPlot.pxRatio;
    return { left: left / ratio, top: top / ratio, width: width / ratio, height: height / ratio };
  }

  private options(): uPlot.Options {
    const width = Math.max(1, this.host.clientWidth);
    const height = Math.max(1, this.host.clientHeight);
    return {
      mode: 2 as uPlot.Mode,
      width,
      height,
      padding: [10, 14, 0, 0],
      legend: { show: false },
      series: [
        {},
        {
          facets: [
            { scale: "x", auto: false },
            { scale: "y", auto: false },
          ],
          paths: () => null,
          points: { show: false },
        },
      ],
      scales: {
        x: { time: false, auto: false, range: [0, UNIT] },
        y: { auto: false, range: [0, UNIT] },
      },
      axes: [this.xAxis(), this.yAxis()],
      cursor: {
        drag: { x: true, y: true, uni: STRAIGHT_DRAG, dist: 5, setScale: false },
        points: { show: false },
        dataIdx: () => null,
        bind: { dblclick: () => () => this.reset() },
      },
      hooks: {
        draw: [(chart) => this.paintScene(chart)],
        setCursor: [({ cursor }) => this.pointerMoved(cursor.left ?? -1, cursor.top ?? -1)],
        setSelect: [() => this.selected()],
        setSize: [() => this.laidOut()],
      },
    };
  }

  private xAxis(): uPlot.Axis {
    let labels: string[] = [];
    return {
      ...this.axisLook(),
      size: (chart) => (this.scene.xAxis === "wall" ? 40 : chart.height < 160 ? 22 : 26),
      splits: (chart) => {
        const { x, xAxis } = this.scene;
        const axis = xAxisTicks(xAxis, x, Math.max(2, Math.floor(chart.bbox.width / uPlot.pxRatio / X_TICK_SPACE)));
        labels = axis.labels;
        return toUnits(axis.positions, x);
      },
      values: () => labels,
    };
  }

  private yAxis(): uPlot.Axis {
    let labels: string[] = [];
    return {
      ...this.axisLook(),
      size: ({ ctx }, values) => Math.max(36, Math.ceil(widest(ctx, this.theme.font, values ?? [])) + 14),
      splits: (chart) => {
        const { y, yScale } = this.scene;
        const axis = yAxisTicks(yScale, y, Math.max(2, Math.floor(chart.bbox.height / uPlot.pxRatio / Y_TICK_SPACE)));
        labels = axis.labels;
        return toUnits(axis.positions, y);
      },
      values: () => labels,
    };
  }

  private axisLook(): uPlot.Axis {
    return {
      stroke: () => this.theme.text,
      font: this.theme.font,
      gap: 6,
      // uPlot draws an axis only where its own search finds an increment; the ticks themselves are made in `splits`.
      incrs: [UNIT / 10],
      space: 1,
      grid: { stroke: () => this.theme.grid, width: 1 },
      ticks: { show: false },
    };
  }

  private paintScene({ ctx, bbox }: uPlot): void {
    const { lines, x, y } = this.scene;
    const frame = { ...bbox, x, y };
    const ratio = uPlot.pxRatio;
    ctx.save();
    this.clip(ctx, frame);
    ctx.lineJoin = "bevel";
    const style = this.lineStyle(frame);
    for (const line of lines) {
      paintLine(ctx, frame, line, { ...style, color: line.run.color });
    }
    for (const line of lines) {
      paintMarks(ctx, frame, marksOf(line, frame, 12 * ratio), line.run.color, 7 * ratio);
    }
    ctx.restore();
  }

  /** The line in front and the point under the cursor stand on a canvas of their own, so that a move redraws them only. */
  private paintOverlay(): void {
    const ratio = uPlot.pxRatio;
    const { x, y, lines } = this.scene;
    const area = this.area();
    const margin = OVERLAY_MARGIN * ratio;
    const frame: Frame = { left: margin, top: margin, width: area.width * ratio, height: area.height * ratio, x, y };
    this.overlay.width = Math.round(frame.width + 2 * margin);
    this.overlay.height = Math.round(frame.height + 2 * margin);
    const context = this.overlay.getContext("2d");
    const { line, index } = this.emphasis;
    if (context === null || line === null) {
      return;
    }
    const { background } = this.theme;
    const { color } = line.run;
    const { width, dotRadius, dotted } = this.lineStyle(frame);
    if (lines.length > 1) {
      context.save();
      this.clip(context, frame);
      context.lineJoin = "round";
      const [halo, front] = [4 * ratio, ratio];
      paintLine(context, frame, line, {
        color: background,
        width: width + halo,
        dotRadius: dotRadius + halo / 2,
        dotted,
      });
      paintLine(context, frame, line, { color, width: width + front, dotRadius: dotRadius + front / 2, dotted });
      context.restore();
    }
    if (index !== null) {
      const point = { ...line, xs: line.xs.subarray(index, index + 1), ys: line.ys.subarray(index, index + 1) };
      paintLine(context, frame, point, { color: background, width: 0, dotRadius: 6 * ratio, dotted: true });
      paintLine(context, frame, point, { color, width: 0, dotRadius: 4 * ratio, dotted: true });
    }
  }

  private lineStyle(frame: Frame): Omit<LineStyle, "color"> {
    const ratio = uPlot.pxRatio;
    const { lines } = this.scene;
    return {
      width: lineWidth(lines.length) * ratio,
      dotRadius: dotRadius(lines.length) * ratio,
      dotted: areSparse(lines, frame, DOT_SPACING * ratio),
    };
  }

  /** Lines end at the plot's edges, but the dots of their ends are whole. */
  private clip(context: CanvasRenderingContext2D, { left, top, width, height }: Frame): void {
    const room = (this.scene.isWhole ? 4 : 1) * uPlot.pxRatio;
    context.beginPath();
    context.rect(left - room, top - room, width + 2 * room, height + 2 * room);
    context.clip();
  }

  private pointerMoved(left: number, top: number): void {
    this.events.onPointer(left < 0 || top < 0 ? null : { x: left, y: top });
  }

  private reset(): null {
    this.events.onReset();
    return null;
  }

  private selected(): void {
    const { left, top, width, height } = this.chart.select;
    if (width === 0 || height === 0) {
      return;
    }
    const frame = this.frame();
    const x = { min: toPlotX(frame, left), max: toPlotX(frame, left + width) };
    const y = { min: toPlotY(frame, top + height), max: toPlotY(frame, top) };
    this.chart.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    this.events.onSelect(width >= frame.width - 1 ? null : x, height >= frame.height - 1 ? null : y);
  }

  private laidOut(): void {
    if (this.chart !== undefined) {
      this.paintOverlay();
      this.events.onLayout(this.area());
    }
  }
}

/** CSS pixels: many lines are thinner, so that they stay apart. */
function lineWidth(lines: number): number {
  return lines <= 12 ? 1.5 : lines <= 50 ? 1.25 : 1;
}

function dotRadius(lines: number): number {
  return lines <= 12 ? 3 : 2;
}

/** The width of the widest label in CSS pixels. The context keeps its font: uPlot believes to know it. */
function widest(context: CanvasRenderingContext2D, font: string, labels: readonly string[]): number {
  context.save();
  context.font = font;
  const widths = labels.map((label) => context.measureText(label).width);
  context.restore();
  return Math.max(0, ...widths);
}

function toUnits(positions: readonly number[], { min, max }: Interval): number[] {
  return positions.map((position) => ((position - min) / (max - min)) * UNIT);
}
