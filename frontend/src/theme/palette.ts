/**
 * Colours of runs, told apart by lightness as well as by hue, so that they serve people who see fewer hues. Each
 * stands out from its background by a contrast of 3 at least.
 */
export type Theme = "light" | "dark";

const COLORS: Record<Theme, readonly string[]> = {
  light: ["#1f6fb4", "#d1571b", "#12805c", "#b0429a", "#8a6d00", "#5546c8", "#c4283f", "#1f8799", "#7a4a21", "#5f6770"],
  dark: ["#6fb1ef", "#f28e55", "#4cc394", "#e58acb", "#d6b544", "#a79cf5", "#f2737f", "#5cc8da", "#c99a6b", "#a9b2bd"],
};

/** Of what has no value, or one without a colour of its own. */
export const NEUTRAL: Record<Theme, string> = { light: "#868e97", dark: "#8a9097" };

/** From the least to the most: darker on a light page, brighter on a dark one. */
const SHADES: Record<Theme, readonly string[]> = {
  light: ["#cc6a1e", "#b0365f", "#3a1d73"],
  dark: ["#9a7fe0", "#ee7f9d", "#f7dd7a"],
};

/** In widths of the line, whole lines first. Each differs from the others in rhythm as well as in length. */
const DASHES: readonly (readonly number[])[] = [[], [6, 3], [2, 2], [10, 3, 2, 3]];

/** The colour with this number; beyond the last one they begin again. */
export function colorOf(number: number, theme: Theme): string {
  const colors = COLORS[theme];
  return colors[number % colors.length] as string;
}

/** The dashes of lines in their order, of which several may have one colour: those are told apart by them. */
export function dashesAmong(colors: readonly string[]): (readonly number[])[] {
  const drawn = new Map<string, number>();
  return colors.map((color) => {
    const before = drawn.get(color) ?? 0;
    drawn.set(color, before + 1);
    return DASHES[before % DASHES.length] as readonly number[];
  });
}

/** The colour at a share of the way from the least to the most, from 0 to 1. */
export function shadeOf(share: number, theme: Theme): string {
  const shades = SHADES[theme];
  const at = Math.min(1, Math.max(0, share)) * (shades.length - 1);
  const start = Math.min(Math.floor(at), shades.length - 2);
  const [from, to] = [shades[start] as string, shades[start + 1] as string];
  const parts = [1, 3, 5].map((place) => {
    const [low, high] = [from, to].map((color) => Number.parseInt(color.slice(place, place + 2), 16));
    const part = Math.round((low as number) + ((high as number) - (low as number)) * (at - start));
    return part.toString(16).padStart(2, "0");
  });
  return `#${parts.join("")}`;
}

/** The dashes of a line with this number: they change where the colours begin again. */
export function dashOf(number: number): readonly number[] {
  return DASHES[Math.floor(number / COLORS.light.length) % DASHES.length] as readonly number[];
}
