/** What stands in the column of names for a group of runs: its box, its colour, and the value that its runs have. */
import { ChevronRight } from "lucide-react";
import { groupName } from "../model/groups";
import type { GroupRow } from "../model/rows";
import { ClippedText } from "../ui/ClippedText";
import { INDENT } from "./measures";
import type { RowCommands, Share } from "./props";
import { RowMenuButton } from "./RowMenuButton";

interface GroupNameProps {
  row: GroupRow;
  place: number;
  share: Share;
  /** What means the group; null where no colour does. */
  color: string | null;
  commands: RowCommands;
}

/** A square in place of a run's dot, so that a group is told from a run without its colour. */
export function GroupName({ row, place, share, color, commands }: GroupNameProps) {
  const { group, level, expanded } = row;
  const { column, value } = groupName(group);
  const name = `${column}: ${value ?? "none"}`;
  return (
    <>
      <input
        type="checkbox"
        tabIndex={-1}
        aria-label={`Select the runs with ${name}`}
        checked={share === "all"}
        ref={(box) => {
          if (box) {
            box.indeterminate = share === "some";
          }
        }}
        onClick={(event) => {
          event.stopPropagation();
          commands.onSelect(place, false);
        }}
        onChange={() => undefined}
        onDoubleClick={(event) => event.stopPropagation()}
      />
      <span style={{ width: (level - 1) * INDENT }} className="tree-indent" />
      {group.children > 0 ? (
        <button
          type="button"
          className="tree-chevron"
          tabIndex={-1}
          aria-label={`${expanded ? "Collapse" : "Expand"} ${name}`}
          data-expanded={expanded}
          onClick={(event) => {
            event.stopPropagation();
            commands.onToggle(place);
          }}
          onDoubleClick={(event) => event.stopPropagation()}
        >
          <ChevronRight size={16} aria-hidden />
        </button>
      ) : (
        <span className="tree-chevron" />
      )}
      <span className="tree-color tree-color-group" style={color === null ? undefined : { background: color }} />
      <span className="group-column">
        <bdi>{column}</bdi>
      </span>
      {value === null ? <i className="group-none">none</i> : <ClippedText text={value} title={titleOf(group, name)} />}
      <RowMenuButton name={name} place={place} commands={commands} />
      <span className="tree-children">{group.runs.toLocaleString("en")}</span>
    </>
  );
}

function titleOf({ runs, children }: GroupRow["group"], name: string): string {
  const counted = `${runs.toLocaleString("en")} ${runs === 1 ? "run" : "runs"}, with what is below them`;
  return children > 0 ? `${name}\n${counted}` : `${name}\n${counted}\nThe value is too long to unfold the group.`;
}
