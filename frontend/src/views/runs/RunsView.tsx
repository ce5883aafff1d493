/** The runs: the tree as a table, with what is selected in it. */
import { useCallback, useMemo, useRef, useState } from "react";
import type { Overview } from "../../api/messages";
import { NAME, nameOf, nextSorting } from "../../model/columns";
import type { RowIndex, RunRow } from "../../model/rows";
import { NO_RUNS, withoutRuns, withRuns } from "../../model/selection";
import { toldBelow } from "../../model/statuses";
import { chosenIn, expandedIn, foldedOver, selectionIn } from "../../state/page";
import { useChange, usePage } from "../../state/store";
import { TreeTable } from "../../table/TreeTable";
import type { Theme } from "../../theme/palette";
import { Trouble } from "../../ui/notices";
import { numericColumns, tableColumns } from "./columns";
import { FilterBar } from "./filter/FilterBar";
import { NoMatch } from "./filter/NoMatch";
import { SelectMenu } from "./filter/SelectMenu";
import { useShownListing } from "./filter/useShownListing";
import { News } from "./News";
import "./runs.css";
import { useGoal, useGoTo } from "./useGoTo";
import type { TableListing } from "./useListing";
import { useParents } from "./useParents";
import { useRows } from "./useRows";
import { useSelecting } from "./useSelecting";

interface RunsViewProps {
  overview: Overview;
  table: TableListing;
  theme: Theme;
}

/** The table of one experiment's runs, or of all. To be made anew for another experiment. */
export function RunsView({ overview, table: { listing: wanted, shown }, theme }: RunsViewProps) {
  const change = useChange();
  const { listing, refusal, onProblem } = useShownListing(wanted);
  const selection = usePage(selectionIn);
  const sort = usePage((page) => page.sort);
  const order = usePage((page) => page.order);
  const pointed = usePage((page) => page.pointed);
  const isWhole = usePage((page) => page.experiment === "");
  const { isHeld, onHold, onRelease } = useHold();
  const { goal, setGoal, onArrive } = useGoal(listing);
  const { rows, expanded, pages, range, onRange } = useRows(listing, isHeld, goal);
  const found = listing.filter === "" ? null : pages.found;
  const selecting = useSelecting(listing, rows, found);
  const { onSort, onToggle, onSelect, onClear, onPoint } = useActions(change);
  const goTo = useGoTo({ listing, rows, expanded, onToggle }, setGoal, selecting.tell);
  const hasExperiment = isWhole && overview.experiments.length > 1;
  const numeric = useNumeric(shown, rows, range.first, range.last);
  const hasBelow = useHasBelow(rows, range);
  const parents = useParents(listing, pages.loaded, range);
  const columns = useMemo(
    () => tableColumns(shown, { numeric, hasExperiment, parents, hasBelow, goTo }),
    [shown, numeric, hasExperiment, parents, hasBelow, goTo],
  );
  if (pages.problem !== null) {
    onProblem();
  }
  return (
    <div className="runs">
      <FilterBar columns={overview.columns} listing={listing} refusal={refusal} found={found}>
        <SelectMenu all={selecting.all} onFirst={selecting.selectFirst} onAll={selecting.onAll} />
      </FilterBar>
      {pages.problem !== null ? (
        <Trouble problem={pages.problem} onRetry={pages.retry} />
      ) : (
        <TreeTable
          key={`${listing.show} ${listing.filter}`}
          rows={rows}
          nameTitle={nameOf(NAME)}
          columns={columns}
          sorting={{ sort, order }}
          selection={selection}
          theme={theme}
          highlighted={pointed}
          goal={goal?.runId ?? null}
          isEarlier={pages.isEarlier || pages.isLoading}
          selectsAll={selecting.all}
          matches={selecting.matches}
          notice={
            <>
              {found !== null && rows.count === 0 && <NoMatch />}
              <News told={selecting.told} waiting={pages.waiting} isBehind={pages.isBehind} onShow={onRelease} />
            </>
          }
          onSort={onSort}
          onToggle={onToggle}
          onSelect={onSelect}
          onSelectPlaces={selecting.selectPlaces}
          onClear={onClear}
          onPoint={onPoint}
          onHold={onHold}
          onRange={onRange}
          onRetry={pages.retry}
          onArrive={onArrive}
        />
      )}
    </div>
  );
}

/** Whether rows stay where they are: while the pointer is in the table, but for a moment when somebody wants the news. */
function useHold() {
  const [isHeld, setIsHeld] = useState(false);
  const isInside = useRef(false);
  const onHold = useCallback((inside: boolean) => {
    isInside.current = inside;
    setIsHeld(inside);
  }, []);
  const onRelease = useCallback(() => {
    setIsHeld(false);
    setTimeout(() => setIsHeld(isInside.current));
  }, []);
  return { isHeld, onHold, onRelease };
}

function useActions(change: ReturnType<typeof useChange>) {
  return useMemo(
    () => ({
      onSort: (column: string) => change((page) => nextSorting(page, column)),
      onToggle: (runId: string, expand: boolean) =>
        change((page) => {
          if (page.filter !== "") {
            return foldedOver(page, runId);
          }
          const expanded = new Set(expandedIn(page));
          if (expand) {
            expanded.add(runId);
          } else {
            expanded.delete(runId);
          }
          return { ...chosenIn(page), expanded };
        }),
      onSelect: (runIds: readonly string[], selected: boolean) =>
        change((page) => ({
          ...chosenIn(page),
          selected: (selected ? withRuns : withoutRuns)(selectionIn(page), runIds),
        })),
      onClear: () => change((page) => ({ ...chosenIn(page), selected: NO_RUNS })),
      onPoint: (pointed: string | null) => change(() => ({ pointed })),
    }),
    [change],
  );
}

/** Which columns are numbers, by the rows on screen; the same set while it says the same. */
function useNumeric(shown: readonly string[], rows: RowIndex, first: number, last: number): ReadonlySet<string> {
  const numeric = useMemo(() => numericColumns(shown, runsBetween(rows, first, last)), [shown, rows, first, last]);
  const key = [...numeric].join("\n");
  // biome-ignore lint/correctness/useExhaustiveDependencies: equal sets are the same set.
  return useMemo(() => numeric, [key]);
}

/** Whether a row has been on screen of which there is something to say of what is below it. It stays so. */
function useHasBelow(rows: RowIndex, { first, last }: { first: number; last: number }): boolean {
  const [hasBelow, setHasBelow] = useState(false);
  if (!hasBelow && runsBetween(rows, first, last).some(({ run }) => toldBelow(run).length > 0)) {
    setHasBelow(true);
  }
  return hasBelow;
}

function runsBetween(rows: RowIndex, first: number, last: number): RunRow[] {
  const places = Array.from({ length: last - first + 1 }, (_, i) => rows.rowAt(first + i));
  return places.filter((row) => row?.kind === "run");
}
