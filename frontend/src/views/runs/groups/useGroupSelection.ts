/** Selecting all runs of a group, which the server finds, and knowing later how many of them are. */
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import type { Listing } from "../../../data/useRunPages";
import { allOf, conditionsIn, type Group } from "../../../model/groups";
import type { LoadedPages } from "../../../model/rows";
import type { Selection } from "../../../model/selection";
import { selectionIn } from "../../../state/page";
import { usePage } from "../../../state/store";
import type { GroupSelection, Share } from "../../../table/props";
import type { SelectFound } from "../useSelectFound";

/** A group's runs are those that meet its conditions, what stands below others of them included: these have lines, too. */
export function useGroupSelection(
  listing: Listing,
  loaded: LoadedPages,
  select: SelectFound,
): Pick<GroupSelection, "shareOf" | "onSelect"> {
  const selection = usePage(selectionIn);
  const [known, setKnown] = useState<ReadonlyMap<string, readonly string[]>>(new Map());
  const latest = useRef(listing);
  useEffect(() => {
    latest.current = listing;
  });
  const onSelect = useCallback(
    async ({ key }: Group, selected: boolean) => {
      const filter = allOf([latest.current.filter, ...(conditionsIn(key) ?? [])]);
      const runIds = await select({ filter }, selected ? "add" : "remove");
      setKnown((before) => new Map(before).set(key, runIds));
    },
    [select],
  );
  const shareOf = useMemo(() => {
    const shares = new Map([...known].map(([key, runIds]) => [key, shareIn(selection, runIds)]));
    const isWithin = (key: string) => groupsAround(key).some((outer) => shares.get(outer) === "all");
    return ({ key }: Group): Share =>
      isWithin(key) ? "all" : (shares.get(key) ?? shareOfLoaded(selection, loaded, key));
  }, [known, selection, loaded]);
  return { shareOf, onSelect };
}

/** The keys of the groups that one is within. */
function groupsAround(key: string): string[] {
  const conditions = conditionsIn(key) ?? [];
  return conditions.slice(1).map((_, level) => JSON.stringify(conditions.slice(0, level + 1)));
}

function shareIn(selection: Selection, runIds: readonly string[]): Share {
  const selected = runIds.filter((runId) => selection.has(runId)).length;
  return selected === 0 || runIds.length === 0 ? "none" : selected < runIds.length ? "some" : "all";
}

/** What can be told by the runs that have arrived: of those below them nothing is known. */
function shareOfLoaded(selection: Selection, loaded: LoadedPages, key: string): Share {
  for (const { runs } of loaded.get(key)?.pages.values() ?? []) {
    if (runs.some(({ run_id }) => selection.has(run_id))) {
      return "some";
    }
  }
  return "none";
}
