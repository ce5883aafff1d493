/** Selecting many rows at once, whether their runs have arrived or not. */
import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useRef } from "react";
import { runIdsBetween } from "../../data/runIdsBetween";
import type { Listing } from "../../data/useRunPages";
import type { RowIndex } from "../../model/rows";
import { withRuns } from "../../model/selection";
import { chosenIn, selectionIn } from "../../state/page";
import { useChange } from "../../state/store";
import { firstOf } from "./useSelectFound";

/** Lines beyond these tell nothing apart, and a link would not hold them. */
export const MOST_SELECTED = 1000;

/** What selects the runs of rows from one place to another. */
export function useSelectPlaces(listing: Listing, rows: RowIndex, tell: (sentence: string | null) => void) {
  const client = useQueryClient();
  const change = useChange();
  const latest = useRef({ listing, rows });
  useEffect(() => {
    latest.current = { listing, rows };
  });
  return useCallback(
    async (first: number, last: number) => {
      const end = Math.min(last, first + MOST_SELECTED - 1);
      try {
        const runIds = await runIdsBetween(client, latest.current.listing, latest.current.rows, first, end);
        change((page) => ({ ...chosenIn(page), selected: withRuns(selectionIn(page), runIds) }));
        tell(end < last ? firstOf(end - first + 1, last - first + 1) : null);
      } catch (error) {
        tell(error instanceof Error ? error.message : String(error));
      }
    },
    [client, change, tell],
  );
}
