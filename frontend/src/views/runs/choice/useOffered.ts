/** Which columns there are to choose from, in groups. */
import type { Column, Overview } from "../../../api/messages";
import { useColumnSearch } from "../../../data/useColumnSearch";
import { kindOf, nameOf, OF_RUN } from "../../../model/columns";
import { columnText, readColumn } from "../../../model/columnText";
import { commonColumns } from "../../../model/firstChoice";

export interface OfferedGroup {
  title: string;
  columns: readonly Column[];
}

interface Wanted {
  overview: Overview;
  experiment: string;
  /** What stands in the names. */
  wanted: string;
  /** The columns that tell the rows apart, as far as that has been looked at. */
  telling: readonly string[];
}

/** The groups that have any, and what there is to say of them; the server looks for what the overview has not. */
export function useOffered({ overview, experiment, wanted, telling }: Wanted) {
  const all = overview.metric_count + overview.parameter_count;
  // The overview has the most common ones: only of more than these the server has to look for the rest.
  const isSought = wanted !== "" && all > overview.columns.length;
  const sought = useColumnSearch(experiment, "", wanted, isSought);
  const tags = useColumnSearch(experiment, "tags", wanted, true);
  const properties = useColumnSearch(experiment, "properties", wanted, true);
  const offered = isSought ? (sought.content?.columns ?? []) : overview.columns;
  const found = [
    ...offered,
    ...(tags.content?.columns ?? []),
    ...(properties.content?.columns ?? []),
    ...OF_RUNS,
  ].filter(({ column }) => nameOf(column).toLowerCase().includes(wanted.toLowerCase()));
  const isConstant = constantAmong(commonColumns(overview.columns), telling);
  const groups: OfferedGroup[] = [
    { title: "As it is written", columns: writtenColumn(wanted, found) },
    { title: "Metrics", columns: found.filter(({ column }) => kindOf(column) === "metric") },
    {
      title: "Parameters",
      columns: found.filter(({ column }) => kindOf(column) === "parameter" && !isConstant(column)),
    },
    {
      title: "Parameters that do not tell these runs apart",
      columns: found.filter(({ column }) => isConstant(column)),
    },
    { title: "Tags", columns: found.filter(({ column }) => kindOf(column) === "tag") },
    { title: "Properties", columns: found.filter(({ column }) => kindOf(column) === "property") },
    { title: "Of the run", columns: found.filter(({ column }) => kindOf(column) === "field") },
  ];
  const shown = groups.filter(({ columns }) => columns.length > 0);
  const isLooking = isSought && sought.content === undefined;
  const nothing = isLooking ? "Looking…" : `No column has “${wanted}” in its name.`;
  const total = isSought ? (sought.content?.total ?? 0) : wanted === "" ? all : 0;
  return { groups: shown, note: sought.problem ?? (shown.length === 0 ? nothing : moreNote(offered.length, total)) };
}

const OF_RUNS: readonly Column[] = OF_RUN.map((column) => ({ column, runs: 0 }));

/** What is written may itself be a column that no list has, such as a statistic over other runs. */
function writtenColumn(wanted: string, found: readonly Column[]): Column[] {
  const column = readColumn(wanted.trim());
  const text = column && columnText(column);
  return text === null || found.some((each) => each.column === text) ? [] : [{ column: text, runs: 0 }];
}

/** The parameters that are the same in all runs that were looked at, where others are not. */
function constantAmong(common: readonly string[], telling: readonly string[]): (column: string) => boolean {
  const ofParameters = (columns: readonly string[]) => columns.filter((column) => kindOf(column) === "parameter");
  const differing = ofParameters(telling);
  const constant = ofParameters(common).filter((column) => !differing.includes(column));
  return (column) => differing.length > 0 && constant.includes(column);
}

function moreNote(offered: number, total: number): string | null {
  return total > offered
    ? `The ${offered} most common of ${total.toLocaleString("en")} columns. Find the others by their names.`
    : null;
}
