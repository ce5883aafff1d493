/** Numbers and times as people read them. */

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const sixDigits = new Intl.NumberFormat("en", { maximumSignificantDigits: 6 });
const nineDigits = new Intl.NumberFormat("en", { maximumSignificantDigits: 9 });
const SUFFIXES = ["", "k", "M", "G", "T"];
const MINUS = "\u2212";

/** A metric's value with up to six significant digits: "0.0312", "12,345.7", "1.5e−7", "NaN", "∞". */
export function formatValue(value: number): string {
  if (Number.isNaN(value)) {
    return "NaN";
  }
  if (!Number.isFinite(value)) {
    return value > 0 ? "∞" : `${MINUS}∞`;
  }
  const size = Math.abs(value);
  if (value !== 0 && (size >= 1e9 || size < 1e-4)) {
    const [mantissa, exponent] = value.toExponential(5).split("e") as [string, string];
    return withMinus(`${Number(mantissa)}e${Number(exponent)}`);
  }
  return withMinus((size >= 1e5 ? nineDigits : sixDigits).format(value));
}

/** A count or a step: "12,345". */
export function formatWhole(value: number): string {
  return withMinus(whole.format(value));
}

/** A time span in seconds, its two largest units: "45 s", "1 min 30 s", "2 h 5 min", "3 d 4 h". */
export function formatDuration(seconds: number): string {
  const sign = seconds < 0 ? MINUS : "";
  const size = Math.abs(seconds);
  if (size < 10) {
    return `${sign}${Number(size.toFixed(size < 1 ? 3 : 2))} s`;
  }
  const unit = size >= 86400 ? 3600 : size >= 3600 ? 60 : 1;
  return sign + inUnits(Math.round(size / unit) * unit);
}

/** Whole seconds in all the units that they have any of. */
function inUnits(seconds: number): string {
  const units: [string, number][] = [
    ["d", 86400],
    ["h", 3600],
    ["min", 60],
    ["s", 1],
  ];
  let rest = seconds;
  const parts: string[] = [];
  for (const [unit, length] of units) {
    const amount = Math.floor(rest / length);
    rest -= amount * length;
    if (amount > 0) {
      parts.push(`${amount} ${unit}`);
    }
  }
  return parts.join(" ");
}

/** A moment in local time: "2026-11-24 14:05:30". */
export function formatTime(seconds: number): string {
  const date = new Date(seconds * 1000);
  if (Number.isNaN(date.getTime())) {
    return "unknown time";
  }
  const two = (value: number) => String(value).padStart(2, "0");
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

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

function withMinus(text: string): string {
  return text.replace(/-/g, MINUS);
}
