/**
 * Colours of runs, told apart by lightness as well as by hue, so that they serve people who see fewer hues. Each
 * stands out from its background by a contrast of 3 at least.
 */
export type Theme = "light" | "dark";

const COLORS: Record<Theme, readonly string[]> = {
  light: ["#1f6fb4", "#d1571b", "#12805c", "#b0429a", "#8a6d00", "#5546c8", "#c4283f", "#1f8799", "#7a4a21", "#5f6770"],
  dark: ["#6fb1ef", "#f28e55", "#4cc394", "#e58acb", "#d6b544", "#a79cf5", "#f2737f", "#5cc8da", "#c99a6b", "#a9b2bd"],
};

/** In widths of the line, whole lines first. Each differs from the others in rhythm as well as in length. */
const DASHES: readonly (readonly number[])[] = [[], [6, 3], [2, 2], [10, 3, 2, 3]];

/** The colour with this number; beyond the last one they begin again. */
export function colorOf(number: number, theme: Theme): string {
  const colors = COLORS[theme];
  return colors[number % colors.length] as string;
}

/** The dashes of a line with this number: they change where the colours begin again. */
export function dashOf(number: number): readonly number[] {
  return DASHES[Math.floor(number / COLORS.light.length) % DASHES.length] as readonly number[];
}
