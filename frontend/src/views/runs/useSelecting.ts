/** All that selects runs in the table: by rows, or under a filter by matches. */
import { useCallback } from "react";
import type { Found } from "../../data/pageBook";
import type { Listing } from "../../data/useRunPages";
import type { RowIndex } from "../../model/rows";
import type { Matches } from "../../table/props";
import { useLinkedSelection } from "./useLinkedSelection";
import { MOST_FOUND, matchesInWords, useSelectFound } from "./useSelectFound";
import { MOST_SELECTED, useSelectPlaces } from "./useSelectPlaces";
import { useTold } from "./useTold";

/** What selects what, and what there is to say about it. */
export function useSelecting(listing: Listing, rows: RowIndex, found: Found | null) {
  const [told, tell] = useTold();
  const selectPlaces = useSelectPlaces(listing, rows, tell);
  const select = useSelectFound(listing, tell);
  useLinkedSelection(tell);
  const selectAll = useCallback(() => void select({}, "add"), [select]);
  const shared = { told, tell, selectPlaces, select };
  if (found === null) {
    return { ...shared, all: allInWords(rows.count), matches: null, onAll: () => selectPlaces(0, rows.count - 1) };
  }
  const matches: Matches = { selectable: Math.min(found.matches, MOST_FOUND), onSelectAll: selectAll };
  return { ...shared, all: matchesInWords(found.matches), matches, onAll: selectAll };
}

function allInWords(count: number): string {
  const most = MOST_SELECTED.toLocaleString("en");
  return count > MOST_SELECTED ? `Select the first ${most} runs` : `Select all ${count.toLocaleString("en")} runs`;
}
