/** What stands above the runs of a flat list or a group, in which their own names may say little. */
import { useMemo } from "react";
import { useRunNames } from "../../data/useRunNames";
import type { Listing } from "../../data/useRunPages";
import { conditionsIn } from "../../model/groups";
import { keyOf, type LoadedPages, type RowIndex } from "../../model/rows";

const NOBODY: readonly string[] = [];

/** The whole names of the runs of lists that are on screen; null where the table is the tree. */
export function useParents(
  { filter, show, groupBy }: Listing,
  loaded: LoadedPages,
  rows: RowIndex,
  { first, last }: { first: number; last: number },
): ReadonlyMap<string, string> | null {
  const isList = groupBy.length > 0 || (filter !== "" && show === "flat");
  const pages = isList ? rows.pagesOf(first, last).filter(({ parent }) => conditionsIn(parent) !== null) : [];
  const key = pages.map(keyOf).join("\n");
  // biome-ignore lint/correctness/useExhaustiveDependencies: equal pages are the same pages.
  const runIds = useMemo(
    () =>
      pages.flatMap(
        ({ parent, page }) =>
          loaded
            .get(parent)
            ?.pages.get(page)
            ?.runs.map(({ run_id }) => run_id) ?? NOBODY,
      ),
    [key, loaded],
  );
  const names = useRunNames(runIds);
  return isList ? names : null;
}
