// @vitest-environment node
import { describe, expect, test } from "vitest";
import type { Interval } from "../model/interval";
import { seededRandom } from "../testing/random";
import type { ScaleKind, Tick } from "./interval";
import { ticksOf } from "./ticks";

type Random = () => number;

const AXES: [ScaleKind, (random: Random) => Interval][] = [
  ["step", (random) => wide(random, 0, 15)],
  ["duration", (random) => wide(random, -3, 8)],
  ["linear", (random) => wide(random, -250, 250)],
  ["log", magnitudes],
  [
    "time",
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

function magnitudes(random: Random): Interval {
  const exponent = random() * 500 - 300;
  return { min: 10 ** exponent, max: 10 ** (exponent + 0.3 + random() * 30) };
}

const labelsOf = (kind: ScaleKind, interval: Interval, count: number) =>
  ticksOf(kind, interval, count).map(({ label }) => label);

/** What a label says as a number, with its suffix. */
function readNumber(label: string): number {
  const [, number, suffix = ""] = /^(.*?)([kMGT]?)$/.exec(label.replaceAll("\u2212", "-").replaceAll(",", "")) ?? [];
  return Number(number) * 1000 ** ["", "k", "M", "G", "T"].indexOf(suffix);
}

describe.each(AXES)("a %s axis, over wide ranges", (kind, someInterval) => {
  function eachAxis(check: (ticks: Tick[], interval: Interval, count: number) => void) {
    const random = seededRandom(61);
    for (let round = 0; round < 400; round++) {
      const interval = someInterval(random);
      const count = 2 + Math.floor(random() * 9);
      check(ticksOf(kind, interval, count), interval, count);
    }
  }

  test("no label is broken", () => {
    eachAxis((ticks) => {
      for (const { label } of ticks) {
        expect(label).not.toBe("");
        expect(label).not.toMatch(/NaN|undefined|Invalid|Infinity|-/);
        expect(label.length).toBeLessThan(26);
      }
    });
  });

  test("has increasing ticks inside what is shown, not many more than there is room for", () => {
    eachAxis((ticks, { min, max }, count) => {
      const room = (max - min) * 1e-6;
      expect(ticks.length).toBeLessThanOrEqual(3 * count + 3);
      for (const [i, { value }] of ticks.entries()) {
        expect(value).toBeGreaterThanOrEqual(min - room);
        expect(value).toBeLessThanOrEqual(max + room);
        expect(value).toBeGreaterThan(ticks[i - 1]?.value ?? Number.NEGATIVE_INFINITY);
      }
    });
  });
});

test("never gives two ticks the same label, but for times of the day on several days", () => {
  const random = seededRandom(67);
  for (const [kind, someInterval] of AXES.filter(([kind]) => kind !== "time")) {
    for (let round = 0; round < 400; round++) {
      const labels = labelsOf(kind, someInterval(random), 2 + Math.floor(random() * 9));
      expect(new Set(labels).size, `${kind}: ${labels}`).toBe(labels.length);
    }
  }
});

test("durations far from the start are told apart by as many units as that takes", () => {
  expect(labelsOf("duration", { min: 48540, max: 48660 }, 5)).toEqual([
    "13 h 29 min",
    "13 h 29 min 30 s",
    "13 h 30 min",
    "13 h 30 min 30 s",
    "13 h 31 min",
  ]);
});

test("zero alone is zero, however narrow the axis", () => {
  expect(labelsOf("linear", { min: -7e-184, max: 7e-184 }, 1)).toEqual(["0"]);
});

test("intervals that floating point can hardly tell apart still get their labels", () => {
  const intervals: Interval[] = [
    { min: 1e-300, max: 4e-300 },
    { min: -8e307, max: 8e307 },
    { min: 1, max: 1 + 1e-12 },
  ];
  for (const interval of intervals) {
    expect(new Set(labelsOf("linear", interval, 6)).size).toBeGreaterThanOrEqual(3);
  }
});

test("a value's label says the value", () => {
  const random = seededRandom(62);
  for (let round = 0; round < 500; round++) {
    const interval = wide(random, -20, 13);
    for (const { value, label } of ticksOf("linear", interval, 6)) {
      expect(Math.abs(readNumber(label) - value)).toBeLessThanOrEqual((interval.max - interval.min) * 1e-6);
    }
  }
});

test("a label of a log axis says the value, not its logarithm", () => {
  const random = seededRandom(63);
  for (let round = 0; round < 300; round++) {
    for (const { value, label } of ticksOf("log", magnitudes(random), 6)) {
      expect(Math.log10(readNumber(label))).toBeCloseTo(Math.log10(value), 2);
    }
  }
});
