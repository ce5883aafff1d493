/**
 * The one place that knows the server: its URLs, and how it says that something is wrong.
 *
 * The page's base address is TensorBoard's for this plugin, wherever a proxy or a path prefix has put it.
 */
import type {
  ColumnPage,
  Completions,
  GroupPage,
  Overview,
  Problem,
  RunIds,
  RunNames,
  RunPage,
  Version,
} from "./messages";

/** Why there is no answer, as a sentence for the person in front of the page. */
export class ApiError extends Error {
  override name = "ApiError";

  /**
   * `status` is the HTTP status, 0 where no answer came at all; `isSilence` that the server took the question and did
   * not answer in time; `wrong` where in a filter or a column the server found something else than it `expected`.
   */
  constructor(
    message: string,
    readonly status: number,
    readonly isSilence = false,
    readonly wrong: Pick<Problem, "position" | "expected"> = { position: null, expected: [] },
  ) {
    super(message);
  }
}

/** How long to wait for the version, in seconds: it costs the server next to nothing. */
const VERSION_SECONDS = 5;
/** How long to wait for anything else. The server itself ends a question after less. */
const ANSWER_SECONDS = 60;

/** Runs that are active, also archived ones, or also those that are deleted and not removed yet. */
export type Stages = "active" | "archived" | "all";

/**
 * What a page of the tree is asked for. Empty `parent` means the roots, empty `experiment` all experiments, empty
 * `filter` none.
 */
export interface RunPageRequest {
  parent: string;
  experiment: string;
  /** What is shown of runs that are put away; without a word those that are active. */
  stages?: Stages;
  filter: string;
  /** What the filter leaves of the tree; without one it is whole. Below a run of "tops" is all that is there. */
  show: "ancestors" | "subtrees" | "flat" | "tops";
  /** The statistic over relatives that stands for a metric where a run has no such series: "best(leaves)". */
  fill: string;
  sort: string;
  order: "asc" | "desc";
  offset: number;
  limit: number;
  columns: readonly string[];
  /** Whether each run brings how many of those below it have which status. */
  statuses: boolean;
}

/** The store's version now: a text that differs whenever any answer may differ. Throws ApiError. */
export function getVersion(signal?: AbortSignal): Promise<Version> {
  return getJson("version", new URLSearchParams(), signal, VERSION_SECONDS);
}

/** The experiments and columns of one experiment, of all where `experiment` is empty. Throws ApiError. */
export function getOverview(experiment: string, signal?: AbortSignal, stages?: Stages): Promise<Overview> {
  return getJson("overview", new URLSearchParams({ experiment, ...ofStages(stages) }), signal);
}

/** What is looked for among the columns of one experiment, or of all. An empty `kind` means both. */
export interface ColumnPageRequest {
  experiment: string;
  stages?: Stages;
  kind: "metrics" | "params" | "tags" | "properties" | "";
  text: string;
  offset: number;
  limit: number;
}

/** Some of the columns in whose names a text stands, those that most runs have first. Throws ApiError. */
export function getColumns(request: ColumnPageRequest, signal?: AbortSignal): Promise<ColumnPage> {
  const { offset, limit, stages, ...rest } = request;
  const asked = { ...rest, ...ofStages(stages) };
  return getJson("columns", new URLSearchParams({ ...asked, offset: String(offset), limit: String(limit) }), signal);
}

/** A column that runs bring a cell of, and what a metric is at a run that has no such series. */
export type CellRequest = { column: string; fill: string };

/** What runs are called, and what they have in a column if any, `MOST_NAMED` at a time. Throws ApiError. */
export function getRunNames(runIds: readonly string[], signal?: AbortSignal, cell?: CellRequest): Promise<RunNames> {
  const parameters = new URLSearchParams([...runIds.map((runId) => ["run", runId]), ...Object.entries(cell ?? {})]);
  return getJson("runs/by-id", parameters, signal);
}

/** So many ids make an address that proxies let through: some take no more than 4,096 characters. */
export const MOST_NAMED = 90;

/**
 * Some of one parent's children, in the server's order; `columns` are the cells that each run brings. Throws ApiError.
 */
export function getRunPage(request: RunPageRequest, signal?: AbortSignal): Promise<RunPage> {
  const { columns, statuses, offset, limit, filter, show, stages, ...rest } = request;
  const filtered = filter === "" ? {} : { filter, show };
  const parameters = new URLSearchParams({
    ...rest,
    ...ofStages(stages),
    ...filtered,
    offset: String(offset),
    limit: String(limit),
  });
  for (const column of columns) {
    parameters.append("column", column);
  }
  if (statuses) {
    parameters.append("statuses", "1");
  }
  return getJson("runs", parameters, signal);
}

/** What a page of groups is asked for: those of the runs that meet `filter`, by their values in the column `by`. */
export interface GroupPageRequest {
  by: string;
  experiment: string;
  stages?: Stages;
  filter: string;
  /** "value", "runs" or a statistic of a column. */
  sort: string;
  order: "asc" | "desc";
  offset: number;
  limit: number;
  /** What a metric is at a run that has no such series. */
  fill: string;
  /** Statistics of columns, such as "mean:metrics.loss". */
  columns: readonly string[];
}

