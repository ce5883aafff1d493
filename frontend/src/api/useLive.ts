/** Answers that follow the store: asked again when its version changes, the previous one staying until then. */
import { keepPreviousData, type UseQueryResult, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { getOverview, getVersion } from "./client";
import type { Overview } from "./messages";

/** How often to ask whether something changed, in milliseconds. Nothing is asked while the page is hidden. */
const POLL_EVERY = 2000;

/** What the latest question for the store's version has brought. */
export interface Live {
  /** Empty until the first answer. */
  version: string;
  /** Why the server does not say its version now. */
  problem: string | null;
  retry: () => void;
}

/** The store's version. When the store is back after trouble, everything that is shown is asked for again. */
export function useVersion(): Live {
  const { data, error, dataUpdatedAt, refetch } = useQuery({
    queryKey: ["version"],
    queryFn: ({ signal }) => getVersion(signal),
    refetchInterval: POLL_EVERY,
    refetchOnWindowFocus: true,
  });
  const queries = useQueryClient();
  const wasLost = useRef(false);
  useEffect(() => {
    if (error === null && wasLost.current) {
      void queries.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== "version" });
    }
    wasLost.current = error !== null;
  }, [error, queries]);
  // What failed between two questions for the version is asked again with the next, or it would stay on screen.
  useEffect(() => {
    if (dataUpdatedAt > 0) {
      void queries.refetchQueries({ type: "active", predicate: ({ state }) => state.status === "error" });
    }
  }, [dataUpdatedAt, queries]);
  return { version: data?.version ?? "", problem: error?.message ?? null, retry: () => void refetch() };
}

/** What there is to show. In a large store that takes a while to count: it is asked for a tenth of the time at most. */
export function useOverview(experiment: string, version: string): UseQueryResult<Overview> {
  const asked = useRef({ version, at: 0, took: 0 });
  const result = useQuery({
    queryKey: ["overview", experiment],
    queryFn: async ({ signal }) => {
      const at = performance.now();
      asked.current = { version, at, took: 0 };
      const overview = await getOverview(experiment, signal);
      asked.current.took = performance.now() - at;
      return overview;
    },
    enabled: version !== "",
    placeholderData: keepPreviousData,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const { isFetching, refetch } = result;
  useEffect(() => {
    if (isFetching || version === "" || asked.current.version === version) {
      return;
    }
    const { at, took } = asked.current;
    const wait = Math.max(0, at + 10 * took - performance.now());
    const timer = setTimeout(() => void refetch(), wait);
    return () => clearTimeout(timer);
  }, [isFetching, refetch, version]);
  return result;
}
