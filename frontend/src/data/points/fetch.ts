/** Points of one metric over many runs, asked for in batches that servers and proxies accept. */
import { decodePoints, type KnownSeries, type PointSeries } from "./decode";
import type { StepWindow } from "./splice";

/** Points of one tag, for any number of runs. */
export interface PointsRequest {
  tag: string;
  runIds: readonly string[];
  /** The most points wanted of each series. */
  limit: number;
  /** Only points of these steps; all without it. */
  window?: StepWindow | null;
  /** Earlier answers to the same question: of these runs points are sent only if there are others now. */
  known?: KnownSeries;
}

/** Gets the body of one answer of the HTTP API. */
export type GetBytes = (path: string, parameters: URLSearchParams, signal?: AbortSignal) => Promise<ArrayBuffer>;

/** The longest query of one request, in characters: proxies take addresses of 4 to 8 kB. */
export const LONGEST_QUERY = 4000;
/** However long a tag is, so many characters of each request are for runs. */
const FEWEST_FOR_RUNS = 1000;
/** Requests under way at a time: a browser has six connections to a server, and the page has other questions. */
const AT_ONCE = 3;
/** The most points of one series in an answer. */
export const MOST_POINTS = 2000;
/** Points that a chart asks for in all: beyond, each line has several to a pixel, and the browser becomes slow. */
const BUDGET = 400_000;
/** Few limits to choose from: with another limit the points of all runs are other points. */
const LIMITS = [MOST_POINTS, 1000, 512, 256, 128];
const FEWEST_POINTS = 64;

/** How many points of each series to ask for when so many runs are drawn. */
export function limitFor(runs: number, most = 1000): number {
  return LIMITS.find((limit) => limit <= most && limit * runs <= BUDGET) ?? FEWEST_POINTS;
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
  const batches = batchesOf(request);
  const answers: PointSeries[][] = [];
  // The batches are one generator, which whoever fails closes: the others ask no more then.
  const askInTurn = async () => {
    for (const { number, runIds } of batches) {
      signal?.throwIfAborted();
      const body = await getBytes("points", parametersOf({ ...request, runIds }), signal);
      answers[number] = decodePoints(body, request.known);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, askInTurn));
  return answers.flat();
}

/** The runs in as many parts as it takes requests of a length that every proxy passes on. */
function* batchesOf(request: PointsRequest): Generator<{ number: number; runIds: string[] }> {
  const rest = parametersOf({ ...request, runIds: [] }).toString().length;
  const room = Math.max(FEWEST_FOR_RUNS, LONGEST_QUERY - rest);
  let batch = { number: 0, runIds: [] as string[] };
  let length = 0;
  for (const runId of request.runIds) {
    const own = parametersOf({ ...request, runIds: [runId] }).toString().length - rest;
    if (length + own > room && length > 0) {
      yield batch;
      batch = { number: batch.number + 1, runIds: [] };
      length = 0;
    }
    batch.runIds.push(runId);
    length += own;
  }
  if (batch.runIds.length > 0) {
    yield batch;
  }
}

function parametersOf({ tag, runIds, limit, window, known }: PointsRequest): URLSearchParams {
  const parameters = new URLSearchParams({ tag, limit: String(limit) });
  if (window) {
    parameters.set("first_step", String(window.first));
    parameters.set("last_step", String(window.last));
  }
  for (const runId of runIds) {
    parameters.append("run", runId);
  }
  if (known !== undefined && known.size > 0) {
    for (const runId of runIds) {
      parameters.append("known", known.get(runId)?.state ?? "");
    }
  }
  return parameters;
}
