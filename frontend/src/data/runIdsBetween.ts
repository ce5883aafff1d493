/** The runs of rows that may not have arrived: what is not there is asked for. */
import type { QueryClient } from "@tanstack/react-query";
import { keyOf, PAGE_SIZE, type RowIndex } from "../model/rows";
import { askOnce } from "./liveQuery";
import { type Listing, pageQuestion } from "./useRunPages";

/**
 * The ids of the runs in the rows from `first` to `last`, both included, in order. Throws ApiError where a page cannot
 * be had.
 */
export async function runIdsBetween(
  client: QueryClient,
  listing: Listing,
  rows: RowIndex,
  first: number,
  last: number,
): Promise<string[]> {
  const there = idsThere(rows, first, last);
  if (!there.includes(null)) {
    return there.filter((runId) => runId !== null && runId !== GROUP) as string[];
  }
  const pages = new Map<string, readonly { run_id: string }[]>();
  for (const ref of rows.pagesOf(first, last)) {
    const { content } = await askOnce(client, pageQuestion(listing, ref));
    pages.set(keyOf(ref), content.runs);
  }
  return there.flatMap((runId, i) => {
    const row = rows.rowAt(first + i);
    if (runId !== null || row === undefined) {
      return runId === GROUP ? [] : (runId ?? []);
    }
    const page = pages.get(keyOf({ parent: row.parent, page: Math.floor(row.index / PAGE_SIZE) }));
    return page?.[row.index % PAGE_SIZE]?.run_id ?? [];
  });
}

/** No run's id. */
const GROUP = "";

/** The ids, null for a run that has not arrived, `GROUP` for a group: its runs are its own. */
function idsThere(rows: RowIndex, first: number, last: number): (string | null)[] {
  return Array.from({ length: last - first + 1 }, (_, i) => {
    const row = rows.rowAt(first + i);
    return row?.kind === "group" ? GROUP : row?.kind === "run" ? row.run.run_id : null;
  });
}
