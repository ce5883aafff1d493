/** The line above the tree: what is shown, and how much of it. */
import { FoldVertical, X } from "lucide-react";
import type { Overview } from "../api/messages";
import { ColumnChoice } from "./ColumnChoice";
import { SelectBox } from "./SelectBox";

interface ToolbarProps {
  overview: Overview;
  experiment: string;
  shown: readonly string[];
  selectedCount: number;
  expandedCount: number;
  /** Whether news of the store arrive. */
  isLive: boolean;
  onExperiment: (experiment: string) => void;
  onColumns: (shown: readonly string[] | null) => void;
  onClear: () => void;
  onCollapse: () => void;
}

/** The choice of experiment where there are several, the columns, counts, and whether news of the store arrive. */
export function Toolbar(props: ToolbarProps) {
  const { overview, experiment, shown, selectedCount, expandedCount, isLive } = props;
  const whole = overview.experiments.reduce((sum, { runs }) => sum + runs, 0);
  const options = [
    { id: ALL, name: "All experiments", note: count(whole) },
    ...overview.experiments.map(({ name, runs }) => ({ id: `=${name}`, name, note: count(runs) })),
  ];
  return (
    <div className="toolbar" role="toolbar" aria-label="Runs">
      {overview.experiments.length > 1 && (
        <SelectBox
          label="Experiment"
          options={options}
          value={experiment === "" ? ALL : `=${experiment}`}
          onChange={(id) => props.onExperiment(id === ALL ? "" : id.slice(1))}
        />
      )}
      <ColumnChoice
        columns={overview.columns}
        columnCount={overview.column_count}
        shown={shown}
        onChange={props.onColumns}
      />
      {expandedCount > 0 && (
        <button type="button" className="button" onClick={props.onCollapse}>
          <FoldVertical size={14} aria-hidden />
          Collapse all
        </button>
      )}
      {selectedCount > 0 && (
        <button type="button" className="button" onClick={props.onClear}>
          <X size={14} aria-hidden />
          Clear {count(selectedCount)} selected
        </button>
      )}
      <span className="toolbar-end">
        <span className="run-count">
          {count(overview.runs)} {overview.runs === 1 ? "run" : "runs"}
        </span>
        <span className="live" data-live={isLive} title={overview.location}>
          {isLive ? "Live" : "No connection"}
        </span>
      </span>
    </div>
  );
}

/** No experiment's key, since those begin with "=". */
const ALL = "all";

function count(number: number): string {
  return number.toLocaleString("en");
}
