// @vitest-environment node
import { describe, expect, test } from "vitest";
import { seededRandom } from "../../testing/random";
import { decodePoints, type PointSeries } from "./decode";
import { fetchPoints, LONGEST_QUERY } from "./fetch";
import { type StepWindow, splice, spliceAll } from "./splice";
import { encodeAnswer, makeSeries, type SeriesInput } from "./testing/answers";

const ROUNDS = 200;

type Random = () => number;

function whole(random: Random, below: number): number {
  return Math.floor(random() * below);
}

/** Increasing steps, some of them far apart. */
function someSteps(random: Random, count: number): number[] {
  const steps: number[] = [];
  for (let step = whole(random, 50) - 25; steps.length < count; step += 1 + whole(random, 9)) {
    steps.push(step);
  }
  return steps;
}

/** A value of any kind that a metric may have. */
function someValue(random: Random): number {
  const odd = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, 5e-324, 1.7e308];
  const pick = whole(random, 4 * odd.length);
  return odd[pick] ?? (random() - 0.5) * 10 ** whole(random, 20);
}

function someSeries(random: Random, runId: string): SeriesInput {
  const steps = someSteps(random, whole(random, 30));
  return {
    runId,
    steps,
    values: steps.map(() => someValue(random)),
    wallTimes: steps.map(() => random() * 2e9),
    total: steps.length + whole(random, 1000),
    damaged: whole(random, 3),
  };
}

function expectSame(series: PointSeries | undefined, input: SeriesInput) {
  expect(series?.runId).toBe(input.runId);
  expect(series).toMatchObject({ count: input.steps.length, total: input.total, damaged: input.damaged });
  expect([...(series?.steps ?? [])]).toEqual(input.steps);
  expect([...(series?.wallTimes ?? [])]).toEqual(input.wallTimes);
  expect([...(series?.values ?? [])]).toEqual(input.values);
}

describe("an answer", () => {
  test("is decoded to what was encoded: every bit of every value, whatever the runs are called", () => {
    const random = seededRandom(21);
    const names = ["a", "ü", "run 7", '"', "\\", "日本", "x".repeat(300), ""];
    for (let round = 0; round < ROUNDS; round++) {
      const inputs = names.slice(0, whole(random, names.length)).map((name) => someSeries(random, name));
      const decoded = decodePoints(encodeAnswer(inputs, names[whole(random, names.length)]));
      expect(decoded).toHaveLength(inputs.length);
      for (const [i, input] of inputs.entries()) {
        expectSame(decoded[i], input);
      }
    }
  });

  test("that is cut off anywhere is refused, never read as fewer points", () => {
    const random = seededRandom(22);
    const body = encodeAnswer([someSeries(random, "a"), { runId: "b", steps: [1, 2], values: [3, 4] }]);
    for (let length = 0; length < body.byteLength; length++) {
      expect(() => decodePoints(body.slice(0, length))).toThrow("cannot be read");
    }
  });

  test("with bytes behind its end is refused", () => {
    const body = encodeAnswer([{ runId: "a", steps: [1], values: [2] }]);
    for (const extra of [1, 8, 24]) {
      const longer = new Uint8Array(body.byteLength + extra);
      longer.set(new Uint8Array(body));
      expect(() => decodePoints(longer.buffer)).toThrow("cannot be read");
    }
  });

  test("with random damage gives series or a sentence, nothing else", () => {
    const random = seededRandom(23);
    for (let round = 0; round < ROUNDS; round++) {
      const bytes = new Uint8Array(encodeAnswer([someSeries(random, "a")]));
      for (let i = 0; i < 3; i++) {
        bytes[whole(random, Math.min(120, bytes.length))] = whole(random, 256);
      }
      try {
        expect(Array.isArray(decodePoints(bytes.buffer))).toBe(true);
      } catch (error) {
        expect((error as Error).name).toBe("MalformedPoints");
      }
    }
  });
});

