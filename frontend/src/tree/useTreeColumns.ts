/** The columns of the tree, of which only those on screen are in the document. */
import { useTable } from "@tanstack/react-table";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type RefObject, useEffect, useMemo } from "react";
import { features, isNumeric, NAME, NAME_WIDTH, treeColumns } from "./columns";
import type { RunRow } from "./rows";
import type { PlacedColumn } from "./TreeHeader";
import { withIndex } from "./withIndex";

const PINNED = { columnPinning: { start: [NAME], end: [] } };

/** The columns of the table and those that are on screen, always with the one that has the keyboard. */
export function useTreeColumns(
  shown: readonly string[],
  data: readonly RunRow[],
  scroll: RefObject<HTMLElement | null>,
  focused: number,
) {
  const columns = useMemo(() => treeColumns(shown), [shown]);
  const table = useTable({ features, columns, data, initialState: PINNED });
  const center = table.getCenterLeafColumns();
  const horizontal = useVirtualizer({
    horizontal: true,
    count: center.length,
    getScrollElement: () => scroll.current,
    estimateSize: (index) => center[index]?.getSize() ?? 0,
    overscan: 2,
    scrollPaddingStart: NAME_WIDTH,
    rangeExtractor: (range) => withIndex(range, focused - 1),
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: other columns have other widths.
  useEffect(() => horizontal.measure(), [horizontal, columns]);
  const items = horizontal.getVirtualItems();
  const placed = useMemo(() => {
    return items.flatMap(({ index, start }): PlacedColumn[] => {
      const column = center[index];
      return column === undefined ? [] : [{ column, number: index + 1, start, numeric: isNumeric(column.id, data) }];
    });
  }, [items, center, data]);
  return { table, placed, horizontal };
}
