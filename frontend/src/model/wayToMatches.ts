/** Which rows are unfolded under a filter, so that its matches are in sight however deep they are. */
import type { Shown } from "./filters";
import { type LoadedPages, ROOTS } from "./rows";

/** With no more matches all the ways to them are unfolded; with more only the first, since they fill the screen. */
export const FEW_MATCHES = 50;

/** The runs on the way to matches, of the pages that have arrived. The rows on screen bound what is asked for. */
export function wayToMatches(loaded: LoadedPages, shown: Shown, matches: number): ReadonlySet<string> {
  const way = new Set<string>();
  const walk = (parent: string) => {
    for (const run of loaded.get(parent)?.pages.get(0)?.runs ?? []) {
      // Below a match whole subtrees are shown for its sake; with ancestors alone what is below leads to another match.
      if (run.children > 0 && (!run.is_match || shown === "ancestors")) {
        way.add(run.run_id);
        walk(run.run_id);
        if (matches > FEW_MATCHES) {
          return;
        }
      } else if (matches > FEW_MATCHES && run.is_match) {
        return;
      }
    }
  };
  walk(ROOTS);
  return way;
}