/** Some of the groups of runs, in the server's order. Throws ApiError. */
export function getGroupPage(request: GroupPageRequest, signal?: AbortSignal): Promise<GroupPage> {
  const { columns, offset, limit, stages, ...rest } = request;
  const place = { offset: String(offset), limit: String(limit) };
  const parameters = new URLSearchParams({ ...rest, ...ofStages(stages), ...place });
  for (const column of columns) {
    parameters.append("column", column);
  }
  return getJson("groups", parameters, signal);
}

/** Which of the runs that meet a filter are asked for: the first of an order, or the best of a metric. */
export interface MatchingRequest extends Pick<RunPageRequest, "filter" | "sort" | "limit"> {
  /** Only this run and those below it; empty for all. */
  below: string;
  order: "asc" | "desc" | "best";
}

/** The first of the runs that meet a filter, wherever they are in the trees. Throws ApiError. */
export function getMatching(
  { experiment, stages }: Pick<RunPageRequest, "experiment" | "stages">,
  { filter, below, sort, order, limit }: MatchingRequest,
  signal?: AbortSignal,
): Promise<RunIds> {
  const parameters = new URLSearchParams({
    experiment,
    ...ofStages(stages),
    filter,
    sort,
    order,
    limit: String(limit),
  });
  if (below !== "") {
    parameters.set("below", below);
  }
  return getJson("runs/matching", parameters, signal);
}

/** What the table can be written as. */
export const EXPORT_FORMATS = ["csv", "json"] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** Where all runs that meet a filter are to be had as a file. */
export function exportAddress(
  {
    columns,
    filter,
    stages,
    ...rest
  }: Pick<RunPageRequest, "experiment" | "stages" | "filter" | "sort" | "order" | "columns" | "fill">,
  format: ExportFormat,
): string {
  const parameters = new URLSearchParams({ format, ...rest, ...ofStages(stages), ...(filter !== "" && { filter }) });
  for (const column of columns) {
    parameters.append("column", column);
  }
  return addressOf("export", parameters).href;
}

/** What may stand in the text of a filter at a place, which counts whole characters. Throws ApiError. */
export function getCompletions(
  experiment: string,
  text: string,
  position: number,
  signal?: AbortSignal,
): Promise<Completions> {
  return getJson("completions", new URLSearchParams({ experiment, text, position: String(position) }), signal);
}

/** The metrics that most of some runs have first; 100 runs at most. Throws ApiError. */
export function getMetricsOf(runIds: readonly string[], signal?: AbortSignal): Promise<ColumnPage> {
  const parameters = new URLSearchParams({ kind: "metrics", limit: "20" });
  for (const runId of runIds) {
    parameters.append("run", runId);
  }
  return getJson("columns", parameters, signal);
}

/** The body of an answer that is not JSON. Throws ApiError. */
export function getBytes(path: string, parameters: URLSearchParams, signal?: AbortSignal): Promise<ArrayBuffer> {
  return answer(path, parameters, signal, ANSWER_SECONDS, (response) => response.arrayBuffer());
}

async function getJson<Message>(
  path: string,
  parameters: URLSearchParams,
  signal?: AbortSignal,
  seconds = ANSWER_SECONDS,
): Promise<Message> {
  const text = await answer(path, parameters, signal, seconds, (response) => response.text());
  try {
    return JSON.parse(text) as Message;
  } catch {
    throw new ApiError("The server's answer is not JSON. Is something else answering at this address?", 0);
  }
}

/**
 * The body of an answer, whole, as `read` takes it. A caller's abort passes through; whatever else goes wrong becomes a
 * sentence.
 */
async function answer<Body>(
  path: string,
  parameters: URLSearchParams,
  signal: AbortSignal | undefined,
  seconds: number,
  read: (response: Response) => Promise<Body>,
): Promise<Body> {
  const url = addressOf(path, parameters);
  const ending = new AbortController();
  const end = () => ending.abort();
  const timer = setTimeout(end, seconds * 1000);
  signal?.addEventListener("abort", end);
  if (signal?.aborted) {
    end();
  }
  try {
    const response = await fetch(url, { headers: { Accept: "*/*" }, signal: ending.signal });
    if (!response.ok) {
      throw await problemOf(response);
    }
    return await read(response);
  } catch (error) {
    if (error instanceof ApiError || signal?.aborted) {
      throw error;
    }
    if (ending.signal.aborted) {
      throw new ApiError(`TensorBoard is there, but has not answered for ${seconds} seconds.`, 0, true);
    }
    throw new ApiError("TensorBoard does not answer. Is it still running?", 0);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", end);
  }
}

/** Nothing is said of what is shown without a word. */
function ofStages(stages: Stages = "active"): { stages?: Stages } {
  return stages === "active" ? {} : { stages };
}

function addressOf(path: string, parameters: URLSearchParams): URL {
  const url = new URL(`v1/${path}`, document.baseURI);
  url.search = parameters.toString();
  return url;
}

async function problemOf(response: Response): Promise<ApiError> {
  const text = await response.text().catch(() => "");
  try {
    const problem = JSON.parse(text) as Partial<Problem> | null;
    if (typeof problem?.error === "string" && problem.error !== "") {
      const { position = null, expected = [] } = problem;
      return new ApiError(asSentence(problem.error), response.status, false, { position, expected });
    }
  } catch {
    // A proxy in between answers with a page of its own.
  }
  return new ApiError(`The server refused the request with status ${response.status}.`, response.status);
}

/** The command's messages begin and end as they stand in a terminal; on a page they are sentences. */
function asSentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? "" : ".");
}
