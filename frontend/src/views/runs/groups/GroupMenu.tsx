/** By which columns the runs are grouped. */
import { ChevronDown, Group as GroupIcon } from "lucide-react";
import { useState } from "react";
import type { Overview } from "../../../api/messages";
import { useColumnSearch } from "../../../data/useColumnSearch";
import { kindOf, nameOf } from "../../../model/columns";
import { MOST_LEVELS } from "../../../model/groups";
import { groupedAnew } from "../../../state/page";
import { useChange, usePage } from "../../../state/store";
import { ClippedText } from "../../../ui/ClippedText";
import { Dropdown } from "../../../ui/Dropdown";
import "./groups.css";
import { useTagColumns } from "./useTagColumns";

/** What every run has that runs can be grouped by. */
const FIELDS: readonly string[] = ["status", "experiment", "depth"];

/** A button that opens the columns, checked in the order in which groups stand within groups. */
export function GroupMenu({ overview }: { overview: Overview }) {
  const change = useChange();
  const groupBy = usePage((page) => page.groupBy);
  return (
    <Dropdown
      kind="dialog"
      button={
        <>
          <GroupIcon size={14} aria-hidden />
          Group
          <span className="count group-count">{groupBy.length === 0 ? "" : groupBy.length}</span>
          <span className="hidden">
            {groupBy.length === 0 ? " runs" : ` by ${groupBy.map(nameOf).join(", then ")}`}
          </span>
          <ChevronDown size={14} aria-hidden />
        </>
      }
    >
      {() => (
        <div className="columns" role="dialog" aria-label="Group runs">
          <GroupList overview={overview} groupBy={groupBy} onChange={(by) => change((page) => groupedAnew(page, by))} />
        </div>
      )}
    </Dropdown>
  );
}

interface GroupListProps {
  overview: Overview;
  groupBy: readonly string[];
  onChange: (groupBy: readonly string[]) => void;
}

function GroupList({ overview, groupBy, onChange }: GroupListProps) {
  const experiment = usePage((page) => page.experiment);
  const [wanted, setWanted] = useState("");
  const { parameters, note } = useParameters(overview, experiment, wanted);
  const tags = useTagColumns(experiment).filter((column) => isFound(column, wanted));
  const fields = FIELDS.filter((column) => isFound(column, wanted));
  const toggle = (column: string, isChosen: boolean) =>
    onChange(isChosen ? [...groupBy, column] : groupBy.filter((other) => other !== column));
  const shared = { groupBy, onCheck: toggle };
  return (
    <>
      <input
        data-first-focus
        type="search"
        className="search"
        placeholder="Find a column"
        aria-label="Find a column to group by"
        value={wanted}
        onChange={(event) => setWanted(event.target.value)}
      />
      <div className="columns-bar">
        <span className="quiet group-order">
          {groupBy.length === 0 ? "The tree as it is" : groupBy.map(nameOf).join(" › ")}
        </span>
        <button type="button" className="link" aria-disabled={groupBy.length === 0} onClick={() => onChange([])}>
          No groups
        </button>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what may scroll must be reachable by keyboard. */}
      <div className="columns-list" tabIndex={0} role="group" aria-label="Found columns">
        <Choices title="Of the run" columns={fields} {...shared} />
        <Choices title="Parameters, own or inherited" columns={parameters} {...shared} />
        <Choices title="Tags" columns={tags} {...shared} />
        {fields.length + parameters.length + tags.length === 0 && (
          <p className="quiet">Nothing has “{wanted}” in its name.</p>
        )}
        {note !== null && <p className="quiet">{note}</p>}
      </div>
    </>
  );
}

/** The parameters that are found; of more than the overview has the server looks for the others. */
function useParameters(overview: Overview, experiment: string, wanted: string) {
  const first = overview.columns.flatMap(({ column }) => (kindOf(column) === "parameter" ? [column] : []));
  const isAsked = wanted !== "" && overview.parameter_count > first.length;
  const { content } = useColumnSearch(experiment, "params", wanted, isAsked);
  const found = isAsked ? (content?.columns.map(({ column }) => column) ?? []) : first;
  const parameters = found.filter((column) => isFound(column, wanted));
  const hasMore = wanted === "" && overview.parameter_count > first.length;
  return { parameters, note: hasMore ? "Find further parameters by their names." : null };
}

function isFound(column: string, wanted: string): boolean {
  return nameOf(column).toLowerCase().includes(wanted.toLowerCase());
}

interface ChoicesProps {
  title: string;
  columns: readonly string[];
  groupBy: readonly string[];
  onCheck: (column: string, isChosen: boolean) => void;
}

function Choices({ title, columns, groupBy, onCheck }: ChoicesProps) {
  if (columns.length === 0) {
    return null;
  }
  return (
    <fieldset>
      <legend>{title}</legend>
      {columns.map((column) => {
        const level = groupBy.indexOf(column);
        return (
          <label key={column} className="check">
            <input
              type="checkbox"
              checked={level >= 0}
              disabled={level < 0 && groupBy.length >= MOST_LEVELS}
              onChange={(event) => onCheck(column, event.target.checked)}
            />
            <ClippedText text={nameOf(column)} />
            {level >= 0 && groupBy.length > 1 && <span className="option-note">{level + 1}</span>}
          </label>
        );
      })}
    </fieldset>
  );
}
