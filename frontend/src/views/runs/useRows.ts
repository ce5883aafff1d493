/** The rows of the table, of the pages that are on screen and those seen before. */
import { useCallback, useMemo, useState } from "react";
import { type Listing, type RunPages, useRunPages } from "../../data/useRunPages";
import { keyOf, type PageRef, ROOTS, RowIndex } from "../../model/rows";
import { wayToMatches } from "../../model/wayToMatches";
import { expandedIn, foldingIn, isFoldedByFilter } from "../../state/page";
import { usePage } from "../../state/store";
import { useFirstChoice } from "./useFirstChoice";
import type { Goal } from "./useGoTo";

const FIRST_PAGES: readonly PageRef[] = [{ parent: ROOTS, page: 0 }];
const NOTHING: ReadonlySet<string> = new Set();

interface Rows {
  rows: RowIndex;
  expanded: ReadonlySet<string>;
  pages: RunPages;
  /** The rows on screen. */
  range: { first: number; last: number };
  onRange: (first: number, last: number) => void;
}

/**
 * Asks for the pages of what is on screen and, as long as nobody has chosen, for those in which the page looks for the
 * runs to begin with; with a goal also for those on the way to it.
 */
export function useRows(listing: Listing, isHeld: boolean, goal: Goal | null): Rows {
  const [way, setWay] = useState(NOTHING);
  const expanded = useExpanded(listing, way);
  const [wanted, setWanted] = useState(FIRST_PAGES);
  const [range, setRange] = useState({ first: 0, last: 0 });
  const pages = useRunPages(listing, wanted, expanded, isHeld);
  const nextWay = useWay(listing, pages, way);
  if (nextWay !== way) {
    setWay(nextWay);
  }
  const rows = useMemo(() => RowIndex.of(pages.loaded, expanded), [pages.loaded, expanded]);
  const sought = useFirstChoice(listing, pages);
  const onScreen = rows.count === 0 ? FIRST_PAGES : rows.pagesOf(range.first, range.last);
  const next = new Map(
    [...onScreen, ...(sought === null ? [] : [sought]), ...(goal?.pages ?? [])].map((ref) => [keyOf(ref), ref]),
  );
  if ([...next.keys()].join() !== wanted.map(keyOf).join()) {
    setWanted([...next.values()]);
  }
  const onRange = useCallback(
    (first: number, last: number) =>
      setRange((before) => (before.first === first && before.last === last ? before : { first, last })),
    [],
  );
  return { rows, expanded, pages, range, onRange };
}

/** The runs whose children are shown: under a filter those on the way to matches, but for what somebody has changed. */
function useExpanded(listing: Listing, way: ReadonlySet<string>): ReadonlySet<string> {
  const expanded = usePage(expandedIn);
  const { isOpen, changed } = usePage(foldingIn);
  const underFilter = useMemo(() => {
    const open = isOpen ? way : NOTHING;
    return new Set([...open, ...changed].filter((runId) => open.has(runId) !== changed.has(runId)));
  }, [isOpen, way, changed]);
  return isFoldedByFilter(listing) ? underFilter : expanded;
}

/** The way to the matches; the same object while it says the same. */
function useWay({ filter, show }: Listing, { loaded, found, isEarlier }: RunPages, before: ReadonlySet<string>) {
  return useMemo(() => {
    if (filter === "" || isEarlier || found === null) {
      return before;
    }
    const way = wayToMatches(loaded, show, found.matches);
    return way.size === before.size && [...way].every((runId) => before.has(runId)) ? before : way;
  }, [filter, show, loaded, found, isEarlier, before]);
}
