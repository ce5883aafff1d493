/** The legend of a picture that stands alone: names beside the marks that they mean. */
import { clipped } from "./axes";
import { LINE_HEIGHT } from "./frame";
import type { Theme } from "./theme";

/** One name, and how its line is drawn. */
export interface LegendEntry {
  name: string;
  color: string;
  /** Lengths of dashes and gaps, in widths of the line; empty for a whole line. */
  dash: readonly number[];
}

/** Where an entry stands: the left end of its line, its row from the top, and the room of its name. */
export interface LegendPlace {
  entry: LegendEntry;
  left: number;
  row: number;
  width: number;
}

const LINE = { length: 16, width: 2, gap: 6 };
const BETWEEN = 16;
const WIDEST_NAME = 240;

/** Puts entries beside one another, and below where `width` CSS pixels end. `measure` gives the width of a name. */
export function layOutLegend(
  entries: readonly LegendEntry[],
  width: number,
  measure: (text: string) => number,
): LegendPlace[] {
  let [left, row] = [0, 0];
  return entries.map((entry) => {
    const room = Math.min(WIDEST_NAME, width - LINE.length - LINE.gap, Math.ceil(measure(entry.name)));
    const needed = LINE.length + LINE.gap + room;
    if (left > 0 && left + needed > width) {
      [left, row] = [0, row + 1];
    }
    const place = { entry, left, row, width: room };
    left += needed + BETWEEN;
    return place;
  });
}

/** How high the legend is, in CSS pixels. */
export function legendHeight(places: readonly LegendPlace[]): number {
  return places.length === 0 ? 0 : ((places.at(-1) as LegendPlace).row + 1) * LINE_HEIGHT;
}

/** Draws the entries from (left, top) on. */
export function paintLegend(
  context: CanvasRenderingContext2D,
  places: readonly LegendPlace[],
  left: number,
  top: number,
  theme: Theme,
): void {
  context.font = theme.font;
  context.textAlign = "left";
  context.textBaseline = "middle";
  context.lineWidth = LINE.width;
  for (const { entry, left: start, row, width } of places) {
    const x = left + start;
    const y = top + (row + 0.5) * LINE_HEIGHT;
    context.strokeStyle = entry.color;
    context.setLineDash(entry.dash.map((length) => length * LINE.width));
    context.beginPath();
    context.moveTo(x, y);
    context.lineTo(x + LINE.length, y);
    context.stroke();
    context.fillStyle = theme.text;
    context.fillText(clipped(context, entry.name, width), x + LINE.length + LINE.gap, y);
  }
}
