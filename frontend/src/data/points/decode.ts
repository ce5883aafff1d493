/**
 * The answer of `points`, from bytes to typed arrays.
 *
 * A u32 with the length of a JSON header, the header padded with spaces so that 4 + length is a multiple of 8, then for
 * each series its columns of `count` float64: steps, wall times, values. All little-endian, as every browser is.
 */
import type { PointsHeader, Series } from "../../api/messages";

/** What is shown of one series: `count` points out of `total` in the window that was asked for, by increasing step. */
export interface PointSeries {
  runId: string;
  count: number;
  total: number;
  /** How many points of the window cannot be read. */
  damaged: number;
  /** A text that differs when the series holds something else. */
  state: string;
  steps: Float64Array;
  /** Seconds since the epoch. */
  wallTimes: Float64Array;
  /** May be NaN or infinite. */
  values: Float64Array;
}

/** The bytes of an answer are not what they should be. */
export class MalformedPoints extends Error {
  override name = "MalformedPoints";

  constructor(what: string) {
    super(
      `The server's answer with points cannot be read: ${what}. Reload the page, and check that it is of the same version as the server.`,
    );
  }
}

const COLUMNS = 3;
const FLOAT64 = Float64Array.BYTES_PER_ELEMENT;
const LENGTH_FIELD = Uint32Array.BYTES_PER_ELEMENT;

/** Series by run. */
export type KnownSeries = ReadonlyMap<string, PointSeries>;

/**
 * Decodes one answer. Where it says that a series is unchanged, that is the one in `known`. Throws MalformedPoints.
 *
 * The columns of a series are views of its own copy of the bytes: series of one answer live for different times, and one
 * that stays is not to hold the memory of the others.
 */
export function decodePoints(body: ArrayBuffer, known: KnownSeries = new Map()): PointSeries[] {
  if (body.byteLength < LENGTH_FIELD) {
    throw new MalformedPoints(`it has only ${body.byteLength} bytes`);
  }
  const length = new DataView(body).getUint32(0, true);
  const start = LENGTH_FIELD + length;
  if (start > body.byteLength) {
    throw new MalformedPoints(`its header should have ${length} bytes, ${body.byteLength - LENGTH_FIELD} are there`);
  }
  if (start % FLOAT64 !== 0) {
    throw new MalformedPoints(`its columns begin at byte ${start}, which is not a multiple of ${FLOAT64}`);
  }
  const header = parseHeader(new Uint8Array(body, LENGTH_FIELD, length));
  const points = header.series.reduce((sum, series) => sum + series.count, 0);
  const expected = points * COLUMNS * FLOAT64;
  if (body.byteLength - start !== expected) {
    throw new MalformedPoints(`its columns should have ${expected} bytes, ${body.byteLength - start} are there`);
  }
  let offset = start;
  return header.series.map((series) => {
    const columns = body.slice(offset, offset + series.count * COLUMNS * FLOAT64);
    offset += columns.byteLength;
    return series.is_unchanged ? unchanged(series, known) : seriesOf(series, columns);
  });
}

function seriesOf({ run_id: runId, count, total, damaged, state }: Series, columns: ArrayBuffer): PointSeries {
  const [steps, wallTimes, values] = [0, 1, 2].map((i) => new Float64Array(columns, i * count * FLOAT64, count)) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  return { runId, count, total, damaged, state, steps, wallTimes, values };
}

function unchanged({ run_id: runId }: Series, known: KnownSeries): PointSeries {
  const series = known.get(runId);
  if (series === undefined) {
    throw new MalformedPoints("it leaves out points that were asked for");
  }
  return series;
}

function parseHeader(bytes: Uint8Array): PointsHeader {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw new MalformedPoints("its header is not JSON");
  }
  if (!isHeader(header)) {
    throw new MalformedPoints("its header does not list series with their counts");
  }
  return header;
}

function isHeader(header: unknown): header is PointsHeader {
  if (typeof header !== "object" || header === null || !("series" in header)) {
    return false;
  }
  return Array.isArray(header.series) && header.series.every(isSeries);
}

function isSeries(series: unknown): series is Series {
  if (typeof series !== "object" || series === null || !("run_id" in series) || typeof series.run_id !== "string") {
    return false;
  }
  const fields = series as unknown as Record<string, unknown>;
  return (
    ["count", "total", "damaged"].every((name) => isCount(fields[name])) &&
    typeof fields["state"] === "string" &&
    typeof fields["is_unchanged"] === "boolean"
  );
}

function isCount(value: unknown): boolean {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
