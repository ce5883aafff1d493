/** What the rows of the table can ask for. */
import { useEffect, useMemo, useRef } from "react";
import { canExpand, keyIn, type RunRow } from "../model/rows";
import type { RowCommands, TreeTableProps } from "./props";

/** What rows and keys can ask for; `onExtend` selects all runs from one row to another. */
export type TreeCommands = RowCommands & { onExtend: (from: number, to: number) => void };

/** What rows can ask for, always the same object, so that rows that did not change are left alone. */
export function useRowCommands(
  props: TreeTableProps,
  move: (to: { row: number; column: number }, focus: boolean) => void,
): TreeCommands {
  const latest = useRef({ props, move });
  useEffect(() => {
    latest.current = { props, move };
  });
  const anchor = useRef<string | null>(null);
  return useMemo(() => {
    const runAt = (place: number): RunRow | undefined => {
      const row = latest.current.props.rows.rowAt(place);
      return row?.kind === "run" ? row : undefined;
    };
    const selectBetween = (from: number, to: number) =>
      latest.current.props.onSelectPlaces(Math.min(from, to), Math.max(from, to));
    return {
      onToggle: (place) => {
        const row = latest.current.props.rows.rowAt(place);
        if (canExpand(row)) {
          latest.current.props.onToggle(keyIn(row) as string, !row.expanded);
        }
      },
      onSelect: (place, range) => {
        const { rows, selection, onSelect, groups } = latest.current.props;
        const group = rows.rowAt(place);
        if (group?.kind === "group") {
          groups?.onSelect(group.group, groups.shareOf(group.group) !== "all");
          return;
        }
        const row = runAt(place);
        if (row === undefined) {
          return;
        }
        const from = range && anchor.current !== null ? rows.placeOf(anchor.current) : -1;
        anchor.current = row.run.run_id;
        if (from >= 0) {
          selectBetween(from, place);
        } else {
          onSelect([row.run.run_id], !selection.has(row.run.run_id));
        }
      },
      onExtend: (from, to) => {
        anchor.current = runAt(to)?.run.run_id ?? null;
        selectBetween(from, to);
      },
      onPoint: (runId) => latest.current.props.onPoint(runId),
      onMenu: (place, at) => {
        const row = latest.current.props.rows.rowAt(place);
        if (row !== undefined && row.kind !== "pending") {
          latest.current.props.onMenu?.(row, at);
        }
      },
      onFocus: (place, column) => latest.current.move({ row: place, column }, true),
      onRetry: () => latest.current.props.onRetry(),
    };
  }, []);
}
