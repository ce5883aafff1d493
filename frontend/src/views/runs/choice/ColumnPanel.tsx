/** The list of columns: those that are shown in their order, and those that there are. */
import { useEffect, useRef, useState } from "react";
import type { Overview } from "../../../api/messages";
import { kindOf, LAST } from "../../../model/columns";
import { withMore, without } from "../../../model/shownColumns";
import { useChange, usePage } from "../../../state/store";
import { useColumnChange } from "../useColumnChange";
import { ColumnOptions } from "./ColumnOptions";
import { ShownList } from "./ShownList";
import { useOffered } from "./useOffered";
import "./choice.css";

export interface ColumnPanelProps {
  overview: Overview;
  experiment: string;
  /** The columns of the table, in order. */
  shown: readonly string[];
}

const NOTHING: readonly string[] = [];

export function ColumnPanel({ overview, experiment, shown: columns }: ColumnPanelProps) {
  const change = useChange();
  const [wanted, setWanted] = useState("");
  const telling = usePage((page) => page.own?.telling ?? NOTHING);
  const { groups, note } = useOffered({ overview, experiment, wanted, telling });
  const { pinned, onChange } = useColumnChange(columns);
  const shown = { columns, pinned };
  const search = useRef<HTMLInputElement>(null);
  // The panel may have been fetched after it had opened.
  useEffect(() => search.current?.focus(), []);
  const found = groups.flatMap(({ columns }) => columns.map(({ column }) => column));
  const show = (more: readonly string[]) => onChange(withMore(shown, more, LAST));
  const hide = (fewer: readonly string[]) => onChange(without(shown, fewer));
  return (
    <div className="columns-panel">
      <input
        ref={search}
        data-first-focus
        type="search"
        className="search"
        placeholder="Find a column, or write one"
        aria-label="Find a column"
        value={wanted}
        onChange={(event) => setWanted(event.target.value)}
      />
      <div className="columns-bar">
        <button type="button" className="link" onClick={() => show(found.filter(isCommon))}>
          Show all
        </button>
        <button type="button" className="link" onClick={() => hide(found)}>
          Hide all
        </button>
        <button type="button" className="link" onClick={() => change(() => ({ columns: null, pinned: 0 }))}>
          Reset
        </button>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what may scroll must be reachable by keyboard. */}
      <div className="columns-list" tabIndex={0} role="group" aria-label="Found columns">
        {groups.map((group) => (
          <ColumnOptions
            key={group.title}
            {...group}
            shown={columns}
            onCheck={(column, isShown) => (isShown ? show([column]) : hide([column]))}
          />
        ))}
        {note !== null && <p className="quiet">{note}</p>}
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: as above. */}
      <div className="columns-list columns-shown" tabIndex={0} role="group" aria-label="Shown columns">
        <ShownList shown={shown} onChange={onChange} />
      </div>
    </div>
  );
}

/** What is of the run itself is shown one by one. */
function isCommon(column: string): boolean {
  return kindOf(column) !== "field";
}
