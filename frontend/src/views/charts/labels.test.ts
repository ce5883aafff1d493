// @vitest-environment node
import { describe, expect, test } from "vitest";
import { seededRandom } from "../../data/points/testing/answers";
import { formatDuration, formatValue } from "../../model/numbers";
import type { Interval, XAxis, YScale } from "./axis";
import { toPixelX, toPixelY, toPlotX, toPlotY } from "./frame";
import { type Axis, xAxisTicks, yAxisTicks } from "./labels";

type Random = () => number;

const AXES: [string, (interval: Interval, count: number) => Axis, (random: Random) => Interval][] = [
  ["steps", (interval, count) => xAxisTicks("step" satisfies XAxis, interval, count), (random) => wide(random, 0, 15)],
  ["relative time", (interval, count) => xAxisTicks("relative", interval, count), (random) => wide(random, -3, 8)],
  [
    "values",
    (interval, count) => yAxisTicks("linear" satisfies YScale, interval, count),
    (random) => wide(random, -250, 250),
  ],
  ["logarithms", (interval, count) => yAxisTicks("log", interval, count), logarithms],
  [
    "wall time",
    (interval, count) => xAxisTicks("wall", interval, count),
    (random) => {
      const min = 1e9 + random() * 1e9;
      return { min, max: min + 10 ** (random() * 9 - 1) };
    },
  ],
];

/** An interval about zero or not, whose width is between two powers of ten. */
function wide(random: Random, low: number, high: number): Interval {
  const width = 10 ** (low + random() * (high - low));
  const min = (random() < 0.3 ? 0 : random() - 0.5) * width * 10 ** Math.floor(random() * 4);
  return { min, max: min + width };
}

function logarithms(random: Random): Interval {
  const min = random() * 500 - 300;
  return { min, max: min + 0.3 + random() * 30 };
}

/** What a label says as a number, with its suffix. */
function readNumber(label: string): number {
  const [, number, suffix = ""] = /^(.*?)([kMGT]?)$/.exec(label.replaceAll("\u2212", "-").replaceAll(",", "")) ?? [];
  return Number(number) * 1000 ** ["", "k", "M", "G", "T"].indexOf(suffix);
}

describe.each(AXES)("the axis of %s, over wide ranges", (_name, ticksOf, someInterval) => {
  function eachAxis(check: (axis: Axis, interval: Interval, count: number) => void) {
    const random = seededRandom(61);
    for (let round = 0; round < 400; round++) {
      const interval = someInterval(random);
      const count = 2 + Math.floor(random() * 9);
      check(ticksOf(interval, count), interval, count);
    }
  }

  test("has a label for each tick, and none of them is broken", () => {
    eachAxis(({ positions, labels }) => {
      expect(labels).toHaveLength(positions.length);
      for (const label of labels) {
        expect(label).not.toBe("");
        expect(label).not.toMatch(/NaN|undefined|Invalid|Infinity|-/);
        expect(label.length).toBeLessThan(26);
      }
    });
  });

  test("has increasing ticks inside what is shown, not many more than there is room for", () => {
    eachAxis(({ positions }, { min, max }, count) => {
      const room = (max - min) * 1e-6;
      expect(positions.length).toBeLessThanOrEqual(3 * count + 3);
      for (const [i, position] of positions.entries()) {
        expect(position).toBeGreaterThanOrEqual(min - room);
        expect(position).toBeLessThanOrEqual(max + room);
        expect(position).toBeGreaterThan(positions[i - 1] ?? Number.NEGATIVE_INFINITY);
      }
    });
  });
});

test("never gives two ticks the same label, but for times of the day on several days", () => {
  const random = seededRandom(67);
  for (const [name, ticksOf, someInterval] of AXES.filter(([name]) => name !== "wall time")) {
    for (let round = 0; round < 400; round++) {
      const { labels } = ticksOf(someInterval(random), 2 + Math.floor(random() * 9));
      expect(new Set(labels).size, `${name}: ${labels}`).toBe(labels.length);
    }
  }
});

test("durations far from the start are told apart by as many units as that takes", () => {
  expect(xAxisTicks("relative", { min: 48540, max: 48660 }, 5).labels).toEqual([
    "13 h 29 min",
    "13 h 29 min 30 s",
    "13 h 30 min",
    "13 h 30 min 30 s",
    "13 h 31 min",
  ]);
});

test("zero alone is zero, however narrow the axis", () => {
  expect(yAxisTicks("linear", { min: -7e-184, max: 7e-184 }, 2).labels).toEqual(["0"]);
});

test("a value's label says the value", () => {
  const random = seededRandom(62);
  for (let round = 0; round < 500; round++) {
    const interval = wide(random, -20, 13);
    const { positions, labels } = yAxisTicks("linear", interval, 6);
    for (const [i, label] of labels.entries()) {
      const wanted = positions[i] as number;
      expect(Math.abs(readNumber(label) - wanted)).toBeLessThanOrEqual((interval.max - interval.min) * 1e-6);
    }
  }
});

test("a logarithm's label says the value that it is of", () => {
  const random = seededRandom(63);
  for (let round = 0; round < 300; round++) {
    const { positions, labels } = yAxisTicks("log", logarithms(random), 6);
    for (const [i, label] of labels.entries()) {
      expect(Math.log10(readNumber(label))).toBeCloseTo(positions[i] as number, 2);
    }
  }
});

test("a value as it is read is the value to six digits, however large or small", () => {
  const random = seededRandom(64);
  for (let round = 0; round < 2000; round++) {
    const value = (random() - 0.5) * 10 ** (random() * 600 - 300);
    expect(Math.abs(readNumber(formatValue(value)) / value - 1)).toBeLessThan(1e-5);
  }
});

test("a duration as it is read is right to a part in twenty, with one unit or two", () => {
  const random = seededRandom(65);
  const lengths: Record<string, number> = { d: 86400, h: 3600, min: 60, s: 1 };
  for (let round = 0; round < 1000; round++) {
    const seconds = 1 + 10 ** (random() * 7);
    const parts = formatDuration(seconds).match(/[\d.]+ \w+/g) ?? [];
    const read = parts.reduce((sum, part) => {
      const [amount, unit] = part.split(" ") as [string, string];
      return sum + Number(amount) * (lengths[unit] as number);
    }, 0);
    expect(parts.length).toBeGreaterThanOrEqual(1);
    expect(parts.length).toBeLessThanOrEqual(2);
    expect(Math.abs(read / seconds - 1)).toBeLessThan(0.05);
  }
});

test("from plot to pixel and back leads to where it began", () => {
  const random = seededRandom(66);
  for (let round = 0; round < 500; round++) {
    const frame = { left: 40, top: 10, width: 500, height: 300, x: wide(random, -10, 10), y: wide(random, -10, 10) };
    const x = frame.x.min + random() * (frame.x.max - frame.x.min);
    const y = frame.y.min + random() * (frame.y.max - frame.y.min);
    expect(Math.abs(toPlotX(frame, toPixelX(frame, x)) - x)).toBeLessThan((frame.x.max - frame.x.min) * 1e-9);
    expect(Math.abs(toPlotY(frame, toPixelY(frame, y)) - y)).toBeLessThan((frame.y.max - frame.y.min) * 1e-9);
    expect(toPixelY(frame, frame.y.max)).toBe(frame.top);
    expect(toPixelY(frame, frame.y.min)).toBe(frame.top + frame.height);
  }
});
