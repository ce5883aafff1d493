/** What a filter can say, by examples that can be taken. */
import { CircleHelp } from "lucide-react";
import type { Column } from "../../../api/messages";
import { filterExamples } from "../../../model/filterExamples";
import { Dropdown } from "../../../ui/Dropdown";

interface FilterHelpProps {
  columns: readonly Column[];
  onTake: (filter: string) => void;
}

/** A button that opens the examples. */
export function FilterHelp({ columns, onTake }: FilterHelpProps) {
  return (
    <Dropdown
      label="What a filter can say"
      kind="dialog"
      className="filter-button"
      button={<CircleHelp size={14} aria-hidden />}
    >
      {(close) => (
        <div role="dialog" aria-label="What a filter can say" className="filter-help">
          <p className="quiet">
            A filter compares what runs have, with <code>AND</code>, <code>OR</code>, <code>NOT</code> and brackets. Try
            one:
          </p>
          <ul>
            {filterExamples(columns).map(({ filter, meaning }, place) => (
              <li key={filter}>
                <button
                  type="button"
                  className="filter-example"
                  data-first-focus={place === 0 || undefined}
                  onClick={() => {
                    close();
                    onTake(filter);
                  }}
                >
                  <code>{filter}</code>
                  <span className="quiet">{meaning}</span>
                </button>
              </li>
            ))}
          </ul>
          <p className="quiet">
            Also <code>parent.</code> and <code>root.</code> in front of a column, <code>IN (…)</code>,{" "}
            <code>LIKE</code>, <code>IS NULL</code>, <code>count(descendants[…])</code>. While you write, the box offers
            what may come next.
          </p>
        </div>
      )}
    </Dropdown>
  );
}
