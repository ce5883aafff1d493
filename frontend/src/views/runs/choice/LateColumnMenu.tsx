/** The menu of a column is fetched when the first is opened. */
import { lazy, Suspense } from "react";
import { ErrorBoundary } from "../../../ui/ErrorBoundary";
import type { ColumnMenuProps } from "./ColumnMenu";

const Menu = lazy(async () => ({ default: (await import("./ColumnMenu")).ColumnMenu }));

export function ColumnMenu(props: ColumnMenuProps) {
  return (
    <ErrorBoundary name="The menu of the column">
      <Suspense fallback={<p className="popover-note quiet">Loading…</p>}>
        <Menu {...props} />
      </Suspense>
    </ErrorBoundary>
  );
}
