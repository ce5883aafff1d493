/** The metrics that some runs have. */
import { getMetricsOf, MOST_NAMED } from "../api/client";
import { nameOf } from "../model/columns";
import { useLiveQuery } from "./liveQuery";

/** The names of metrics that the first of the runs have logged, those of most runs first; empty until they are known. */
export function useMetricsOf(runIds: readonly string[], isWanted: boolean): readonly string[] {
  const asked = runIds.slice(0, MOST_NAMED);
  const { content } = useLiveQuery({
    key: ["metrics of runs", asked],
    ask: (signal) => getMetricsOf(asked, signal),
    isWanted: isWanted && asked.length > 0,
  });
  return content?.columns.map(({ column }) => nameOf(column)) ?? [];
}
