/** What the page shows as long as nobody has chosen. */
import { useEffect, useMemo } from "react";
import { useLiveQuery } from "../../data/liveQuery";
import { type Listing, pageQuestion, type RunPages } from "../../data/useRunPages";
import { firstChoice, type Looking } from "../../model/firstChoice";
import { type LoadedPages, type PageRef, ROOTS } from "../../model/rows";
import { useChange, usePage } from "../../state/store";

const NO_GROUPS: readonly string[] = [];

/** Chooses for the page, once for each filter, when enough has arrived. Returns the page that is needed for it, if one is. */
export function useFirstChoice(listing: Listing, pages: RunPages): PageRef | null {
  const { filter, groupBy } = listing;
  const isGrouped = groupBy.length > 0;
  const change = useChange();
  const chosen = usePage(({ metric }) => metric);
  const before = usePage((page) => page.own?.metric ?? null);
  const hasChosen = usePage((page) => page.own?.filter === filter && page.own.selected.length > 0);
  const matches = useMatches(listing, !hasChosen);
  const looking = useMemo((): Looking | null => {
    if (hasChosen || pages.isEarlier) {
      return null;
    }
    const isTree = filter === "" && !isGrouped;
    return isTree ? firstChoice(pages.loaded, chosen) : matches && choiceOf(matches, chosen, before);
  }, [hasChosen, chosen, before, filter, isGrouped, matches, pages.isEarlier, pages.loaded]);
  useEffect(() => {
    if (looking?.kind === "found") {
      const { runs, metric } = looking;
      // Without runs a metric is chosen all the same; it stays when there are some.
      change(({ own }) => ({
        own: { ...runs, metric: (own?.filter === filter ? own.metric : null) ?? metric, filter },
      }));
    }
  }, [looking, filter, change]);
  return looking?.kind === "needs" ? looking.page : null;
}

/** What has lines to show, among groups that nobody has unfolded yet. */
const LEAVES = "count(children) = 0";

/** The first matches of the filter, wherever they are in the trees; of groups without a filter the first leaves. */
function useMatches(listing: Listing, isNeeded: boolean): LoadedPages | null {
  const { filter, groupBy } = listing;
  const flat: Listing = { ...listing, filter: filter || LEAVES, show: "flat", groupBy: NO_GROUPS };
  const { content } = useLiveQuery({
    ...pageQuestion(flat, { parent: ROOTS, page: 0 }),
    isWanted: isNeeded && (filter !== "" || groupBy.length > 0),
  });
  return useMemo(() => {
    if (content === undefined) {
      return null;
    }
    // What stands below a match is not looked into.
    const page = { ...content, runs: content.runs.map((run) => ({ ...run, children: 0 })) };
    return new Map([[ROOTS, { total: content.total, pages: new Map([[0, page]]), problems: new Map() }]]);
  }, [content]);
}

/** The first matches that have the metric which is shown or, where none has it, one that they have. */
function choiceOf(matches: LoadedPages, chosen: string | null, before: string | null): Looking {
  const kept = firstChoice(matches, chosen ?? before);
  return kept.kind === "found" && kept.runs.selected.length === 0 && chosen === null
    ? firstChoice(matches, null)
    : kept;
}
