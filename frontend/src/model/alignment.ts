/**
 * How the numbers of a column are written so that they can be compared by eye: with as many significant digits as tell
 * those that are near one another apart, and with their points below one another.
 */
import { formatValue } from "./numbers";

/** What is known of a column's values; it only grows, so that nothing moves back while somebody scrolls. */
export interface Alignment {
  /** Whether there was a number, and nothing else. */
  isNumeric: boolean;
  hasText: boolean;
  /** Significant digits. */
  digits: number;
  /** The longest text that stands behind the whole numbers: ".0625", ".5e−7". */
  tail: string;
}

/** Of metrics four digits say enough until they are equal; parameters are shown as somebody wrote them. */
export const METRIC: Alignment = { isNumeric: true, hasText: false, digits: 4, tail: "" };
export const PARAMETER: Alignment = { isNumeric: false, hasText: false, digits: 6, tail: "" };
const MOST_DIGITS = 10;

/** With more values, null for what is no number. The same object where they say nothing new. */
export function widened(before: Alignment, values: readonly (number | null)[]): Alignment {
  const numbers = values.filter((value) => value !== null);
  const hasText = before.hasText || numbers.length < values.length;
  const isNumeric = !hasText && (before.isNumeric || numbers.length > 0);
  const digits = digitsFor(numbers, before.digits);
  let { tail } = before;
  for (const value of numbers) {
    const behind = tailOf(formatValue(value, digits));
    tail = behind.length > tail.length ? behind : tail;
  }
  const isSame = hasText === before.hasText && isNumeric === before.isNumeric && digits === before.digits;
  return isSame && tail === before.tail ? before : { isNumeric, hasText, digits, tail };
}

/** What has to stand behind a number, unseen, so that its point is below the others. */
export function padOf({ tail }: Pick<Alignment, "tail">, text: string): string {
  return tail.slice(tailOf(text).length);
}

/** What stands behind the whole number: its fraction, its power of ten, or both. */
function tailOf(text: string): string {
  return /[.e].*$/.exec(text)?.[0] ?? "";
}

/** The least digits with which values that differ are told apart. */
function digitsFor(numbers: readonly number[], least: number): number {
  const different = new Set(numbers).size;
  let digits = least;
  while (digits < MOST_DIGITS && new Set(numbers.map((value) => value.toPrecision(digits))).size < different) {
    digits++;
  }
  return digits;
}
