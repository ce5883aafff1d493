/**
 * What of each view can be linked to, and how it reads in an address: a codec for what all views share, and one for each
 * view. Reading never throws: what is missing or damaged is as the page begins.
 */
import { type ChartView, FIRST_VIEW, type XAxis, type YScale, type Zoom } from "../model/chartView";
import { FIRST_SORTING, type Sorting } from "../model/columns";
import { FIRST_SHOWN, filterOf, SHOWN, type Shown } from "../model/filters";
import { inOrder, type Selection, withRuns } from "../model/selection";
import { decoded } from "./address";
import { packed, unpacked } from "./runIds";

/** Turns a part of the page's state into parameters of the address and back. */
export interface Codec<Part> {
  read: (parameters: URLSearchParams) => Part;
  /** Only what differs from the state that the page begins with. */
  write: (part: Part, parameters: URLSearchParams) => void;
}

/** What every view shows something of. */
export interface SharedPart {
  /** Empty for all experiments. */
  experiment: string;
  /** Null until somebody has selected: then the page selects by itself. */
  selected: Selection | null;
}

/** What the table of runs shows. */
export interface RunsPart extends Sorting {
  /** The runs whose children are shown; null until somebody has unfolded or folded one. */
  expanded: ReadonlySet<string> | null;
  /** The parameters and metrics that have a column, in order; null for the page's own choice. */
  columns: readonly string[] | null;
  /** Which runs are shown; empty for all. */
  filter: string;
  /** What the filter leaves of the tree. */
  show: Shown;
}

/** What the chart shows. */
export interface ChartsPart {
  /** Null for the page's own choice. */
  metric: string | null;
  chart: ChartView;
}

/** The most runs that stand in an address: with more it would be too long to be sent around. */
export const MOST_IDS = 2000;
const X_AXES: readonly XAxis[] = ["step", "wall", "relative"];
/** No colour has a higher number. */
const MOST_NUMBER = 1_000_000;

export const shared: Codec<SharedPart> = {
  read: (parameters) => {
    const selected = listOf(parameters, "selected");
    return { experiment: parameters.get("experiment") ?? "", selected: selected && readSelection(selected) };
  },
  write: ({ experiment, selected }, parameters) => {
    if (experiment !== "") {
      parameters.set("experiment", experiment);
    }
    if (selected !== null) {
      parameters.set("selected", writeSelection(selected));
    }
  },
};

export const runs: Codec<RunsPart> = {
  read: (parameters) => {
    const expanded = listOf(parameters, "expanded");
    return {
      sort: parameters.get("sort") || FIRST_SORTING.sort,
      order: parameters.get("order") === "asc" ? "asc" : "desc",
      expanded: expanded && new Set(expanded.map(unpacked)),
      columns: listOf(parameters, "columns")?.map(decoded) ?? null,
      filter: filterOf(parameters.get("filter") ?? ""),
      show: SHOWN.find(({ id }) => id === parameters.get("show"))?.id ?? FIRST_SHOWN,
    };
  },
  write: ({ sort, order, expanded, columns, filter, show }, parameters) => {
    if (sort !== FIRST_SORTING.sort || order !== FIRST_SORTING.order) {
      parameters.set("sort", sort);
      parameters.set("order", order);
    }
    if (expanded !== null) {
      parameters.set("expanded", [...expanded].slice(0, MOST_IDS).map(packed).join(","));
    }
    if (columns !== null) {
      parameters.set("columns", columns.map(encodeURIComponent).join(","));
    }
    if (filter !== "") {
      parameters.set("filter", filter);
    }
    if (show !== FIRST_SHOWN) {
      parameters.set("show", show);
    }
  },
};

export const charts: Codec<ChartsPart> = {
  read: (parameters) => {
    const xAxis = X_AXES.find((axis) => axis === parameters.get("x")) ?? FIRST_VIEW.xAxis;
    const yScale = parameters.get("y") === "log" ? "log" : FIRST_VIEW.yScale;
    return {
      metric: parameters.get("metric"),
      chart: { xAxis, yScale, zoom: readZoom(parameters.get("zoom"), yScale) },
    };
  },
  write: ({ metric, chart: { xAxis, yScale, zoom } }, parameters) => {
    if (metric !== null) {
      parameters.set("metric", metric);
    }
    if (xAxis !== FIRST_VIEW.xAxis) {
      parameters.set("x", xAxis);
    }
    if (yScale !== FIRST_VIEW.yScale) {
      parameters.set("y", yScale);
    }
    if (zoom.x !== null || zoom.y !== null) {
      parameters.set("zoom", [zoom.x, zoom.y].map((ends) => (ends ? `${ends.min},${ends.max}` : ",")).join(","));
    }
  },
};

/** The ends of both axes, "min,max,min,max", two of them empty where an axis is not zoomed. */
function readZoom(text: string | null, yScale: YScale): Zoom {
  const ends = (text ?? "").split(",").map((part) => (part === "" ? Number.NaN : Number(part)));
  const [left = Number.NaN, right = Number.NaN, low = Number.NaN, high = Number.NaN] = ends;
  const interval = (min: number, max: number) => (min < max && Number.isFinite(max - min) ? { min, max } : null);
  return { x: interval(left, right), y: yScale === "log" && !(low > 0) ? null : interval(low, high) };
}

function listOf(parameters: URLSearchParams, name: string): string[] | null {
  const value = parameters.get(name);
  return value === null ? null : value.split(",").filter((part) => part !== "");
}

/** Runs in the order of their colours; one that does not have the next colour says which it has: "ID~7". */
function writeSelection(selection: Selection): string {
  let next = 0;
  const parts = [...inOrder(selection)].slice(0, MOST_IDS).map(([runId, number]) => {
    const part = number === next ? packed(runId) : `${packed(runId)}~${number}`;
    next = number + 1;
    return part;
  });
  return parts.join(",");
}

function readSelection(parts: readonly string[]): Selection {
  const numbers = new Map<string, number>();
  const taken = new Set<number>();
  const others: string[] = [];
  let next = 0;
  for (const part of parts) {
    const [, id = "", told] = /^(.*?)(?:~(\d{1,7}))?$/s.exec(part) ?? [];
    const number = told === undefined ? next : Number(told);
    if (number > MOST_NUMBER || taken.has(number) || numbers.has(unpacked(id))) {
      others.push(unpacked(id));
    } else {
      numbers.set(unpacked(id), number);
      taken.add(number);
      next = number + 1;
    }
  }
  return withRuns(numbers, others);
}
