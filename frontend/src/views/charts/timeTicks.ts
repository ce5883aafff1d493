/** Ticks of an axis of wall times: round moments of the local calendar. */
import type { Interval } from "./axis";
import { numberTicks } from "./ticks";

/** Where ticks of wall times stand, and what is written below them. */
export interface TimeTicks {
  /** Seconds since the epoch, increasing. */
  values: number[];
  /** One label a tick; what is new since the tick before (the day, the year) stands on a second line. */
  labels: string[];
}

type Unit = "second" | "minute" | "hour" | "day" | "month" | "year";

const LENGTHS: Record<Unit, number> = { second: 1, minute: 60, hour: 3600, day: 86400, month: 2629800, year: 31557600 };
const AMOUNTS: [Unit, readonly number[]][] = [
  ["second", [1, 2, 5, 10, 15, 30]],
  ["minute", [1, 2, 5, 10, 15, 30]],
  ["hour", [1, 2, 3, 6, 12]],
  ["day", [1, 2, 7, 14]],
  ["month", [1, 2, 3, 6]],
];
const MOST = 200;

const day = new Intl.DateTimeFormat("en", { month: "short", day: "numeric" });
const month = new Intl.DateTimeFormat("en", { month: "short" });

/** About `count` round local times inside the interval, with their labels. */
export function timeTicks(interval: Interval, count: number): TimeTicks {
  const wanted = (interval.max - interval.min) / count;
  if (wanted < 0.5) {
    const { values } = numberTicks(interval, count);
    return {
      values,
      labels: labels(values, (date) => `${clock(date, true)}.${pad(date.getMilliseconds(), 3)}`, dayOf),
    };
  }
  const [unit, amount] = chooseUnit(wanted);
  const values = moments(interval, unit, amount);
  switch (unit) {
    case "second":
      return { values, labels: labels(values, (date) => clock(date, true), dayOf) };
    case "minute":
    case "hour":
      return { values, labels: labels(values, (date) => clock(date, false), dayOf) };
    case "day":
      return { values, labels: labels(values, dayOf, yearOf) };
    case "month":
      return { values, labels: labels(values, (date) => month.format(date), yearOf) };
    case "year":
      return { values, labels: labels(values, yearOf, () => "") };
  }
}

function chooseUnit(wanted: number): [Unit, number] {
  for (const [unit, amounts] of AMOUNTS) {
    const amount = amounts.find((candidate) => candidate * LENGTHS[unit] >= wanted * 0.999);
    if (amount !== undefined) {
      return [unit, amount];
    }
  }
  const years = wanted / LENGTHS.year;
  const magnitude = 10 ** Math.floor(Math.log10(Math.max(1, years)));
  return ["year", ([1, 2, 5, 10].find((factor) => factor * magnitude >= years) ?? 10) * magnitude];
}

function moments({ min, max }: Interval, unit: Unit, amount: number): number[] {
  const values: number[] = [];
  const fields = floor(new Date(min * 1000), unit, amount);
  const changing = ["year", "month", "day", "hour", "minute", "second"].indexOf(unit);
  while (values.length < MOST) {
    const value = new Date(...fields).getTime() / 1000;
    if (!(value <= max)) {
      return values;
    }
    if (value >= min && value > (values[values.length - 1] ?? Number.NEGATIVE_INFINITY)) {
      values.push(value);
    }
    fields[changing] = (fields[changing] as number) + amount;
  }
  return values;
}

type Fields = [year: number, month: number, day: number, hour: number, minute: number, second: number];

/** The fields of the last round moment that is not after `date`. */
function floor(date: Date, unit: Unit, amount: number): Fields {
  const down = (value: number) => Math.floor(value / amount) * amount;
  const [y, m, d, h] = [date.getFullYear(), date.getMonth(), date.getDate(), date.getHours()];
  switch (unit) {
    case "second":
      return [y, m, d, h, date.getMinutes(), down(date.getSeconds())];
    case "minute":
      return [y, m, d, h, down(date.getMinutes()), 0];
    case "hour":
      return [y, m, d, down(h), 0, 0];
    case "day":
      return [y, m, down(d - 1) + 1, 0, 0, 0];
    case "month":
      return [y, down(m), 1, 0, 0, 0];
    case "year":
      return [down(y), 0, 1, 0, 0, 0];
  }
}

function labels(values: readonly number[], fine: (date: Date) => string, coarse: (date: Date) => string): string[] {
  let previous = "";
  return values.map((value) => {
    const date = new Date(value * 1000);
    const context = coarse(date);
    const isNew = context !== previous;
    previous = context;
    return isNew && context !== "" ? `${fine(date)}\n${context}` : fine(date);
  });
}

function clock(date: Date, seconds: boolean): string {
  const minutes = `${pad(date.getHours(), 2)}:${pad(date.getMinutes(), 2)}`;
  return seconds ? `${minutes}:${pad(date.getSeconds(), 2)}` : minutes;
}

function dayOf(date: Date): string {
  return day.format(date);
}

function yearOf(date: Date): string {
  return String(date.getFullYear());
}

function pad(value: number, width: number): string {
  return String(value).padStart(width, "0");
}
