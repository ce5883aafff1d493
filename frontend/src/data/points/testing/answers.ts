/** Answers of `points` made by hand, for tests. */
import type { PointSeries } from "../decode";

/** A series as a test writes it down; `total` is the number of points unless it is given. */
export interface SeriesInput {
  runId: string;
  steps: readonly number[];
  values: readonly number[];
  wallTimes?: readonly number[];
  total?: number;
  damaged?: number;
  state?: string;
  isUnchanged?: boolean;
}

/** The bytes that a server answers for the series. */
export function encodeAnswer(inputs: readonly SeriesInput[], tag = "loss"): ArrayBuffer {
  const header = {
    tag,
    series: inputs.map((input) => ({
      run_id: input.runId,
      count: input.steps.length,
      total: input.total ?? input.steps.length,
      damaged: input.damaged ?? 0,
      state: input.state ?? stateOf(input),
      is_unchanged: input.isUnchanged ?? false,
    })),
  };
  const columns = inputs.flatMap((input) => [...input.steps, ...wallTimesOf(input), ...input.values]);
  return encodeBody(JSON.stringify(header), columns);
}

/** A body with any header, padded as the format says. */
export function encodeBody(header: string, columns: readonly number[]): ArrayBuffer {
  const text = new TextEncoder().encode(header);
  const length = Math.ceil((4 + text.length) / 8) * 8 - 4;
  const body = new ArrayBuffer(4 + length + columns.length * 8);
  const bytes = new Uint8Array(body);
  bytes.fill(" ".charCodeAt(0), 4, 4 + length);
  bytes.set(text, 4);
  const view = new DataView(body);
  view.setUint32(0, length, true);
  columns.forEach((value, i) => {
    view.setFloat64(4 + length + i * 8, value, true);
  });
  return body;
}

/** A series as it is decoded. Wall times are ten seconds apart unless they are given. */
export function makeSeries(input: SeriesInput): PointSeries {
  return {
    runId: input.runId,
    count: input.steps.length,
    total: input.total ?? input.steps.length,
    damaged: input.damaged ?? 0,
    state: input.state ?? stateOf(input),
    steps: Float64Array.from(input.steps),
    wallTimes: Float64Array.from(wallTimesOf(input)),
    values: Float64Array.from(input.values),
  };
}

function stateOf(input: SeriesInput): string {
  return `1-${input.total ?? input.steps.length}-0`;
}

function wallTimesOf({ steps, wallTimes }: SeriesInput): readonly number[] {
  return wallTimes ?? steps.map((_, i) => 1_000_000 + 10 * i);
}
