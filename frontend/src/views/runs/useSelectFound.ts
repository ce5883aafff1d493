/** Selecting runs by what the server finds, wherever they are in the trees. */
import { useCallback, useEffect, useRef } from "react";
import { getMatching } from "../../api/client";
import type { Listing } from "../../data/useRunPages";
import { ownColumn } from "../../model/columns";
import { type SelectionQuery, selectionOf, withoutRuns, withRuns } from "../../model/selection";
import { MOST_IDS } from "../../state/codecs";
import { chosenIn, selectionIn } from "../../state/page";
import { useChange } from "../../state/store";

/** The most runs that are selected at once: the server finds no more. */
export const MOST_FOUND = 10_000;

/** What becomes of those that were selected before: they are not any more, they stay, or those that are found go. */
export type How = "only" | "add" | "remove";

/** Selects what is found. Of the question what the table shows is left out: its filter, order, and the most there are. */
export type SelectFound = (asked: Partial<SelectionQuery>, how: How) => Promise<readonly string[]>;

/** By a metric runs are found in the order of their own values, since only those have a line. */
export function useSelectFound(listing: Listing, tell: (sentence: string | null) => void): SelectFound {
  const change = useChange();
  const latest = useRef(listing);
  useEffect(() => {
    latest.current = listing;
  });
  return useCallback(
    async (asked, how) => {
      const { experiment, stages, filter, sort, order } = latest.current;
      const query: SelectionQuery = { filter, below: "", sort: ownColumn(sort), order, limit: MOST_FOUND, ...asked };
      try {
        const { total, run_ids } = await getMatching({ experiment, ...(stages && { stages }) }, query);
        change((page) => {
          const before = selectionIn(page);
          const next = (how === "remove" ? withoutRuns : withRuns)(before, run_ids);
          // What the question finds is all that is selected: so it can be linked, and the colours are those of the link.
          const isAll = how === "add" && next.size === run_ids.length && next.size > MOST_IDS;
          const isWhole = how === "only" || isAll;
          const selected = isWhole ? selectionOf(run_ids) : next;
          const selectedBy = isWhole ? { query, selection: selected, isAsked: true } : null;
          return { ...chosenIn(page), selected, selectedBy };
        });
        const isCut = how === "add" && asked.limit === undefined && run_ids.length < total;
        tell(isCut ? firstOf(run_ids.length, total) : null);
        return run_ids;
      } catch (error) {
        tell(error instanceof Error ? error.message : String(error));
        return [];
      }
    },
    [change, tell],
  );
}

/** What is said where not all are selected. */
export function firstOf(selected: number, wanted: number): string {
  return `The first ${selected.toLocaleString("en")} of ${wanted.toLocaleString("en")} runs are selected.`;
}

/** What selects all matches says. */
export function matchesInWords(matches: number): string {
  return matches > MOST_FOUND
    ? `Select the first ${MOST_FOUND.toLocaleString("en")} of ${matches.toLocaleString("en")} matching runs`
    : `Select ${matches === 1 ? "the matching run" : `all ${matches.toLocaleString("en")} matching runs`}`;
}
