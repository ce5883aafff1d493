/** Of the columns only those on screen are in the document. */
import { type Range, useVirtualizer } from "@tanstack/react-virtual";
import { type RefObject, useCallback, useEffect, useMemo } from "react";
import type { PlacedColumn, TableColumn } from "./columns";
import { withIndex } from "./withIndex";

/** Columns that are on screen, and how to get others there. */
export interface ColumnWindow {
  placed: readonly PlacedColumn[];
  /** The widths of all columns together, and of those that are pinned. */
  width: number;
  pinnedWidth: number;
  /** Brings the column of this number into view; 0 are the names, which are always there. */
  reach: (number: number) => void;
}

/** Those of the columns that are pinned or on screen, always with the one that has the keyboard. */
export function useColumnWindow(
  columns: readonly TableColumn[],
  nameWidth: number,
  scroll: RefObject<HTMLElement | null>,
  focused: number,
): ColumnWindow {
  const { pinned, others, pinnedWidth } = useMemo(() => partsOf(columns), [columns]);
  const before = pinned.length;
  const horizontal = useVirtualizer({
    horizontal: true,
    count: others.length,
    getScrollElement: () => scroll.current,
    estimateSize: (index) => others[index]?.width ?? 0,
    overscan: 2,
    scrollPaddingStart: nameWidth + pinnedWidth,
    // The same function while it does the same, or every row would be drawn again at each step of the pointer.
    rangeExtractor: useCallback((range: Range) => withIndex(range, focused - 1 - before), [focused, before]),
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: other columns have other widths.
  useEffect(() => horizontal.measure(), [horizontal, others]);
  const items = horizontal.getVirtualItems();
  const placed = useMemo(
    () => [
      ...pinned,
      ...items.flatMap(({ index, start }): PlacedColumn[] => {
        const column = others[index];
        return column === undefined ? [] : [{ column, number: before + index + 1, start: pinnedWidth + start }];
      }),
    ],
    [items, others, pinned, before, pinnedWidth],
  );
  const reach = (number: number) => {
    if (number > before || number === 0) {
      horizontal.scrollToIndex(Math.max(0, number - 1 - before));
    }
  };
  return { placed, width: pinnedWidth + horizontal.getTotalSize(), pinnedWidth, reach };
}

function partsOf(columns: readonly TableColumn[]) {
  const pinned: PlacedColumn[] = [];
  let pinnedWidth = 0;
  for (const [index, column] of columns.entries()) {
    if (column.isPinned) {
      pinned.push({ column, number: index + 1, start: pinnedWidth });
      pinnedWidth += column.width;
    }
  }
  return { pinned, others: columns.slice(pinned.length), pinnedWidth };
}
