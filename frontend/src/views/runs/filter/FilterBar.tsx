/** The line over the table: the filter, what it leaves of the tree, how many runs meet it, and selecting them. */
import { useId } from "react";
import type { Column } from "../../../api/messages";
import type { Found } from "../../../data/pageBook";
import type { Listing } from "../../../data/useRunPages";
import { type FilterProblem, SHOWN } from "../../../model/filters";
import { useChange, usePage } from "../../../state/store";
import { SelectBox } from "../../../ui/SelectBox";
import { FilterBox } from "./FilterBox";
import { FilterHelp } from "./FilterHelp";
import { Problem } from "./Problem";
import "./filter.css";
import { useFilterText } from "./useFilterText";

interface FilterBarProps {
  columns: readonly Column[];
  /** What the table shows. */
  listing: Listing;
  refusal: FilterProblem | null;
  found: Found | null;
  /** What selects runs. */
  children: React.ReactNode;
}

/** Nothing in it moves when something else changes. */
export function FilterBar({ columns, listing, refusal, found, children }: FilterBarProps) {
  const change = useChange();
  const show = usePage((page) => page.show);
  const filter = useFilterText(listing, refusal);
  const { problem, isLoud, text } = filter;
  const problemId = useId();
  return (
    <div className="filter-bar" role="search" aria-label="Filter the runs">
      <FilterBox
        filter={filter}
        problemId={problemId}
        help={<FilterHelp columns={columns} onTake={filter.onEnter} />}
      />
      <SelectBox
        label="Show matches"
        options={SHOWN}
        value={show}
        isOff={listing.groupBy.length > 0}
        onChange={(id) => change(() => ({ show: SHOWN.find((one) => one.id === id)?.id ?? show }))}
      />
      {children}
      <span className="filter-count" role="status">
        {filter.isApplied ? (listing.filter !== "" && found !== null ? countInWords(found) : "") : "Not applied yet"}
      </span>
      {problem !== null && isLoud && <Problem id={problemId} problem={problem} text={text} />}
    </div>
  );
}

function countInWords({ matches, inScope }: Found): string {
  return `${matches.toLocaleString("en")} of ${inScope.toLocaleString("en")} ${inScope === 1 ? "run" : "runs"}`;
}
