/** Selecting runs by the server: the first in the table's order, or all that meet the filter. */
import { ChevronDown } from "lucide-react";
import { sortingInWords } from "../../../model/columns";
import { usePage } from "../../../state/store";
import { Dropdown } from "../../../ui/Dropdown";

/** So many of the first can be selected at once. */
const FIRST = [5, 10, 20] as const;

interface SelectMenuProps {
  /** What selects all says. */
  all: string;
  onFirst: (count: number) => void;
  onAll: () => void;
}

/** The first `count` of the order take the place of what was selected; all are added to it. */
export function SelectMenu({ all, onFirst, onAll }: SelectMenuProps) {
  const sort = usePage((page) => page.sort);
  const order = usePage((page) => page.order);
  const isFiltered = usePage((page) => page.filter !== "");
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
          <p className="quiet">
            {isFiltered ? "Of the matches" : "Of all runs"}, {sortingInWords({ sort, order })}
          </p>
          {FIRST.map((count, place) => (
            <button
              key={count}
              type="button"
              className="option"
              data-first-focus={place === 0 || undefined}
              onClick={() => {
                close();
                onFirst(count);
              }}
            >
              Only the first {count}
            </button>
          ))}
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
        </div>
      )}
    </Dropdown>
  );
}
