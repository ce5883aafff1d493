/** Points of one metric over many runs, asked for in batches that the server accepts. */
import { decodePoints, type PointSeries } from "./decode";
import type { StepWindow } from "./splice";

/** Points of one tag, for any number of runs. */
export interface PointsRequest {
  tag: string;
  runIds: readonly string[];
  /** The most points wanted of each series. */
  limit: number;
  /** Only points of these steps; all without it. */
  window?: StepWindow | null;
}

/** Gets the body of one answer of the HTTP API. */
export type GetBytes = (path: string, parameters: URLSearchParams, signal?: AbortSignal) => Promise<ArrayBuffer>;

/** The most runs that the server takes in one request. */
export const MOST_RUNS = 400;
/** The most points of one series in an answer. */
export const MOST_POINTS = 2000;
/** Points that a chart asks for in all: beyond, each line has several to a pixel, and the browser becomes slow. */
const BUDGET = 400_000;
const FEWEST_POINTS = 64;

/** How many points of each series to ask for when so many runs are drawn. */
export function limitFor(runs: number, most = 1000): number {
  return Math.max(FEWEST_POINTS, Math.min(most, MOST_POINTS, Math.floor(BUDGET / Math.max(1, runs))));
}

/**
 * The series of the runs that have the tag, in the order of the runs. Throws what `getBytes` throws, and
 * MalformedPoints.
 */
export async function fetchPoints(
  request: PointsRequest,
  getBytes: GetBytes,
  signal?: AbortSignal,
): Promise<PointSeries[]> {
  const answers: PointSeries[][] = [];
  for (let first = 0; first < request.runIds.length; first += MOST_RUNS) {
    const batch = parametersOf({ ...request, runIds: request.runIds.slice(first, first + MOST_RUNS) });
    answers.push(decodePoints(await getBytes("points", batch, signal)));
  }
  return answers.flat();
}

function parametersOf({ tag, runIds, limit, window }: PointsRequest): URLSearchParams {
  const parameters = new URLSearchParams({ tag, limit: String(limit) });
  if (window) {
    parameters.set("first_step", String(window.first));
    parameters.set("last_step", String(window.last));
  }
  for (const runId of runIds) {
    parameters.append("run", runId);
  }
  return parameters;
}
