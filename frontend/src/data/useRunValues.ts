/** What runs have in one column, wherever they stand. */
import { type UseQueryResult, useQueries, useQueryClient } from "@tanstack/react-query";
import { useCallback, useMemo } from "react";
import { getRunNames } from "../api/client";
import type { Cell } from "../api/messages";
import { FILL } from "../model/columnText";
import { type Answer, type LiveQuestion, liveOptions } from "./liveQuery";
import { batchesOf } from "./useRunNames";

type Values = readonly { runId: string; value: Cell }[];

function valuesQuestion(runIds: readonly string[], column: string): LiveQuestion<Values> {
  return {
    key: ["values", column, runIds],
    ask: async (signal) => {
      const { runs } = await getRunNames(runIds, signal, { column, fill: FILL });
      return runs.map(({ run_id, cells }) => ({ runId: run_id, value: cells[0] ?? null }));
    },
  };
}

/** Values by run; nothing for a run whose value has not arrived. Without a column nothing is asked. */
export function useRunValues(runIds: readonly string[], column: string | null): ReadonlyMap<string, Cell> {
  const client = useQueryClient();
  const batches = useMemo(() => (column === null ? [] : batchesOf(runIds)), [runIds, column]);
  const combine = useCallback(
    (results: UseQueryResult<Answer<Values>>[]) =>
      new Map(results.flatMap(({ data }) => data?.content.map(({ runId, value }) => [runId, value] as const) ?? [])),
    [],
  );
  return useQueries({
    queries: batches.map((batch) => liveOptions(client, valuesQuestion(batch, column ?? ""))),
    combine,
  });
}
