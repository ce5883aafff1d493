/** Few points of many series, one run at a time, asked for together: what small curves in a table are drawn from. */
import { getBytes } from "../../api/client";
import { useLiveQuery } from "../liveQuery";
import type { PointSeries } from "./decode";
import { fetchPoints, type GetBytes } from "./fetch";

/** As many as a curve of a few dozen pixels shows. Extremes are among them. */
export const CURVE_POINTS = 32;
/** How long runs are gathered before they are asked for, in milliseconds: those of a screen come at once. */
const GATHER = 20;
const KEEP_UNUSED = 30_000;

interface Gathering {
  runIds: Set<string>;
  series: Promise<ReadonlyMap<string, PointSeries>>;
}

/** What asks for runs one by one and sends one question for all of a moment. */
export function gathered(get: GetBytes = getBytes) {
  const gathering = new Map<string, Gathering>();
  const begin = (tag: string): Gathering => {
    const runIds = new Set<string>();
    const ask = async () => {
      await new Promise((resolve) => setTimeout(resolve, GATHER));
      gathering.delete(tag);
      const found = await fetchPoints({ tag, runIds: [...runIds], limit: CURVE_POINTS }, get);
      return new Map(found.map((series) => [series.runId, series]));
    };
    const begun = { runIds, series: ask() };
    gathering.set(tag, begun);
    return begun;
  };
  return async (tag: string, runId: string): Promise<PointSeries | null> => {
    const { runIds, series } = gathering.get(tag) ?? begin(tag);
    runIds.add(runId);
    return (await series).get(runId) ?? null;
  };
}

const askForOne = gathered();

/** The curve of one run; null while it is on its way, and of a run without the tag. */
export function useCurve(tag: string, runId: string): PointSeries | null {
  const answer = useLiveQuery({
    key: ["curve", tag, runId],
    ask: () => askForOne(tag, runId),
    isShared: false,
    keepUnused: KEEP_UNUSED,
  });
  return answer.content ?? null;
}
