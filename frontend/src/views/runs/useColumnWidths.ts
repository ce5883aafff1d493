/** How wide somebody made columns: it stays in their browser, since it goes by the screen and not by what is looked at. */
import { useCallback, useState } from "react";
import { readKept, writeKept } from "../../state/preferences";

export type ColumnWidths = ReadonlyMap<string, number>;

const KEPT = "column widths";
/** More are forgotten, those that were set longest ago first. */
const MOST = 300;

/** The widths by column, and what sets one; null for the column's own. */
export function useColumnWidths() {
  const [widths, setWidths] = useState<ColumnWidths>(keptWidths);
  const onResize = useCallback(
    (column: string, width: number | null) => {
      const next = new Map(widths);
      next.delete(column);
      if (width !== null) {
        next.set(column, width);
      }
      setWidths(next);
      writeKept(KEPT, [...next].slice(-MOST));
    },
    [widths],
  );
  return { widths, onResize };
}

function keptWidths(): ColumnWidths {
  const kept = readKept(KEPT);
  const isWidth = (one: unknown): one is [string, number] =>
    Array.isArray(one) && typeof one[0] === "string" && Number.isFinite(one[1]);
  return new Map(Array.isArray(kept) ? kept.filter(isWidth) : []);
}
