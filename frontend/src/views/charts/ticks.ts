/** Where the marks of an axis stand. */
import type { Interval } from "./axis";

/** Tick positions in increasing order, and the distance between neighbours. */
export interface Ticks {
  values: number[];
  step: number;
}

const SECONDS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200];
const DAY = 86400;
/** No axis has room for more; an interval at the limit of floating point could otherwise run on. */
const MOST = 200;
/** The share of a step by which an end may miss a tick that it means, as 0.3 / 0.1 misses 3. */
const ROUNDING = 1e-9;

/** About `count` round numbers (1, 2 or 5 times a power of ten) inside the interval. */
export function numberTicks(interval: Interval, count: number): Ticks {
  return multiples(interval, roundStep(interval.max / count - interval.min / count));
}

/** About `count` round whole numbers inside the interval. */
export function wholeTicks(interval: Interval, count: number): Ticks {
  return multiples(interval, Math.max(1, roundStep((interval.max - interval.min) / count)));
}

/** About `count` durations in seconds that are round as people count them: 15 s, 2 min, 6 h, 5 days. */
export function durationTicks(interval: Interval, count: number): Ticks {
  const wanted = (interval.max - interval.min) / count;
  if (wanted < 1) {
    return numberTicks(interval, count);
  }
  const step = SECONDS.find((seconds) => seconds >= wanted) ?? DAY * Math.max(1, roundStep(wanted / DAY));
  return multiples(interval, step);
}

/**
 * About `count` round positive numbers for a log axis whose interval is given in logarithms to base 10. Powers of ten
 * where they suffice, with their 2- and 5-fold where there is room, ordinary round numbers inside a narrow interval.
 * Returns the numbers, not their logarithms.
 */
export function logTicks({ min, max }: Interval, count: number): number[] {
  const first = Math.ceil(min);
  const last = Math.floor(max);
  if (max - min < 1.5) {
    const { values } = numberTicks({ min: 10 ** min, max: 10 ** max }, count);
    return values.filter((value) => value > 0);
  }
  const every = Math.max(1, Math.ceil((last - first + 1) / Math.max(1, count)));
  const factors = every === 1 && (max - min) * 3 <= count ? [1, 2, 5] : [1];
  const ticks: number[] = [];
  for (let exponent = first - 1; exponent <= last; exponent++) {
    for (const factor of exponent % every === 0 ? factors : []) {
      const value = Number(`${factor}e${exponent}`);
      const position = Math.log10(value);
      if (position >= min && position <= max) {
        ticks.push(value);
      }
    }
  }
  return ticks;
}

/** The smallest of 1, 2 or 5 times a power of ten that is not below `wanted`. */
function roundStep(wanted: number): number {
  const exponent = Math.floor(Math.log10(wanted));
  const step = [1, 2, 5].map((factor) => Number(`${factor}e${exponent}`)).find((candidate) => candidate >= wanted);
  return step ?? Number(`1e${exponent + 1}`);
}

function multiples({ min, max }: Interval, step: number): Ticks {
  const values: number[] = [];
  if (!(step > 0 && Number.isFinite(step))) {
    return { values, step: 1 };
  }
  // Below one, dividing by the inverse gives 0.3 where multiplying would give 0.30000000000000004.
  const inverse = step < 1 ? Math.round(1 / step) : 0;
  const last = Math.floor(max / step + ROUNDING);
  for (let i = Math.ceil(min / step - ROUNDING); i <= last && values.length < MOST; i++) {
    values.push(inverse > 0 && Number.isFinite(inverse) ? i / inverse : i * step);
  }
  return { values: values.map((value) => (value === 0 ? 0 : value)), step };
}
