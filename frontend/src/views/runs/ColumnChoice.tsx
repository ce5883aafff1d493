/** Which parameters and metrics have a column. */
import { Columns3 } from "lucide-react";
import { useState } from "react";
import type { Column, Overview } from "../../api/messages";
import { useColumnSearch } from "../../data/useColumnSearch";
import { kindOf, nameOf } from "../../model/columns";
import { ClippedText } from "../../ui/ClippedText";
import { Dropdown } from "../../ui/Dropdown";

interface ColumnChoiceProps {
  overview: Overview;
  experiment: string;
  shown: readonly string[];
  /** The shown columns; null for the page's own choice. */
  onChange: (shown: readonly string[] | null) => void;
}

/** A button that opens the list of columns, to be searched, shown and hidden. */
export function ColumnChoice(props: ColumnChoiceProps) {
  const { metric_count, parameter_count } = props.overview;
  return (
    <Dropdown
      kind="dialog"
      button={
        <>
          <Columns3 size={14} aria-hidden />
          Columns
          <span className="count">
            {props.shown.length} of {(metric_count + parameter_count).toLocaleString("en")}
          </span>
        </>
      }
    >
      {() => (
        <div className="columns" role="dialog" aria-label="Columns">
          <ColumnList {...props} />
        </div>
      )}
    </Dropdown>
  );
}

function ColumnList({ overview, experiment, shown, onChange }: ColumnChoiceProps) {
  const [wanted, setWanted] = useState("");
  const all = overview.metric_count + overview.parameter_count;
  // The overview has the most common ones: only of more than these the server has to look for the rest.
  const isAsked = wanted !== "" && all > overview.columns.length;
  const answer = useColumnSearch(experiment, "", wanted, isAsked);
  const offered = isAsked ? (answer.content?.columns ?? []) : overview.columns;
  const found = offered.filter(({ column }) => nameOf(column).toLowerCase().includes(wanted.toLowerCase()));
  const total = isAsked ? (answer.content?.total ?? found.length) : wanted === "" ? all : found.length;
  const ids = found.map(({ column }) => column);
  const show = (more: readonly string[]) => onChange([...shown, ...more.filter((id) => !shown.includes(id))]);
  const hide = (fewer: readonly string[]) => onChange(shown.filter((id) => !fewer.includes(id)));
  return (
    <>
      <input
        data-first-focus
        type="search"
        className="search"
        placeholder="Find a column"
        aria-label="Find a column"
        value={wanted}
        onChange={(event) => setWanted(event.target.value)}
      />
      <div className="columns-bar">
        <button type="button" className="link" onClick={() => show(ids)}>
          Show all
        </button>
        <button type="button" className="link" onClick={() => hide(ids)}>
          Hide all
        </button>
        <button type="button" className="link" onClick={() => onChange(null)}>
          Reset
        </button>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what may scroll must be reachable by keyboard. */}
      <div className="columns-list" tabIndex={0} role="group" aria-label="Found columns">
        {(["metric", "param"] as const).map((kind) => (
          <ColumnGroup
            key={kind}
            title={kind === "param" ? "Parameters" : "Metrics, last value"}
            columns={found.filter(({ column }) => kindOf(column) === kind)}
            shown={shown}
            onCheck={(column, isShown) => (isShown ? show([column]) : hide([column]))}
          />
        ))}
        {found.length === 0 && (
          <p className="quiet">
            {answer.problem ??
              (isAsked && answer.content === undefined ? "Looking…" : `No column has “${wanted}” in its name.`)}
          </p>
        )}
        {total > found.length && found.length > 0 && (
          <p className="quiet">
            The {found.length} most common of {total.toLocaleString("en")} columns. Find the others by their names.
          </p>
        )}
      </div>
    </>
  );
}

interface ColumnGroupProps {
  title: string;
  columns: readonly Column[];
  shown: readonly string[];
  onCheck: (column: string, isShown: boolean) => void;
}

function ColumnGroup({ title, columns, shown, onCheck }: ColumnGroupProps) {
  if (columns.length === 0) {
    return null;
  }
  return (
    <fieldset>
      <legend>{title}</legend>
      {columns.map(({ column, runs }) => (
        <label key={column} className="check">
          <input
            type="checkbox"
            checked={shown.includes(column)}
            onChange={(event) => onCheck(column, event.target.checked)}
          />
          <ClippedText text={nameOf(column)} />
          <span className="option-note">{runs.toLocaleString("en")}</span>
        </label>
      ))}
    </fieldset>
  );
}
