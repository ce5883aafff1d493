/** Which columns the table has: a button that opens the list of them. */
import { Columns3 } from "lucide-react";
import { lazy, Suspense } from "react";
import { kindOf } from "../../model/columns";
import { Dropdown } from "../../ui/Dropdown";
import { ErrorBoundary } from "../../ui/ErrorBoundary";
import type { ColumnPanelProps } from "./choice/ColumnPanel";

const ColumnPanel = lazy(async () => ({ default: (await import("./choice/ColumnPanel")).ColumnPanel }));

/** A button that opens the list of columns, to be searched, shown, hidden, pinned and put into order. */
export function ColumnChoice(props: ColumnPanelProps) {
  const { metric_count, parameter_count } = props.overview;
  const counted = props.shown.filter((column) => ["metric", "parameter"].includes(kindOf(column)));
  return (
    <Dropdown
      kind="dialog"
      button={
        <>
          <Columns3 size={14} aria-hidden />
          Columns
          <span className="count">
            {counted.length} of {(metric_count + parameter_count).toLocaleString("en")}
          </span>
        </>
      }
    >
      {() => (
        <div className="columns" role="dialog" aria-label="Columns">
          <ErrorBoundary name="The choice of columns">
            <Suspense fallback={<p className="quiet">Loading…</p>}>
              <ColumnPanel {...props} />
            </Suspense>
          </ErrorBoundary>
        </div>
      )}
    </Dropdown>
  );
}
