/** What the rows of the tree can ask for. */
import { useEffect, useMemo, useRef } from "react";
import type { RowCommands } from "./TreeRow";
import type { TreeTableProps } from "./TreeTable";

/** What rows and keys can ask for; `onExtend` selects all runs from one row to another. */
export type TreeCommands = RowCommands & { onExtend: (from: number, to: number) => void };

/** What rows can ask for, always the same object, so that rows that did not change are left alone. */
export function useRowCommands(
  props: TreeTableProps,
  move: (to: { row: number; column: number }, focus: boolean) => void,
) {
  const latest = useRef({ props, move });
  useEffect(() => {
    latest.current = { props, move };
  });
  const anchor = useRef<string | null>(null);
  return useMemo(() => {
    const runAt = (index: number) => {
      const row = latest.current.props.rows[index];
      return row?.kind === "run" ? row : undefined;
    };
    const between = (from: number, to: number) => {
      const rows = latest.current.props.rows.slice(Math.min(from, to), Math.max(from, to) + 1);
      return rows.flatMap((row) => (row.kind === "run" ? [row.run.run_id] : []));
    };
    const commands: TreeCommands = {
      onToggle: (index) => {
        const row = runAt(index);
        if (row !== undefined && row.run.children > 0) {
          latest.current.props.onToggle(row.run.run_id, !row.expanded);
        }
      },
      onSelect: (index, range) => {
        const { rows, selection, onSelect } = latest.current.props;
        const row = runAt(index);
        if (row === undefined) {
          return;
        }
        const from = range ? rows.findIndex((one) => one.kind === "run" && one.run.run_id === anchor.current) : -1;
        anchor.current = row.run.run_id;
        if (from >= 0) {
          onSelect(between(from, index), true);
        } else {
          onSelect([row.run.run_id], !selection.has(row.run.run_id));
        }
      },
      onExtend: (from, to) => {
        anchor.current = runAt(to)?.run.run_id ?? null;
        latest.current.props.onSelect(between(from, to), true);
      },
      onPoint: (runId) => latest.current.props.onPoint(runId),
      onFocus: (index, column) => latest.current.move({ row: index, column }, true),
      onRetry: () => latest.current.props.onRetry(),
    };
    return commands;
  }, []);
}
