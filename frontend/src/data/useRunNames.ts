/** What runs are called, wherever they stand: those that are selected may be in no page that has arrived. */
import { type UseQueryResult, useQueries, useQueryClient } from "@tanstack/react-query";
import { useCallback, useMemo, useRef } from "react";
import { getRunNames, MOST_NAMED } from "../api/client";
import type { RunName } from "../api/messages";
import { type Answer, type LiveQuestion, liveOptions } from "./liveQuery";

/** What at most `MOST_NAMED` runs are called, and what stands above them. */
export function namesQuestion(runIds: readonly string[]): LiveQuestion<readonly RunName[]> {
  return { key: ["names", runIds], ask: async (signal) => (await getRunNames(runIds, signal)).runs };
}

/** Names by id. The same map while it says the same; a name that is being asked for again stays meanwhile. */
export function useRunNames(runIds: readonly string[]): ReadonlyMap<string, string> {
  const client = useQueryClient();
  const batches = useMemo(() => batchesOf(runIds), [runIds]);
  const known = useRef<ReadonlyMap<string, string>>(new Map());
  const combine = useCallback((results: UseQueryResult<Answer<readonly RunName[]>>[]) => {
    const names = results.flatMap(({ data }) => data?.content ?? []);
    if (names.some((run) => known.current.get(run.run_id) !== wholeName(run))) {
      known.current = new Map([...known.current, ...names.map((run) => [run.run_id, wholeName(run)] as const)]);
    }
    return known.current;
  }, []);
  return useQueries({
    queries: batches.map((batch) => liveOptions(client, namesQuestion(batch))),
    combine,
  });
}

/** A run's name after those of the runs above it, as TensorBoard's own dashboards show it. */
function wholeName({ path, name }: Pick<RunName, "path" | "name">): string {
  return [...path, name].join("/");
}

/** So that one run more asks for one batch again, and not for all. */
export function batchesOf(runIds: readonly string[]): string[][] {
  const batches: string[][] = [];
  for (let first = 0; first < runIds.length; first += MOST_NAMED) {
    batches.push(runIds.slice(first, first + MOST_NAMED));
  }
  return batches;
}
