/** What somebody does to the columns of the table: it stands in the address. */
import { useCallback } from "react";
import { movedBy, type ShownColumns } from "../../model/shownColumns";
import { useChange, usePage } from "../../state/store";

/** How many columns are pinned, and what changes the columns. `shown` may be the page's own choice until then. */
export function useColumnChange(shown: readonly string[]) {
  const change = useChange();
  const pinned = usePage((page) => page.pinned);
  const onChange = useCallback(
    ({ columns, pinned }: ShownColumns) => change(() => ({ columns: [...columns], pinned })),
    [change],
  );
  const onMove = useCallback(
    (column: string, by: number) => onChange(movedBy({ columns: shown, pinned }, column, by)),
    [onChange, shown, pinned],
  );
  return { pinned: Math.min(pinned, shown.length), onChange, onMove };
}
