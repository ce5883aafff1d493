/** The line above the table: what is shown, and how much of it. Nothing in it moves when something else changes. */
import { FoldVertical, Spline, X } from "lucide-react";
import { useRef } from "react";
import type { Overview } from "../api/messages";
import type { Connection } from "../data/useVersion";
import { MOST_LINES } from "../model/chartView";
import { sortingInWords } from "../model/columns";
import { NO_RUNS } from "../model/selection";
import { FIRST_STAGES, STAGES } from "../model/stages";
import { isLinkedByQuery, MOST_IDS } from "../state/codecs";
import { chosenIn, foldedUp, isUnfolded, pageOf, selectionIn } from "../state/page";
import { useChange, usePage } from "../state/store";
import { SelectBox } from "../ui/SelectBox";
import { useRovingFocus } from "../ui/useRovingFocus";
import { ColumnChoice } from "../views/runs/ColumnChoice";
import { SavedViews } from "../views/runs/saved/SavedViews";
import { ExportMenu } from "./ExportMenu";

interface ToolbarProps {
  overview: Overview;
  /** The columns that the table shows. */
  shown: readonly string[];
  connection: Connection;
}

/** The choice of experiment where there are several, the columns, counts, and whether news of the store arrive. */
export function Toolbar({ overview, shown, connection }: ToolbarProps) {
  const change = useChange();
  const experiment = usePage((page) => page.experiment);
  const stages = usePage((page) => page.stages);
  const curves = usePage((page) => page.curves);
  const canFold = usePage(isUnfolded);
  const selected = usePage((page) => selectionIn(page).size);
  const bar = useRef<HTMLDivElement>(null);
  const onKeyDown = useRovingFocus(bar);
  return (
    <div ref={bar} className="toolbar" role="toolbar" aria-label="Runs" onKeyDown={onKeyDown}>
      {overview.experiments.length > 1 && (
        <SelectBox
          label="Experiment"
          options={optionsOf(overview)}
          value={experiment === "" ? ALL : `=${experiment}`}
          onChange={(id) => change((page) => pageOf(id === ALL ? "" : id.slice(1), page))}
        />
      )}
      <SelectBox
        label="Stages"
        options={STAGES}
        value={stages}
        onChange={(id) => change(() => ({ stages: STAGES.find((stage) => stage.id === id)?.id ?? FIRST_STAGES }))}
      />
      <ColumnChoice overview={overview} experiment={experiment} shown={shown} />
      <button
        type="button"
        className="button"
        aria-pressed={curves}
        title="Small curves beside the values of metrics"
        onClick={() => change((page) => ({ curves: !page.curves }))}
      >
        <Spline size={14} aria-hidden />
        Curves
      </button>
      <button type="button" className="button" aria-disabled={!canFold} onClick={() => change(foldedUp)}>
        <FoldVertical size={14} aria-hidden />
        Collapse all
      </button>
      <button
        type="button"
        className="button"
        aria-disabled={selected === 0}
        onClick={() => change((page) => ({ ...chosenIn(page), selected: NO_RUNS }))}
      >
        <X size={14} aria-hidden />
        Clear selection
      </button>
      <SavedViews />
      <ExportMenu shown={shown} runs={overview.runs} />
      <Counts overview={overview} selected={selected} />
      <Sight connection={connection} location={overview.location} />
    </div>
  );
}

function Counts({ overview, selected }: Pick<ToolbarProps, "overview"> & { selected: number }) {
  const sort = usePage((page) => page.sort);
  const order = usePage((page) => page.order);
  const { matches } = overview;
  const isCut = usePage((page) => selectionIn(page).size > MOST_IDS && !isLinkedByQuery(page));
  return (
    <span className="toolbar-end">
      <span className="run-count" title={matches === null ? undefined : LEFT_OUT}>
        {matches !== null && `${count(matches)} of `}
        {count(overview.runs)} {overview.runs === 1 ? "run" : "runs"}
        {selected > 0 && `, ${count(selected)} selected`}
      </span>
      {selected > MOST_LINES && <span className="quiet">the first {count(MOST_LINES)} drawn</span>}
      {isCut && <span className="quiet">The address holds the first {count(MOST_IDS)}</span>}
      <span className="sorting">{sortingInWords({ sort, order })}</span>
    </span>
  );
}

const LEFT_OUT = "TensorBoard was started with a filter, which leaves out the others";

const SIGHTS: Record<Connection, string> = {
  starting: "Connecting",
  live: "Live",
  silent: "No answer",
  lost: "No connection",
};

function Sight({ connection, location }: { connection: Connection; location: string }) {
  return (
    <span className="live" data-live={connection === "live"} title={location}>
      {SIGHTS[connection]}
    </span>
  );
}

/** No experiment's key, since those begin with "=". */
const ALL = "all";

function optionsOf({ experiments }: Overview) {
  const whole = experiments.reduce((sum, { runs }) => sum + runs, 0);
  return [
    { id: ALL, name: "All experiments", note: count(whole) },
    ...experiments.map(({ name, runs }) => ({ id: `=${name}`, name, note: count(runs) })),
  ];
}

function count(number: number): string {
  return number.toLocaleString("en");
}
