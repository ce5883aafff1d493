/** What of the page can be linked to, and how it reads in an address. */
import { decoded } from "./address";
import { type Selection, selectionOf } from "./selection";

/** All that a link to the page can say. */
export interface View {
  /** Empty for all experiments. */
  experiment: string;
  sort: string;
  order: "asc" | "desc";
  expanded: ReadonlySet<string>;
  /** Null until somebody, or the page by itself, has selected. */
  selected: Selection | null;
  /** The metric of the chart; empty until one is chosen. */
  metric: string;
  /** The parameters and metrics that have a column; null for the page's own choice. */
  columns: readonly string[] | null;
}

/** The newest runs first. */
export const FIRST_SORT = { sort: "created", order: "desc" } as const;

/** Addresses are kept short enough to be sent around: of more runs than this only the first stand in one. */
export const MOST_IDS = 50;

/** The view that an address names. Never throws: what is missing or damaged is as the page begins. */
export function parseView(parameters: URLSearchParams): View {
  const list = (name: string) => {
    const value = parameters.get(name);
    return value === null ? null : value.split(",").filter((part) => part !== "");
  };
  const selected = list("selected");
  const columns = list("columns");
  return {
    experiment: parameters.get("experiment") ?? "",
    sort: parameters.get("sort") ?? FIRST_SORT.sort,
    order: parameters.get("order") === "asc" ? "asc" : "desc",
    expanded: new Set(list("expanded")),
    selected: selected && selectionOf(selected),
    metric: parameters.get("metric") ?? "",
    columns: columns?.map(decoded) ?? null,
  };
}

/** The parameters that say how a view differs from the one that the page begins with. */
export function formatView(view: View): URLSearchParams {
  const parameters = new URLSearchParams();
  if (view.experiment !== "") {
    parameters.set("experiment", view.experiment);
  }
  if (view.sort !== FIRST_SORT.sort || view.order !== FIRST_SORT.order) {
    parameters.set("sort", view.sort);
    parameters.set("order", view.order);
  }
  if (view.expanded.size > 0) {
    parameters.set("expanded", firstOf(view.expanded));
  }
  if (view.selected !== null) {
    parameters.set("selected", firstOf(view.selected.keys()));
  }
  if (view.metric !== "") {
    parameters.set("metric", view.metric);
  }
  if (view.columns !== null) {
    parameters.set("columns", view.columns.map(encodeURIComponent).join(","));
  }
  return parameters;
}

function firstOf(ids: Iterable<string>): string {
  return [...ids].slice(0, MOST_IDS).join(",");
}
