/** Draws the axes of a plot: grid, labels and titles. */
import { type Axis, type Frame, LABEL_GAP, LINE_HEIGHT } from "./frame";
import type { Surface } from "./surface";

/** CSS pixels of the upper right corner that are left to whoever places a control there. */
const CORNER = 40;
/** Some fonts reach above their line. */
const TITLE_TOP = 2;

/** Draws both axes; marks are drawn over them. */
export function paintAxes(context: CanvasRenderingContext2D, frame: Frame, surface: Surface): void {
  context.font = surface.theme.font;
  paintGrid(context, frame, surface);
  context.fillStyle = surface.theme.text;
  paintXLabels(context, frame);
  paintYLabels(context, frame);
  paintTitles(context, frame, surface);
}

function paintGrid(context: CanvasRenderingContext2D, { area, x, y }: Frame, { ratio, theme }: Surface): void {
  const sharp = (pixel: number) => (Math.floor(pixel * ratio) + 0.5) / ratio;
  context.strokeStyle = theme.grid;
  context.lineWidth = 1 / ratio;
  context.beginPath();
  for (const position of positions(x)) {
    context.moveTo(sharp(position), area.top);
    context.lineTo(sharp(position), area.top + area.height);
  }
  for (const position of positions(y)) {
    context.moveTo(area.left, sharp(position));
    context.lineTo(area.left + area.width, sharp(position));
  }
  context.stroke();
}

/** A label that would run into the one before is left out: times are wider where the day changes. */
function paintXLabels(context: CanvasRenderingContext2D, { area, x }: Frame): void {
  context.textAlign = "center";
  context.textBaseline = "top";
  let end = Number.NEGATIVE_INFINITY;
  for (const { value, label } of x.ticks) {
    const lines = label.split("\n");
    const width = Math.max(...lines.map((line) => context.measureText(line).width));
    const center = x.scale.place(value);
    if (center - width / 2 > end) {
      lines.forEach((line, i) => {
        context.fillText(line, center, area.top + area.height + LABEL_GAP + i * LINE_HEIGHT);
      });
      end = center + width / 2 + LABEL_GAP;
    }
  }
}

function paintYLabels(context: CanvasRenderingContext2D, { area, y }: Frame): void {
  context.textAlign = "right";
  context.textBaseline = "middle";
  for (const { value, label } of y.ticks) {
    context.fillText(label, area.left - LABEL_GAP, y.scale.place(value));
  }
}

/** The y axis's title lies above it, where it is read without turning the head; that of the x axis below its end. */
function paintTitles(context: CanvasRenderingContext2D, { area, x, y }: Frame, { width, height }: Surface): void {
  context.textAlign = "left";
  context.textBaseline = "top";
  context.fillText(clipped(context, y.title, width - CORNER), LABEL_GAP, TITLE_TOP);
  context.textAlign = "right";
  context.textBaseline = "bottom";
  context.fillText(clipped(context, x.title, area.width), area.left + area.width, height);
}

function positions({ scale, ticks }: Axis): number[] {
  return ticks.map(({ value }) => scale.place(value));
}

/** The text, its end cut off where it is wider than `width`: a tag may have 10,000 letters. */
export function clipped(context: CanvasRenderingContext2D, text: string, width: number): string {
  if (text.length < 200 && context.measureText(text).width <= width) {
    return text;
  }
  const letters = [...text.slice(0, 200)];
  while (letters.length > 0 && context.measureText(`${letters.join("")}…`).width > width) {
    letters.pop();
  }
  return `${letters.join("")}…`;
}
