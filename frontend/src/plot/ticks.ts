/** Where the ticks of an axis stand, and what is written beside them. */
import { range, ticks as roundNumbers, tickStep } from "d3-array";
import type { Interval } from "../model/interval";
import { isInside, type ScaleKind, type Tick } from "./interval";
import { formatDurationTicks, formatLogTicks, formatTicks } from "./tickLabels";
import { timeTicks } from "./timeTicks";

/** Tick positions in increasing order, and the distance between neighbours. */
export interface Steps {
  values: number[];
  step: number;
}

const SECONDS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200];
const DAY = 86400;
/** The share of a step by which an end may miss a tick that it means, as 0.3 / 0.1 misses 3. */
const ROUNDING = 1e-9;

/** About `count` round ticks inside the interval, as people count numbers, magnitudes, steps, moments or durations. */
export function ticksOf(kind: ScaleKind, interval: Interval, count: number): Tick[] {
  switch (kind) {
    case "linear":
      return labelled(numberTicks(interval, count), formatTicks);
    case "step":
      return labelled(wholeTicks(interval, count), formatTicks);
    case "duration":
      return labelled(durationTicks(interval, count), formatDurationTicks);
    case "log":
      return labelled({ values: logTicks(interval, count), step: 1 }, formatLogTicks);
    case "time":
      return timeTicks(interval, count);
  }
}

/** Round numbers (1, 2 or 5 times a power of ten) inside the interval, `count` and one more at most. */
export function numberTicks({ min, max }: Interval, count: number): Steps {
  for (let asked = count; asked >= 1; asked--) {
    const values = roundNumbers(min, max, asked);
    if (values.length <= count + 1) {
      return { values: values.map((value) => (value === 0 ? 0 : value)), step: tickStep(min, max, asked) };
    }
  }
  return { values: [], step: 1 };
}

/** Round whole numbers inside the interval. */
export function wholeTicks(interval: Interval, count: number): Steps {
  const { values, step } = numberTicks(interval, count);
  return { values: values.filter(Number.isInteger), step: Math.max(1, step) };
}

/** Durations in seconds that are round as people count them: 15 s, 2 min, 6 h, 5 days. */
export function durationTicks(interval: Interval, count: number): Steps {
  const { min, max } = interval;
  const wanted = (max - min) / count;
  if (wanted < 1) {
    return numberTicks(interval, count);
  }
  const step = SECONDS.find((seconds) => seconds >= wanted) ?? DAY * Math.max(1, tickStep(min / DAY, max / DAY, count));
  const multiples = range(Math.ceil(min / step - ROUNDING), Math.floor(max / step + ROUNDING) + 1);
  return { values: multiples.map((multiple) => multiple * step), step };
}

/**
 * Round positive numbers inside the interval of a log axis: powers of ten where they suffice, with their 2- and 5-fold
 * where there is room, ordinary round numbers inside a narrow interval.
 */
export function logTicks(interval: Interval, count: number): number[] {
  const [low, high] = [Math.log10(interval.min), Math.log10(interval.max)];
  if (high - low < 1.5) {
    return numberTicks(interval, count).values.filter((value) => value > 0);
  }
  const first = Math.ceil(low);
  const last = Math.floor(high);
  const every = Math.max(1, Math.ceil((last - first + 1) / (count + 1)));
  const factors = every === 1 && (high - low) * 3 <= count ? [1, 2, 5] : [1];
  return range(first - 1, last + 1)
    .filter((exponent) => exponent % every === 0)
    .flatMap((exponent) => factors.map((factor) => Number(`${factor}e${exponent}`)))
    .filter((value) => isInside(value, interval));
}

function labelled({ values, step }: Steps, format: (values: number[], step: number) => string[]): Tick[] {
  const labels = format(values, step);
  return values.map((value, i) => ({ value, label: labels[i] as string }));
}
