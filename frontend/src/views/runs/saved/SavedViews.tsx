/** Views of the runs under names, to be gone back to and given to others. */
import { Bookmark } from "lucide-react";
import { lazy, Suspense } from "react";
import { Dropdown } from "../../../ui/Dropdown";
import { ErrorBoundary } from "../../../ui/ErrorBoundary";

const ViewsPanel = lazy(() => import("./ViewsPanel").then((module) => ({ default: module.ViewsPanel })));

/** A button that opens the list of views. */
export function SavedViews() {
  return (
    <Dropdown
      kind="dialog"
      button={
        <>
          <Bookmark size={14} aria-hidden />
          Views
        </>
      }
    >
      {(close) => (
        <div className="views" role="dialog" aria-label="Views">
          <ErrorBoundary name="The list of views">
            <Suspense fallback={<p className="quiet views-note">Loading…</p>}>
              <ViewsPanel close={close} />
            </Suspense>
          </ErrorBoundary>
        </div>
      )}
    </Dropdown>
  );
}
