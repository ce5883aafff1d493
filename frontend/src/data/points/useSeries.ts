/** Series of one metric in the query cache. */
import { type UseQueryResult, useQuery } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { getBytes } from "../../api/client";
import type { PointSeries } from "./decode";
import { fetchPoints, type PointsRequest } from "./fetch";
import type { StepWindow } from "./splice";

/** Answers that no chart shows any more are large, and cheap to get again. */
const KEEP_UNUSED = 30_000;

/** Series, and the window of steps that they were asked for; null for all steps. */
export interface SeriesAnswer {
  window: StepWindow | null;
  series: PointSeries[];
}

/**
 * The series that `request` asks for. They are asked for again when `version` changes, but never while a request is
 * under way: a slow answer is shown before the next one is waited for. While runs are added or the window moves, what
 * was shown of the same tag stays, with the window that it was asked for. With `enabled` false nothing is asked.
 */
export function useSeries(request: PointsRequest, version: string, enabled: boolean): UseQueryResult<SeriesAnswer> {
  const { tag, runIds, limit, window = null } = request;
  const asked = useRef<string | null>(null);
  const result = useQuery({
    queryKey: ["points", tag, limit, window, runIds],
    queryFn: async ({ signal }): Promise<SeriesAnswer> => {
      asked.current = version;
      return { window, series: await fetchPoints(request, getBytes, signal) };
    },
    enabled: enabled && runIds.length > 0,
    placeholderData: (previous, query) => (query?.queryKey[1] === tag ? previous : undefined),
    structuralSharing: false,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: KEEP_UNUSED,
  });
  const { isFetching, isEnabled, refetch } = result;
  useEffect(() => {
    if (isEnabled && !isFetching && asked.current !== version) {
      asked.current = version;
      void refetch();
    }
  }, [isEnabled, isFetching, refetch, version]);
  return result;
}
