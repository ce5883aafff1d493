/**
 * What of each view can be linked to, and how it reads in an address: a codec for what all views share, and one for each
 * view. Reading never throws: what is missing or damaged is as the page begins.
 */
import type { Stages } from "../api/client";
import { type ChartView, FIRST_VIEW, type XAxis, type YScale, type Zoom } from "../model/chartView";
import { FIRST_SORTING, type Sorting } from "../model/columns";
import { columnText, readColumn } from "../model/columnText";
import { FIRST_SHOWN, filterOf, SHOWN, type Shown } from "../model/filters";
import { MOST_LEVELS } from "../model/groups";
import {
  type FoundSelection,
  inOrder,
  NO_RUNS,
  type Selection,
  type SelectionQuery,
  withRuns,
} from "../model/selection";
import { FIRST_STAGES, STAGES } from "../model/stages";
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
  /** What finds the selected runs; null where they were selected otherwise. */
  selectedBy: FoundSelection | null;
}

/** What the table of runs shows. */
export interface RunsPart extends Sorting {
  /** The runs and the keys of groups whose rows below are shown; null until somebody has unfolded or folded one. */
  expanded: ReadonlySet<string> | null;
  /** The columns, in order; null for the page's own choice. */
  columns: readonly string[] | null;
  /** So many of the first columns stay in sight when the table is scrolled sideways. */
  pinned: number;
  /** Which runs are shown; empty for all. */
  filter: string;
  /** What the filter leaves of the tree. */
  show: Shown;
  /** What is shown of runs that are put away. */
  stages: Stages;
  /** Whether values of metrics have small curves beside them. */
  curves: boolean;
  /** The columns by which runs are grouped, the outermost first; empty for the tree as it is. */
  groupBy: readonly string[];
  /** The column that colours follow, `BY_RUN` where each run has its own; null for the page's choice. */
  colorBy: string | null;
}

/** In place of a column: each run has a colour of its own. No column is called so. */
export const BY_RUN = "run";

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
    const query = readQuery(parameters.get("selected-by"));
    return {
      experiment: parameters.get("experiment") ?? "",
      selected: query === null ? selected && readSelection(selected) : NO_RUNS,
      selectedBy: query && { query, selection: NO_RUNS, isAsked: false },
    };
  },
  write: ({ experiment, selected, selectedBy }, parameters) => {
    if (experiment !== "") {
      parameters.set("experiment", experiment);
    }
    if (selectedBy !== null && isLinkedByQuery({ selected, selectedBy })) {
      parameters.set("selected-by", writeQuery(selectedBy.query));
    } else if (selected !== null) {
      parameters.set("selected", writeSelection(selected));
    }
  },
};

export const runs: Codec<RunsPart> = {
  read: (parameters) => {
    const expanded = listOf(parameters, "expanded");
    return {
      sort: columnIn(parameters.get("sort") ?? "") ?? FIRST_SORTING.sort,
      order: parameters.get("order") === "asc" ? "asc" : "desc",
      expanded: expanded && new Set(expanded.map(decoded).map(unpacked)),
      columns: listOf(parameters, "columns")?.flatMap((text) => columnIn(decoded(text)) ?? []) ?? null,
      pinned: readCount(parameters.get("pinned")),
      filter: filterOf(parameters.get("filter") ?? ""),
      show: SHOWN.find(({ id }) => id === parameters.get("show"))?.id ?? FIRST_SHOWN,
      stages: STAGES.find(({ id }) => id === parameters.get("stages"))?.id ?? FIRST_STAGES,
      colorBy: parameters.get("color") === BY_RUN ? BY_RUN : columnIn(parameters.get("color") ?? ""),
      curves: parameters.get("curves") === "1",
      groupBy: [...new Set(listOf(parameters, "group")?.flatMap((text) => columnIn(decoded(text)) ?? []))].slice(
        0,
        MOST_LEVELS,
      ),
    };
  },
  write: ({ sort, order, expanded, columns, pinned, filter, show, stages, curves, groupBy, colorBy }, parameters) => {
    if (sort !== FIRST_SORTING.sort || order !== FIRST_SORTING.order) {
      parameters.set("sort", sort);
      parameters.set("order", order);
    }
    if (expanded !== null) {
      parameters.set("expanded", [...expanded].slice(0, MOST_IDS).map(packed).map(listed).join(","));
    }
    if (columns !== null) {
      parameters.set("columns", columns.map(withoutCommas).join(","));
    }
    if (pinned > 0) {
      parameters.set("pinned", String(pinned));
    }
    if (filter !== "") {
      parameters.set("filter", filter);
    }
    if (show !== FIRST_SHOWN) {
      parameters.set("show", show);
    }
    if (stages !== FIRST_STAGES) {
      parameters.set("stages", stages);
    }
    if (curves) {
      parameters.set("curves", "1");
    }
    if (groupBy.length > 0) {
      parameters.set("group", groupBy.map(listed).join(","));
    }
    if (colorBy !== null) {
      parameters.set("color", colorBy);
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

/** Commas part a list, within a part they are percent-encoded; the address encodes all of it once more. */
function withoutCommas(text: string): string {
  return text.replaceAll("%", "%25").replaceAll(",", "%2C");
}

function readCount(text: string | null): number {
  return /^\d{1,3}$/.test(text ?? "") ? Number(text) : 0;
}

/** A text as a column writes its own; null for one that is none. */
function columnIn(text: string): string | null {
  const column = readColumn(text);
  return column && columnText(column);
}

/** A text in a list with commas, as `decoded` reads it. */
function listed(text: string): string {
  return text.replaceAll("%", "%25").replaceAll(",", "%2C");
}

/** Whether a link says a question in place of the ids: of few runs these, so that it shows the same runs later, too. */
export function isLinkedByQuery({ selected, selectedBy }: Pick<SharedPart, "selected" | "selectedBy">): boolean {
  return selectedBy?.selection === selected && (!selectedBy?.isAsked || (selected?.size ?? 0) > MOST_IDS);
}

const ORDERS: readonly SelectionQuery["order"][] = ["asc", "desc", "best"];

function writeQuery({ limit, ...texts }: SelectionQuery): string {
  const said = Object.entries(texts).filter(([, text]) => text !== "");
  return String(new URLSearchParams([...said, ["limit", String(limit)]]));
}

/** The question that a link says; null where it says none. */
function readQuery(text: string | null): SelectionQuery | null {
  const said = new URLSearchParams(text ?? "");
  const limit = Number(said.get("limit"));
  if (!Number.isInteger(limit) || limit < 1) {
    return null;
  }
  return {
    filter: filterOf(said.get("filter") ?? ""),
    below: said.get("below") ?? "",
    sort: columnIn(said.get("sort") ?? "") ?? FIRST_SORTING.sort,
    order: ORDERS.find((order) => order === said.get("order")) ?? FIRST_SORTING.order,
    limit,
  };
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
