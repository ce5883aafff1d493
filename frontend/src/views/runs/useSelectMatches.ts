/** Selecting runs by what the server finds, wherever they are in the trees. */
import { useCallback, useEffect, useRef } from "react";
import { getMatching } from "../../api/client";
import type { Listing } from "../../data/useRunPages";
import { selectionOf, withRuns } from "../../model/selection";
import { MOST_IDS } from "../../state/codecs";
import { chosenIn, selectionIn } from "../../state/page";
import { useChange } from "../../state/store";

/** The most matches that are selected at once: a link holds no more. */
export const MOST_MATCHES = MOST_IDS;

/**
 * What selects the first of the runs that meet the filter, in the table's order; by a metric in that of their own values,
 * since only those have a line.
 */
export function useSelectMatches(listing: Listing, tell: (sentence: string | null) => void) {
  const change = useChange();
  const latest = useRef(listing);
  useEffect(() => {
    latest.current = listing;
  });
  const select = useCallback(
    async (most: number, isOnly: boolean) => {
      try {
        const { total, run_ids } = await getMatching(latest.current, most);
        change((page) => ({
          ...chosenIn(page),
          selected: isOnly ? selectionOf(run_ids) : withRuns(selectionIn(page), run_ids),
        }));
        tell(!isOnly && run_ids.length < total ? firstOf(run_ids.length, total) : null);
      } catch (error) {
        tell(error instanceof Error ? error.message : String(error));
      }
    },
    [change, tell],
  );
  const selectAll = useCallback(() => select(MOST_MATCHES, false), [select]);
  const selectFirst = useCallback((count: number) => select(count, true), [select]);
  return { selectAll, selectFirst };
}

/** What is said where not all are selected. */
export function firstOf(selected: number, wanted: number): string {
  return `The first ${selected.toLocaleString("en")} of ${wanted.toLocaleString("en")} runs are selected.`;
}

/** What selects all matches says. */
export function matchesInWords(matches: number): string {
  return matches > MOST_MATCHES
    ? `Select the first ${MOST_MATCHES.toLocaleString("en")} of ${matches.toLocaleString("en")} matching runs`
    : `Select ${matches === 1 ? "the matching run" : `all ${matches.toLocaleString("en")} matching runs`}`;
}
