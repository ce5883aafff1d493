/** Series of one metric in the query cache. */
import { type QueryClient, type QueryKey, useQueryClient } from "@tanstack/react-query";
import { getBytes } from "../../api/client";
import { type Answer, type LiveAnswer, useLiveQuery } from "../liveQuery";
import type { PointSeries } from "./decode";
import { fetchPoints, type PointsRequest } from "./fetch";
import type { StepWindow } from "./splice";

/** Answers that no chart shows any more are large, and cheap to get again. */
const KEEP_UNUSED = 30_000;

/** Series of the runs that were asked for, those that have the tag, and the window of steps; null for all steps. */
export interface SeriesAnswer {
  window: StepWindow | null;
  runIds: readonly string[];
  series: PointSeries[];
}

/**
 * The series that `request` asks for. Of runs whose points are there already, as the store has them now, nothing is
 * asked again: a run that is added to a chart costs its own points. When the store has changed, only those series travel
 * that have. Meanwhile what was shown of the same tag stays, with the window that it was asked for.
 */
export function useSeries(request: PointsRequest, isWanted: boolean): LiveAnswer<SeriesAnswer> {
  const client = useQueryClient();
  const { tag, runIds, limit, window = null } = request;
  const kind: QueryKey = ["points", tag, limit, window];
  const key = [...kind, runIds];
  return useLiveQuery({
    key,
    ask: async (signal, version) => {
      const { current, known } = seriesAt(client, kind, version);
      const missing = runIds.filter((runId) => !current.has(runId));
      const arrived = await fetchPoints({ ...request, runIds: missing, known }, getBytes, signal);
      const series = new Map([...current, ...arrived.map((one) => [one.runId, one] as const)]);
      const earlier = client.getQueryData<Answer<SeriesAnswer>>(key)?.content.series;
      return {
        window,
        runIds,
        series: sameOr(
          earlier,
          runIds.flatMap((runId) => series.get(runId) ?? []),
        ),
      };
    },
    isWanted: isWanted && runIds.length > 0,
    keeps: (question) => question[1] === tag,
    isShared: false,
    keepUnused: KEEP_UNUSED,
  });
}

/**
 * What is there of each run: as the store's version has it, null for a run without the tag, and as any version had it.
 */
function seriesAt(client: QueryClient, kind: QueryKey, version: string) {
  const current = new Map<string, PointSeries | null>();
  const known = new Map<string, PointSeries>();
  for (const [, answer] of client.getQueriesData<Answer<SeriesAnswer>>({ queryKey: kind })) {
    const series = new Map(answer?.content.series.map((one) => [one.runId, one]));
    for (const runId of answer?.content.runIds ?? []) {
      const one = series.get(runId) ?? null;
      if (answer?.version === version) {
        current.set(runId, one);
      }
      if (one !== null) {
        known.set(runId, one);
      }
    }
  }
  return { current, known };
}

/** The earlier series where all of them are the same, so that nothing is drawn again. */
function sameOr(earlier: PointSeries[] | undefined, now: PointSeries[]): PointSeries[] {
  const isSame = earlier?.length === now.length && now.every((one, i) => one === earlier[i]);
  return isSame && earlier !== undefined ? earlier : now;
}
