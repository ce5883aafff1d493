/** Ticks of an axis of wall times: round moments of the local calendar. */
import { timeTicks as roundMoments } from "d3-time";
import { timeFormat } from "d3-time-format";
import type { Interval } from "../model/interval";
import type { Tick } from "./interval";

type Format = (date: Date) => string;

const day = timeFormat("%b %-d");
const year = timeFormat("%Y");
/** By the seconds from one tick to the next: how a tick is written, and what is said again only when it changes. */
const FORMATS: [below: number, fine: Format, coarse: Format][] = [
  [1, timeFormat("%H:%M:%S.%L"), day],
  [60, timeFormat("%H:%M:%S"), day],
  [86000, timeFormat("%H:%M"), day],
  [86400 * 27, day, year],
  [86400 * 360, timeFormat("%b"), year],
  [Number.POSITIVE_INFINITY, year, () => ""],
];

/**
 * About `count` round local times inside an interval of seconds since the epoch. What is new since the tick before (the
 * day, the year) stands on a second line of its label.
 */
export function timeTicks({ min, max }: Interval, count: number): Tick[] {
  const dates = roundMoments(new Date(min * 1000), new Date(max * 1000), count);
  const [first, second] = dates.map(Number) as [number?, number?];
  const step = first === undefined || second === undefined ? (max - min) / count : (second - first) / 1000;
  const [, fine, coarse] = FORMATS.find(([below]) => step < below) as (typeof FORMATS)[number];
  let previous = "";
  return dates.map((date) => {
    const context = coarse(date);
    const isNew = context !== previous;
    previous = context;
    return { value: Number(date) / 1000, label: isNew ? `${fine(date)}\n${context}` : fine(date) };
  });
}
