/** Answers that follow the store: asked again when its version changes, the previous one staying until then. */
import { keepPreviousData, type UseQueryResult, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { getOverview, getVersion } from "./client";
import type { Overview } from "./messages";

/** How often to ask whether something changed, in milliseconds. Nothing is asked while the page is hidden. */
const POLL_EVERY = 2000;

export interface Live {
  /** Empty until the first answer. */
  version: string;
  /** Why the server does not say its version now. */
  problem: string | null;
}

/** The store's version. When the store is back after trouble, everything that is shown is asked for again. */
export function useVersion(): Live {
  const { data, error } = useQuery({
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
  return { version: data?.version ?? "", problem: error?.message ?? null };
}

export function useOverview(experiment: string, version: string): UseQueryResult<Overview> {
  const asked = useRef(version);
  const result = useQuery({
    queryKey: ["overview", experiment],
    queryFn: ({ signal }) => {
      asked.current = version;
      return getOverview(experiment, signal);
    },
    placeholderData: keepPreviousData,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const { isFetching, refetch } = result;
  useEffect(() => {
    if (!isFetching && asked.current !== version) {
      asked.current = version;
      void refetch();
    }
  }, [isFetching, refetch, version]);
  return result;
}
