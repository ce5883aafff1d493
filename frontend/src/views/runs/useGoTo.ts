/** Going to a run that may be folded away, or on a page that has not arrived. */
import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useRef, useState } from "react";
import { askOnce } from "../../data/liveQuery";
import { namesQuestion } from "../../data/useRunNames";
import { indexAmong, type Listing } from "../../data/useRunPages";
import { PAGE_SIZE, type PageRef, ROOTS, type TreeRows } from "../../model/rows";

/** Where the table is to go, and the pages that are needed for it. */
export interface Goal {
  listing: Listing;
  runId: string;
  pages: readonly PageRef[];
}

interface Shown {
  listing: Listing;
  rows: TreeRows;
  expanded: ReadonlySet<string>;
  onToggle: (runId: string, expand: boolean) => void;
}

/** What goes to a run: unfolds what is above it and sets the goal, or tells why it cannot. */
export function useGoTo(
  shown: Shown,
  setGoal: (goal: Goal | null) => void,
  tell: (sentence: string | null) => void,
): (runId: string) => void {
  const client = useQueryClient();
  const latest = useRef(shown);
  useEffect(() => {
    latest.current = shown;
  });
  return useCallback(
    async (runId: string) => {
      try {
        const { content } = await askOnce(client, namesQuestion([runId]));
        const { listing, rows, expanded, onToggle } = latest.current;
        const way = wayTo(runId, content[0]?.ancestors ?? [], rows);
        const pages = await pagesOn(listing, way);
        if (pages === null) {
          tell(listing.filter === "" ? "That run is not here any more." : "The filter leaves that run out.");
          return;
        }
        for (const above of way.slice(0, -1)) {
          if (above !== ROOTS && !expanded.has(above)) {
            onToggle(above, true);
          }
        }
        setGoal({ listing, runId, pages });
      } catch (error) {
        tell(error instanceof Error ? error.message : String(error));
      }
    },
    [client, setGoal, tell],
  );
}

/** The goal of a listing; that of another one is none any more. */
export function useGoal(listing: Listing) {
  const [goal, setGoal] = useState<Goal | null>(null);
  const onArrive = useCallback(() => setGoal(null), []);
  return { goal: goal?.listing === listing ? goal : null, setGoal, onArrive };
}

/** The runs from the lowest that is among the rows down to the one that is wanted. */
function wayTo(runId: string, ancestors: readonly string[], rows: TreeRows): string[] {
  const all = [...ancestors, runId];
  const there = all.findLastIndex((above) => rows.placeOf(above) >= 0);
  return there < 0 ? [ROOTS, ...all] : all.slice(there);
}

/** The page of each run on the way but the first, among the children of the one before; null where one is not there. */
async function pagesOn(listing: Listing, way: readonly string[]): Promise<PageRef[] | null> {
  const pages: PageRef[] = [];
  for (const [i, parent] of way.slice(0, -1).entries()) {
    const index = await indexAmong(listing, parent, way[i + 1] as string);
    if (index < 0) {
      return null;
    }
    pages.push({ parent, page: Math.floor(index / PAGE_SIZE) });
  }
  return pages;
}
