/** The state of the page that several views share, and which part of it an address says. */
import { isContinued } from "../model/filters";
import type { FirstRuns } from "../model/firstChoice";
import { conditionsIn } from "../model/groups";
import { NO_RUNS, type Selection, selectionOf } from "../model/selection";
import { BY_RUN, type ChartsPart, charts, type RunsPart, runs, type SharedPart, shared } from "./codecs";

/** What a link to the page can say. */
export type Linked = SharedPart & RunsPart & ChartsPart;

/** What the page has chosen by itself for one experiment, once; a choice of somebody's own goes before it. */
export interface OwnChoice extends FirstRuns {
  metric: string | null;
  /** The filter that the runs meet. */
  filter: string;
}

/** What is unfolded under a filter: all on the way to its matches, or nothing, but for runs that somebody changed. */
export interface Folding {
  /** The filter, and what it leaves of the tree. */
  under: string;
  isOpen: boolean;
  changed: ReadonlySet<string>;
}

/** The view that the experiment has of its own. */
export interface Base {
  /** Empty where it has none; null while that is not known. */
  view: string | null;
  /** Whether the address says how runs are shown, and so the page does not begin with it. */
  isSaid: boolean;
}

/** All of it. What is pointed at and what the page has chosen by itself stand in no address. */
export interface PageState extends Linked {
  own: OwnChoice | null;
  /** The run under the pointer, in the table or in a chart. */
  pointed: string | null;
  folding: Folding;
  base: Base;
}

const NONE: ReadonlySet<string> = new Set();
const OPEN: Folding = { under: "", isOpen: true, changed: NONE };
const CODECS = [shared, runs, charts] as const;
/** What a link says of one visit, and not of how runs are shown. */
const OF_ONE_VISIT: ReadonlySet<string> = new Set(["experiment", "selected", "selected-by", "expanded", "zoom"]);
/** A change of these is a step of the back button. */
const STEPS = ["experiment", "metric", "show", "stages", "group"] as const;

/** What an address says. */
export function readLinked(parameters: URLSearchParams): Linked {
  const [all, table, chart] = CODECS;
  return { ...all.read(parameters), ...table.read(parameters), ...chart.read(parameters) };
}

/** How what can be linked to differs from what the page begins with. */
export function writeLinked(linked: Linked): URLSearchParams {
  const parameters = new URLSearchParams();
  for (const codec of CODECS) {
    codec.write(linked, parameters);
  }
  return parameters;
}

/** Those parameters of an address that are of one visit, and those that say how runs are shown. */
export function partsOf(parameters: URLSearchParams): { visit: URLSearchParams; view: URLSearchParams } {
  const chosen = (ofVisit: boolean) =>
    new URLSearchParams([...parameters].filter(([name]) => OF_ONE_VISIT.has(name) === ofVisit));
  return { visit: chosen(true), view: chosen(false) };
}

/** Whether going from one address to the other is a step that one can take back. A filter that is written on is none. */
export function isStep(before: URLSearchParams, after: URLSearchParams): boolean {
  const [earlier, filter] = [before.get("filter") ?? "", after.get("filter") ?? ""];
  const isOther = earlier !== filter && !isContinued(earlier, filter);
  return isOther || STEPS.some((name) => before.get(name) !== after.get(name));
}

/** The page at an address, before anything has arrived. */
export function pageAt(parameters: URLSearchParams): PageState {
  const base = { view: null, isSaid: partsOf(parameters).view.size > 0 };
  return { ...readLinked(parameters), own: null, pointed: null, folding: OPEN, base };
}

/** What of a page has a meaning in another experiment, too. */
type Carried = Partial<Pick<Linked, "filter" | "show" | "stages">>;

/** The page of another experiment, as it begins: of the one before only what chooses runs is kept. */
export function pageOf(experiment: string, { filter, show, stages }: Carried = {}): PageState {
  const kept = { ...(filter && { filter }), ...(show && { show }), ...(stages && { stages }) };
  const page = pageAt(new URLSearchParams({ experiment, ...kept }));
  return { ...page, base: { view: null, isSaid: partsOf(writeLinked(page)).view.size > 0 } };
}

const selections = new WeakMap<OwnChoice, Selection>();

/** The selected runs. */
export function selectionIn({ selected, own }: PageState): Selection {
  if (selected !== null || own === null) {
    return selected ?? NO_RUNS;
  }
  const known = selections.get(own) ?? selectionOf(own.selected);
  selections.set(own, known);
  return known;
}

const unfolded = new WeakMap<OwnChoice, ReadonlySet<string>>();

/** The runs whose children are shown. Where somebody has selected, nothing is unfolded that was not by then. */
export function expandedIn({ expanded, selected, own }: PageState): ReadonlySet<string> {
  if (expanded !== null || selected !== null || own === null) {
    return expanded ?? NONE;
  }
  const known = unfolded.get(own) ?? new Set(own.expanded);
  unfolded.set(own, known);
  return known;
}

/** Whether what is unfolded depends on the filter. Matches in groups are in sight as soon as their group is unfolded. */
export function isFoldedByFilter({ filter, groupBy }: Pick<PageState, "filter" | "groupBy">): boolean {
  return filter !== "" && groupBy.length === 0;
}

/** What is unfolded under the page's filter; another filter begins with all on the way to its matches. */
export function foldingIn(page: PageState): Folding {
  return page.folding.under === filterKey(page) ? page.folding : OPEN;
}

/** Folds a run that is unfolded under the page's filter, or the other way round. */
export function foldedOver(page: PageState, runId: string): Pick<PageState, "folding"> {
  const { isOpen, changed } = foldingIn(page);
  const next = new Set(changed);
  if (!next.delete(runId)) {
    next.add(runId);
  }
  return { folding: { under: filterKey(page), isOpen, changed: next } };
}

/** Folds everything: under a filter what stands on the way to its matches, else what somebody has unfolded. */
export function foldedUp(page: PageState): Partial<PageState> {
  return isFoldedByFilter(page)
    ? { folding: { under: filterKey(page), isOpen: false, changed: NONE } }
    : { ...chosenIn(page), expanded: NONE };
}

/** Whether there is anything to fold up. */
export function isUnfolded(page: PageState): boolean {
  const { isOpen, changed } = foldingIn(page);
  return isFoldedByFilter(page) ? isOpen || changed.size > 0 : expandedIn(page).size > 0;
}

function filterKey({ filter, show }: PageState): string {
  return `${show} ${filter}`;
}

/** The page grouped by other columns: the groups before are gone, and with them what was unfolded. */
export function groupedAnew(page: PageState, groupBy: readonly string[]): Partial<PageState> {
  const expanded = expandedIn(page);
  const runs = new Set([...expanded].filter((key) => conditionsIn(key) === null));
  return runs.size === expanded.size ? { groupBy } : { ...chosenIn(page), expanded: runs, groupBy };
}

/** What the page has chosen by itself as somebody's own choice: to be changed from there. */
export function chosenIn(page: PageState): Required<Pick<PageState, "selected" | "expanded">> {
  return { selected: selectionIn(page), expanded: expandedIn(page) };
}

/** The column that colours follow: that of the outermost groups, where nobody has chosen; null where each run has its own. */
export function coloredBy({ colorBy, groupBy }: Pick<PageState, "colorBy" | "groupBy">): string | null {
  return colorBy === BY_RUN ? null : (colorBy ?? groupBy[0] ?? null);
}

/** The metric of the chart; null until one is known. */
export function metricIn({ metric, own }: PageState): string | null {
  return metric ?? own?.metric ?? null;
}
