/** What stands where, in CSS pixels. */

/** As in table.css. */
export const ROW_HEIGHT = 30;
/** As in table.css. */
export const HEADER_HEIGHT = 52;
/** How much deeper a child stands than its parent. */
export const INDENT = 18;
/** What stands in a row before and after its name: box, chevron, colour, menu, and the number of children. */
const BESIDE_NAME = 158;
const CHARACTER = 6.8;
const NARROWEST = 170;
const WIDEST = 300;

/** The width that the column of names needs for one name. */
export function nameWidth(name: string, level: number): number {
  const wanted = BESIDE_NAME + (level - 1) * INDENT + CHARACTER * name.length;
  return Math.round(Math.min(WIDEST, Math.max(NARROWEST, wanted)));
}
