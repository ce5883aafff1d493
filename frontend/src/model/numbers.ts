/** Numbers and times as people read them. */

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
/** By how many digits stand behind the point at most. */
const fractions = Array.from({ length: 21 }, (_, most) => new Intl.NumberFormat("en", { maximumFractionDigits: most }));
const MINUS = "\u2212";

/**
 * A metric's value with up to so many significant digits: "0.0312", "12,345.7", "1.5e−7", "NaN", "∞". Whole numbers have
 * all of theirs, and a small number that is not whole is not rounded to one.
 */
export function formatValue(value: number, digits = 6): string {
  if (Number.isNaN(value)) {
    return "NaN";
  }
  if (!Number.isFinite(value)) {
    return value > 0 ? "∞" : `${MINUS}∞`;
  }
  const size = Math.abs(value);
  if (value !== 0 && (size >= 1e9 || size < 1e-4)) {
    const [mantissa, exponent] = value.toExponential(digits - 1).split("e") as [string, string];
    return withMinus(`${Number(mantissa)}e${Number(exponent)}`);
  }
  const wholeDigits = size === 0 ? 1 : Math.floor(Math.log10(size)) + 1;
  const behind = Math.max(size >= 1e5 ? 3 : 0, digits - wholeDigits);
  const text = fraction(behind).format(value);
  return withMinus(size < 1e3 && isRounded(value, text) ? fraction(behind + 2).format(value) : text);
}

function fraction(digits: number): Intl.NumberFormat {
  return fractions[Math.min(digits, 20)] as Intl.NumberFormat;
}

/** Whether a number that is not whole is written as if it were. */
function isRounded(value: number, text: string): boolean {
  return !text.includes(".") && !Number.isInteger(value);
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

/** Whole seconds in all the units that they have any of: "1 d 2 min". */
export function inUnits(seconds: number): string {
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

/** The text with a true minus sign, which is as wide as the plus and the digits. */
export function withMinus(text: string): string {
  return text.replace(/-/g, MINUS);
}
