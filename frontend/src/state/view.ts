/**
 * A view is how runs are shown, as an address says it: columns, filter, groups, order, and the chart's axes. Which runs
 * are selected and unfolded, and what a chart is zoomed to, is of one visit and no part of it.
 *
 * An experiment may have a view of its own, that somebody recorded with it. The page begins with that where its address
 * says nothing of a view, and as long as it shows that the address goes on saying nothing.
 */
import { NO_ZOOM } from "../model/chartView";
import { FIRST_SORTING } from "../model/columns";
import { addressWindow, writeFragment } from "./address";
import { type Linked, type PageState, partsOf, readLinked, writeLinked } from "./page";

/** How the page shows runs, as a text; empty where it shows them as it does at first. */
export function viewOf(linked: Linked): string {
  return String(partsOf(writeLinked(linked)).view);
}

/** What a view makes of a page: the same runs, shown otherwise. */
export function shownAs(view: string, { experiment, selected, selectedBy, expanded }: Linked): Linked {
  const linked = readLinked(new URLSearchParams(view));
  return { ...linked, experiment, selected, selectedBy, expanded, chart: { ...linked.chart, zoom: NO_ZOOM } };
}

/** The page once the view of its experiment is known. */
export function begunWith(page: PageState, view: string): Partial<PageState> {
  const base = { ...page.base, view: view === "" ? "" : viewOf(shownAs(view, page)) };
  return page.base.isSaid || view === "" ? { base } : { ...shownAs(view, page), own: null, base };
}

/** What the address of a page says. */
export function addressOf(page: PageState): URLSearchParams {
  const parameters = writeLinked(page);
  const { view } = page.base;
  if (view === null || view === "") {
    return parameters;
  }
  const shown = viewOf(page);
  if (shown === view) {
    return partsOf(parameters).visit;
  }
  if (shown === "") {
    // Nothing would be the experiment's view.
    parameters.set("sort", FIRST_SORTING.sort);
    parameters.set("order", FIRST_SORTING.order);
  }
  return parameters;
}

/** The page at another address. */
export function pageFollowing(parameters: URLSearchParams, { experiment, own, base }: PageState): Partial<PageState> {
  const linked = readLinked(parameters);
  const isSaid = partsOf(parameters).view.size > 0;
  if (linked.experiment !== experiment) {
    return { ...linked, own: null, base: { view: null, isSaid } };
  }
  const view = isSaid ? "" : (base.view ?? "");
  return { ...linked, ...(view !== "" && shownAs(view, linked)), own, base: { ...base, isSaid } };
}

/** A link to an experiment, shown in a view. */
export function linkTo(experiment: string, view: string): string {
  const parameters = new URLSearchParams({ ...(experiment !== "" && { experiment }) });
  for (const [name, value] of new URLSearchParams(view)) {
    parameters.set(name, value);
  }
  const url = new URL(addressWindow().location.href);
  url.hash = writeFragment("", parameters);
  return url.href;
}
