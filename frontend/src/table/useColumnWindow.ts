/** Of the columns only those on screen are in the document. */
import { type Range, useVirtualizer } from "@tanstack/react-virtual";
import { type RefObject, useCallback, useEffect, useMemo } from "react";
import type { PlacedColumn, TableColumn } from "./columns";
import { withIndex } from "./withIndex";

/** Those of the columns that are on screen, always with the one that has the keyboard. */
export function useColumnWindow(
  columns: readonly TableColumn[],
  nameWidth: number,
  scroll: RefObject<HTMLElement | null>,
  focused: number,
) {
  const horizontal = useVirtualizer({
    horizontal: true,
    count: columns.length,
    getScrollElement: () => scroll.current,
    estimateSize: (index) => columns[index]?.width ?? 0,
    overscan: 2,
    scrollPaddingStart: nameWidth,
    // The same function while it does the same, or every row would be drawn again at each step of the pointer.
    rangeExtractor: useCallback((range: Range) => withIndex(range, focused - 1), [focused]),
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: other columns have other widths.
  useEffect(() => horizontal.measure(), [horizontal, columns]);
  const items = horizontal.getVirtualItems();
  const placed = useMemo(
    () =>
      items.flatMap(({ index, start }): PlacedColumn[] => {
        const column = columns[index];
        return column === undefined ? [] : [{ column, number: index + 1, start }];
      }),
    [items, columns],
  );
  return { placed, horizontal };
}
