/** What the runs are called from which those on screen inherit parameters. */
import { useMemo, useRef } from "react";
import { useRunNames } from "../../data/useRunNames";
import { isInherited } from "../../model/cells";
import type { RowIndex } from "../../model/rows";

/** The whole names by id, as far as they are known: those that were on screen before stay known. */
export function useSources(
  rows: RowIndex,
  { first, last }: { first: number; last: number },
): ReadonlyMap<string, string> {
  const seen = useRef<readonly string[]>([]);
  seen.current = useMemo(() => withSources(seen.current, rows, first, last), [rows, first, last]);
  return useRunNames(seen.current);
}

/** The ids with those of the rows behind them, so that what was asked before need not be asked again. */
function withSources(known: readonly string[], rows: RowIndex, first: number, last: number): readonly string[] {
  const found = new Set(known);
  for (let place = first; place <= last; place++) {
    const row = rows.rowAt(place);
    for (const cell of row?.kind === "run" ? row.run.cells : []) {
      if (isInherited(cell)) {
        found.add(cell.source);
      }
    }
  }
  return found.size === known.length ? known : [...found].slice(-MOST);
}

/** More are forgotten, those that were seen longest ago first. */
const MOST = 450;
