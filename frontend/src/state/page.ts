/** The state of the page that several views share, and which part of it an address says. */
import { isContinued } from "../model/filters";
import type { FirstRuns } from "../model/firstChoice";
import { NO_RUNS, type Selection, selectionOf } from "../model/selection";
import { type ChartsPart, charts, type RunsPart, runs, type SharedPart, shared } from "./codecs";

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

/** All of it. What is pointed at and what the page has chosen by itself stand in no address. */
export interface PageState extends Linked {
  own: OwnChoice | null;
  /** The run under the pointer, in the table or in a chart. */
  pointed: string | null;
  folding: Folding;
}

const NONE: ReadonlySet<string> = new Set();
const OPEN: Folding = { under: "", isOpen: true, changed: NONE };
const CODECS = [shared, runs, charts] as const;
/** A change of these is a step of the back button. */
const STEPS = ["experiment", "metric", "show"] as const;

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

/** Whether going from one address to the other is a step that one can take back. A filter that is written on is none. */
export function isStep(before: URLSearchParams, after: URLSearchParams): boolean {
  const [earlier, filter] = [before.get("filter") ?? "", after.get("filter") ?? ""];
  const isOther = earlier !== filter && !isContinued(earlier, filter);
  return isOther || STEPS.some((name) => before.get(name) !== after.get(name));
}

/** The page at an address, before anything has arrived. */
export function pageAt(parameters: URLSearchParams): PageState {
  return { ...readLinked(parameters), own: null, pointed: null, folding: OPEN };
}

/** The page of another experiment, as it begins: of the one before only a filter has a meaning there. */
export function pageOf(experiment: string, { filter, show }: Partial<Pick<Linked, "filter" | "show">> = {}): PageState {
  return pageAt(new URLSearchParams({ experiment, ...(filter && { filter }), ...(show && { show }) }));
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
  return page.filter === ""
    ? { ...chosenIn(page), expanded: NONE }
    : { folding: { under: filterKey(page), isOpen: false, changed: NONE } };
}

/** Whether there is anything to fold up. */
export function isUnfolded(page: PageState): boolean {
  const { isOpen, changed } = foldingIn(page);
  return page.filter === "" ? expandedIn(page).size > 0 : isOpen || changed.size > 0;
}

function filterKey({ filter, show }: PageState): string {
  return `${show} ${filter}`;
}

/** What the page has chosen by itself as somebody's own choice: to be changed from there. */
export function chosenIn(page: PageState): Required<Pick<PageState, "selected" | "expanded">> {
  return { selected: selectionIn(page), expanded: expandedIn(page) };
}

/** The metric of the chart; null until one is known. */
export function metricIn({ metric, own }: PageState): string | null {
  return metric ?? own?.metric ?? null;
}
