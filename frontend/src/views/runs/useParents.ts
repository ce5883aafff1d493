/** What stands above the runs of a flat list, in which their own names may say little. */
import { useMemo } from "react";
import { useRunNames } from "../../data/useRunNames";
import type { Listing } from "../../data/useRunPages";
import { type LoadedPages, PAGE_SIZE, ROOTS } from "../../model/rows";

const NOBODY: readonly string[] = [];

/** The whole names of the runs on the pages that are on screen; null where the table is no flat list. */
export function useParents(
  { filter, show }: Listing,
  loaded: LoadedPages,
  { first, last }: { first: number; last: number },
): ReadonlyMap<string, string> | null {
  const isFlat = filter !== "" && show === "flat";
  const pages = loaded.get(ROOTS)?.pages;
  const [from, to] = [Math.floor(first / PAGE_SIZE), Math.floor(last / PAGE_SIZE)];
  const runIds = useMemo(() => {
    const onScreen = isFlat ? [...new Set([from, to])] : [];
    return onScreen.flatMap((page) => pages?.get(page)?.runs.map(({ run_id }) => run_id) ?? NOBODY);
  }, [isFlat, pages, from, to]);
  const names = useRunNames(runIds);
  return isFlat ? names : null;
}
