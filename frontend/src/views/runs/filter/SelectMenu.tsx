/** Selecting runs by the server: the first in the table's order, the best of a metric, or all that meet the filter. */
import { ChevronDown } from "lucide-react";
import { metricColumn, nameOf, ownColumn, sortingInWords } from "../../../model/columns";
import { allOf } from "../../../model/groups";
import { metricIn } from "../../../state/page";
import { usePage } from "../../../state/store";
import { Dropdown } from "../../../ui/Dropdown";
import type { SelectFound } from "../useSelectFound";

/** So many of the first or the best can be selected at once. */
const FIRST = [5, 10, 20] as const;

interface SelectMenuProps {
  /** What selects all says. */
  all: string;
  select: SelectFound;
  onAll: () => void;
}

/** The first of the order, and the best, take the place of what was selected; all are added to it. */
export function SelectMenu(props: SelectMenuProps) {
  return (
    <Dropdown
      label="Select runs"
      kind="dialog"
      button={
        <>
          Select
          <ChevronDown size={14} aria-hidden />
        </>
      }
    >
      {(close) => (
        <div role="dialog" aria-label="Select runs" className="select-menu">
          <Choices {...props} close={close} />
        </div>
      )}
    </Dropdown>
  );
}

function Choices({ all, select, onAll, close }: SelectMenuProps & { close: () => void }) {
  const sort = usePage((page) => page.sort);
  const order = usePage((page) => page.order);
  const filter = usePage((page) => page.filter);
  const metric = usePage(metricIn);
  const best = metric === null ? null : ownColumn(metricColumn(metric));
  const whose = filter === "" ? "Of all runs" : "Of the matches";
  const only = (asked: Parameters<SelectFound>[0]) => {
    close();
    void select(asked, "only");
  };
  return (
    <>
      <p className="quiet">
        {whose}, {sortingInWords({ sort, order })}
      </p>
      <Counts word="first" isFirst onCount={(limit) => only({ limit })} />
      {best !== null && (
        <>
          <p className="quiet">
            {whose}, by {nameOf(best)}
          </p>
          <Counts
            word="best"
            onCount={(limit) => {
              const having = allOf([filter, `${best} IS NOT NULL`]);
              only({ filter: having, sort: best, order: "best", limit });
            }}
          />
        </>
      )}
      <button
        type="button"
        className="option"
        onClick={() => {
          close();
          onAll();
        }}
      >
        {all}
      </button>
    </>
  );
}

interface CountsProps {
  word: string;
  /** Whether the first of the buttons has the focus when the menu opens. */
  isFirst?: boolean;
  onCount: (count: number) => void;
}

function Counts({ word, isFirst = false, onCount }: CountsProps) {
  return FIRST.map((count, place) => (
    <button
      key={count}
      type="button"
      className="option"
      data-first-focus={(isFirst && place === 0) || undefined}
      onClick={() => onCount(count)}
    >
      Only the {word} {count}
    </button>
  ));
}
