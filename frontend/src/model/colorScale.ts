/** What colour means where it follows a column: one of a few values, or a number between two ends. */
import type { Cell, Group } from "../api/messages";
import { isInherited, isRolledUp } from "./cells";

/** Values in their order, each with a colour of its own as long as there are colours. */
export interface Categories {
  kind: "categories";
  values: readonly Cell[];
}

/** Numbers from one end to the other, by their magnitude where they span several. */
export interface Gradient {
  kind: "gradient";
  min: number;
  max: number;
  isLog: boolean;
}

export type ColorScale = Categories | Gradient;

/** As many values have a colour of their own. */
export const MOST_CATEGORIES = 10;
/** From such a ratio of the ends on magnitudes say more than amounts. */
const SEVERAL_MAGNITUDES = 100;

/** What there is to know of the values of a column: those that differ, in their order. */
export interface Different {
  total: number;
  first: readonly Pick<Group, "value">[];
  middle: Cell;
  last: Cell;
}

/** The scale of a column: a gradient where its values are more numbers than can have colours of their own. */
export function scaleOf({ total, first, middle, last }: Different): ColorScale {
  const values = first.map(({ value }) => value).filter((value) => value !== null);
  const [min, max] = [values[0] ?? null, last];
  if (total > MOST_CATEGORIES && typeof min === "number" && typeof max === "number" && min < max) {
    return { kind: "gradient", min, max, isLog: goByMagnitude(min, middle, max) };
  }
  return { kind: "categories", values };
}

/** Whether numbers are spread over several magnitudes, and not only begin near nothing. */
function goByMagnitude(min: number, middle: Cell, max: number): boolean {
  if (!(min > 0 && max / min >= SEVERAL_MAGNITUDES && typeof middle === "number")) {
    return false;
  }
  const fromMiddle = (share: number) => Math.abs(share - 0.5);
  return fromMiddle(Math.log(middle / min) / Math.log(max / min)) < fromMiddle((middle - min) / (max - min));
}

/** A colour of a scale: by its number, or by its place between the ends, from 0 to 1; null where a value has none. */
export type ColorPlace = { number: number } | { share: number } | null;

/** Where a value stands in a scale: of a roll-up what is rolled up, of a run that inherits what that is. */
export function placeIn(scale: ColorScale, cell: Cell): ColorPlace {
  const value = isRolledUp(cell) ? cell.rolled_up : isInherited(cell) ? cell.inherited : cell;
  if (value === null) {
    return null;
  }
  if (scale.kind === "categories") {
    const key = JSON.stringify(value);
    const number = scale.values.findIndex((other) => JSON.stringify(other) === key);
    return number < 0 || number >= MOST_CATEGORIES ? null : { number };
  }
  const { min, max, isLog } = scale;
  if (typeof value !== "number" || (isLog && value <= 0)) {
    return null;
  }
  const share = isLog ? Math.log(value / min) / Math.log(max / min) : (value - min) / (max - min);
  return { share: Math.min(1, Math.max(0, share)) };
}
