/** What is written beside ticks: all labels of an axis in one unit, with as many decimals as tell them apart. */
import { inUnits, withMinus } from "../model/numbers";

const sixDigits = new Intl.NumberFormat("en", { maximumSignificantDigits: 6 });
const SUFFIXES = ["", "k", "M", "G", "T"];
const MINUS = "\u2212";

/** Labels of evenly spaced ticks: all with one unit and as many decimals as `step` needs. */
export function formatTicks(values: readonly number[], step: number): string[] {
  const largest = Math.max(...values.map(Math.abs), 0);
  if (largest === 0) {
    return values.map(() => "0");
  }
  const magnitude = orderOf(largest);
  const order = orderOf(step);
  if (magnitude < -3 || magnitude >= 15) {
    const decimals = Math.max(0, magnitude - order);
    const scale = (value: number) => Number(`${value}e${-magnitude}`) || value / 10 ** magnitude;
    return values.map((value) => (value === 0 ? "0" : withMinus(`${fixed(scale(value), decimals)}e${magnitude}`)));
  }
  const thousands = magnitude >= 4 ? Math.floor(magnitude / 3) : 0;
  const decimals = Math.max(0, 3 * thousands - order);
  if (thousands === 0 || decimals > 2) {
    return values.map((value) => withMinus(fixed(value, Math.max(0, -order), true)));
  }
  const suffix = SUFFIXES[thousands] as string;
  return values.map((value) => (value === 0 ? "0" : withMinus(fixed(value / 1000 ** thousands, decimals) + suffix)));
}

/** Labels of ticks on a log axis: plain numbers ("0.002", "50") where all are of everyday size, else powers ("2e−5"). */
export function formatLogTicks(values: readonly number[]): string[] {
  const isPlain = values.every((value) => value >= 1e-3 && value < 1e6);
  return values.map((value) => {
    const [mantissa, exponent] = value.toExponential(3).split("e") as [string, string];
    const isShort = isPlain || Number(exponent) === 0;
    return withMinus(isShort ? sixDigits.format(value) : `${Number(mantissa)}e${Number(exponent)}`);
  });
}

/** Labels of the ticks of an axis of durations in seconds, each in as many units as tell it from its neighbours. */
export function formatDurationTicks(values: readonly number[], step: number): string[] {
  if (step >= 1) {
    return values.map((value) => (value === 0 ? "0" : (value < 0 ? MINUS : "") + inUnits(Math.round(Math.abs(value)))));
  }
  return formatTicks(values, step).map((label) => (label === "0" ? label : `${label} s`));
}

function fixed(value: number, decimals: number, group = false): string {
  const text = value.toFixed(Math.min(decimals, 100));
  return group ? text.replace(/^-?\d+/, (whole) => whole.replace(/\B(?=(\d{3})+$)/g, ",")) : text;
}

/** The exponent of the largest power of ten that is not above `value`. */
function orderOf(value: number): number {
  return Number(value.toExponential().split("e")[1]);
}
