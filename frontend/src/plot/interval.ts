/** How a kind of axis spaces what lies in its interval, and the values that it names. */
import type { Interval } from "../model/interval";

/** What an axis counts: plain numbers, their magnitudes, steps, seconds since the epoch, or seconds. */
export type ScaleKind = "linear" | "log" | "step" | "time" | "duration";

/** A value that an axis names. A label may have a second line, after a line break. */
export interface Tick {
  value: number;
  label: string;
}

/** To coordinates in which equal distances look equal, and back. */
export interface Spacing {
  forward: (value: number) => number;
  /** Finite for whatever `forward` gave, and positive on a log axis, with room added at an end or not. */
  back: (coordinate: number) => number;
}

/** Beyond this a difference of two ends would overflow to infinity. */
const LARGEST = 8e307;

const EVEN: Spacing = { forward: (value) => value, back: (value) => within(value, -LARGEST, LARGEST) };
const LOGARITHMIC: Spacing = {
  forward: Math.log10,
  back: (exponent) => within(10 ** exponent, Number.MIN_VALUE, LARGEST),
};

/** How an axis of this kind spaces its values. */
export function spacingOf(kind: ScaleKind): Spacing {
  return kind === "log" ? LOGARITHMIC : EVEN;
}

/** Whether the value lies in the interval, ends included. */
export function isInside(value: number, { min, max }: Interval): boolean {
  return value >= min && value <= max;
}

function within(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