describe("a question for many runs", () => {
  test("reaches every run once, in requests short enough for every proxy, and its answers keep the order", async () => {
    for (const count of [0, 1, 100, 399, 400, 401, 1200]) {
      const runIds = Array.from({ length: count }, (_, i) => `run ${i}`);
      const batches: string[][] = [];
      const series = await fetchPoints({ tag: "loss", runIds, limit: 64 }, async (_path, parameters) => {
        batches.push(parameters.getAll("run"));
        expect(parameters.toString().length).toBeLessThanOrEqual(LONGEST_QUERY);
        return encodeAnswer(parameters.getAll("run").map((runId) => ({ runId, steps: [0], values: [1] })));
      });
      expect(batches.flat()).toEqual(runIds);
      expect(batches.every((batch) => batch.length > 0)).toBe(true);
      expect(series.map(({ runId }) => runId)).toEqual(runIds);
    }
  });

  test("leaves out the runs that do not have the metric, and those only", async () => {
    const random = seededRandom(24);
    const runIds = Array.from({ length: 900 }, (_, i) => `run ${i}`);
    const having = new Set(runIds.filter(() => random() < 0.3));
    const series = await fetchPoints({ tag: "loss", runIds, limit: 64 }, async (_path, parameters) =>
      encodeAnswer(
        parameters
          .getAll("run")
          .filter((runId) => having.has(runId))
          .map((runId) => ({ runId, steps: [0], values: [1] })),
      ),
    );
    expect(series.map(({ runId }) => runId)).toEqual([...having]);
  });

  test("passes its abort on to each batch, and stops at the first that is aborted", async () => {
    const abort = new AbortController();
    const signals: (AbortSignal | undefined)[] = [];
    const runIds = Array.from({ length: 3000 }, (_, i) => `run ${i}`);
    const asking = fetchPoints(
      { tag: "loss", runIds, limit: 64 },
      async (_path, _parameters, signal) => {
        signals.push(signal);
        if (signals.length === 2) {
          abort.abort();
        }
        signal?.throwIfAborted();
        return encodeAnswer([]);
      },
      abort.signal,
    );
    await expect(asking).rejects.toHaveProperty("name", "AbortError");
    expect(signals).toEqual([abort.signal, abort.signal]);
  });
});

describe("detail in place of coarse points", () => {
  /** Every `every`th point of a series, and all of its points in the window. */
  function views(random: Random): { all: PointSeries; coarse: PointSeries; detail: PointSeries; window: StepWindow } {
    const steps = someSteps(random, 5 + whole(random, 60));
    const values = steps.map(() => random());
    const every = 1 + whole(random, 6);
    const first = (steps[whole(random, steps.length)] ?? 0) - whole(random, 3);
    const window = { first, last: first + whole(random, 80) };
    const kept = (keep: (step: number, i: number) => boolean) => {
      const indices = steps.flatMap((step, i) => (keep(step, i) ? [i] : []));
      const column = (of: readonly number[]) => indices.map((i) => of[i] as number);
      return makeSeries({ runId: "a", steps: column(steps), values: column(values) });
    };
    return {
      all: kept(() => true),
      coarse: kept((_step, i) => i % every === 0),
      detail: kept((step) => step >= window.first && step <= window.last),
      window,
    };
  }

  test("inside the window there is every point, outside it the coarse ones, in increasing order", () => {
    const random = seededRandom(25);
    for (let round = 0; round < ROUNDS; round++) {
      const { all, coarse, detail, window } = views(random);
      const joined = splice(coarse, detail, window);
      const isInside = (step: number) => step >= window.first && step <= window.last;
      expect([...joined.steps.filter(isInside)]).toEqual([...detail.steps]);
      expect([...joined.steps.filter((step) => !isInside(step))]).toEqual([
        ...coarse.steps.filter((step) => !isInside(step)),
      ]);
      expect([...joined.steps]).toEqual([...new Set(joined.steps)].sort((a, b) => a - b));
      const valueAt = new Map([...all.steps].map((step, i) => [step, all.values[i]]));
      expect([...joined.values]).toEqual([...joined.steps].map((step) => valueAt.get(step)));
      expect(joined.wallTimes).toHaveLength(joined.steps.length);
    }
  });

  test("putting the same detail in twice changes nothing, and neither input is touched", () => {
    const random = seededRandom(26);
    for (let round = 0; round < ROUNDS; round++) {
      const { coarse, detail, window } = views(random);
      const [coarseBefore, detailBefore] = [[...coarse.steps], [...detail.steps]];
      const once = splice(coarse, detail, window);
      expect(splice(once, detail, window)).toEqual(once);
      expect([...coarse.steps]).toEqual(coarseBefore);
      expect([...detail.steps]).toEqual(detailBefore);
    }
  });

  test("each run gets its own, and runs that only the detail knows do not appear", () => {
    const series = (runId: string, values: number[]) => makeSeries({ runId, steps: values.map((_, i) => i), values });
    const joined = spliceAll(
      [series("a", [1, 1, 1]), series("b", [2, 2, 2]), series("c", [3, 3, 3])],
      [series("z", [9, 9]), series("c", [7]), series("a", [8])],
      { first: 0, last: 0 },
    );
    expect(joined.map(({ runId, values }) => [runId, ...values])).toEqual([
      ["a", 8, 1, 1],
      ["b", 2, 2, 2],
      ["c", 7, 3, 3],
    ]);
  });
});
