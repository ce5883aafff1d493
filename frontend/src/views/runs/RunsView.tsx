/** The runs: the tree as a table, with what is selected in it. */
import { useCallback, useMemo, useRef, useState } from "react";
import type { Overview } from "../../api/messages";
import { useColoring } from "../../data/useColoring";
import { cellOf } from "../../model/cells";
import { NAME, nameOf, nextSorting } from "../../model/columns";
import type { Row, RowIndex, RunRow } from "../../model/rows";
import { NO_RUNS, withoutRuns, withRuns } from "../../model/selection";
import { toldBelow } from "../../model/statuses";
import { chosenIn, expandedIn, foldedOver, isFoldedByFilter, selectionIn } from "../../state/page";
import { useChange, usePage } from "../../state/store";
import type { GroupSelection } from "../../table/props";
import { TreeTable } from "../../table/TreeTable";
import type { Theme } from "../../theme/palette";
import { Trouble } from "../../ui/notices";
import { ColumnMenu } from "./choice/LateColumnMenu";
import { tableColumns } from "./columns";
import { withCurves } from "./curves/withCurves";
import { FilterBar } from "./filter/FilterBar";
import { NoMatch } from "./filter/NoMatch";
import { SelectMenu } from "./filter/SelectMenu";
import { useShownListing } from "./filter/useShownListing";
import { GroupMenu } from "./groups/GroupMenu";
import { withGroupCells } from "./groups/groupCells";
import { useGroupSelection } from "./groups/useGroupSelection";
import { News } from "./News";
import { type MenuOf, RowMenu } from "./RowMenu";
import "./runs.css";
import { useAlignments } from "./useAlignments";
import { useColumnChange } from "./useColumnChange";
import { useColumnWidths } from "./useColumnWidths";
import { useGoal, useGoTo } from "./useGoTo";
import type { TableListing } from "./useListing";
import { useParents } from "./useParents";
import { useRows } from "./useRows";
import { useSelecting } from "./useSelecting";
import { useSources } from "./useSources";

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
  const hasCurves = usePage((page) => page.curves);
  const { isHeld, onHold, onRelease } = useHold();
  const { menu, onMenu, onMenuEnd } = useMenu();
  const { goal, setGoal, onArrive } = useGoal(listing);
  const { rows, expanded, pages, range, onRange } = useRows(listing, isHeld, goal);
  const isGrouped = listing.groupBy.length > 0;
  const found = listing.filter === "" && !isGrouped ? null : pages.found;
  const selecting = useSelecting(listing, rows, found);
  const { onSort, onToggle, onSelect, onClear, onPoint } = useActions(change);
  const groupSelection = useGroupSelection(listing, pages.loaded, selecting.select);
  const goTo = useGoTo({ listing, rows, expanded, onToggle }, setGoal, selecting.tell);
  const alignments = useAlignments(shown, rows, range);
  const { pinned, onChange, onMove } = useColumnChange(shown);
  const { widths, onResize } = useColumnWidths();
  const names = useSources(rows, range);
  const hasBelow = useHasBelow(rows, range);
  const parents = useParents(listing, pages.loaded, rows, range);
  const columns = useMemo(
    () =>
      withCurves(
        withGroupCells(
          tableColumns(shown, { pinned, widths, alignments, parents, names, hasBelow, goTo }),
          isGrouped,
          alignments,
        ),
        hasCurves,
        widths,
      ),
    [shown, pinned, widths, alignments, parents, names, hasBelow, goTo, isGrouped, hasCurves],
  );
  const { colorOfRun, groups } = useRowColors(theme, groupSelection);
  if (pages.problem !== null) {
    onProblem();
  }
  return (
    <div className="runs">
      <FilterBar columns={overview.columns} listing={listing} refusal={refusal} found={found}>
        <GroupMenu overview={overview} />
        <SelectMenu all={selecting.all} select={selecting.select} onAll={selecting.onAll} />
      </FilterBar>
      {pages.problem !== null ? (
        <Trouble problem={pages.problem} onRetry={pages.retry} />
      ) : (
        <TreeTable
          key={`${listing.show} ${listing.groupBy} ${listing.filter}`}
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
          groups={groups}
          colorOfRun={colorOfRun}
          notice={
            <>
              {found !== null && rows.count === 0 && <NoMatch />}
              <News told={selecting.told} waiting={pages.waiting} isBehind={pages.isBehind} onShow={onRelease} />
            </>
          }
          onSort={onSort}
          onResize={onResize}
          onMove={onMove}
          namesWidth={widths.get(NAME) ?? null}
          menuOf={(column, close) => (
            <ColumnMenu column={column} shown={{ columns: shown, pinned }} onChange={onChange} close={close} />
          )}
          onToggle={onToggle}
          onSelect={onSelect}
          onSelectPlaces={selecting.selectPlaces}
          onClear={onClear}
          onPoint={onPoint}
          onHold={onHold}
          onRange={onRange}
          onRetry={pages.retry}
          onMenu={onMenu}
          onArrive={onArrive}
        />
      )}
      {menu !== null && <RowMenu menu={menu} filter={listing.filter} select={selecting.select} onClose={onMenuEnd} />}
    </div>
  );
}

/** Colours by what rows say: each brings the column that colours follow, unless runs have their own. */
function useRowColors(theme: Theme, groupSelection: Omit<GroupSelection, "colorOf">) {
  const { column, ofValue } = useColoring(theme);
  const colorOfRun = useCallback(
    ({ run, columns }: RunRow) => (column === null ? null : ofValue(cellOf(run, columns, column))),
    [column, ofValue],
  );
  const groups = useMemo(
    (): GroupSelection => ({
      ...groupSelection,
      colorOf: ({ by, value }) => (by === column ? ofValue(value) : null),
    }),
    [groupSelection, column, ofValue],
  );
  return { colorOfRun, groups };
}

function useMenu() {
  const [menu, setMenu] = useState<MenuOf | null>(null);
  const onMenu = useCallback((row: MenuOf["row"], at: MenuOf["at"]) => setMenu({ row, at }), []);
  const onMenuEnd = useCallback(() => setMenu(null), []);
  return { menu, onMenu, onMenuEnd };
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
      onToggle: (key: string, expand: boolean) =>
        change((page) => {
          if (isFoldedByFilter(page)) {
            return foldedOver(page, key);
          }
          const expanded = new Set(expandedIn(page));
          if (expand) {
            expanded.add(key);
          } else {
            expanded.delete(key);
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

/** Whether a row has been on screen of which there is something to say of what is below it. It stays so. */
function useHasBelow(rows: RowIndex, { first, last }: { first: number; last: number }): boolean {
  const [hasBelow, setHasBelow] = useState(false);
  if (!hasBelow && rowsBetween(rows, first, last).some((row) => toldBelow({ descendants: belowOf(row) }).length > 0)) {
    setHasBelow(true);
  }
  return hasBelow;
}

function belowOf(row: Row | undefined) {
  return row?.kind === "run" ? row.run.descendants : row?.kind === "group" ? row.group.statuses : [];
}

function rowsBetween(rows: RowIndex, first: number, last: number): (Row | undefined)[] {
  return Array.from({ length: last - first + 1 }, (_, i) => rows.rowAt(first + i));
}
