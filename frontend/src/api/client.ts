/**
 * The one place that knows the server: its URLs, and how it says that something is wrong.
 *
 * The page's base address is TensorBoard's for this plugin, wherever a proxy or a path prefix has put it.
 */
import type { Overview, Problem, RunPage, Version } from "./messages";

/** Why there is no answer, as a sentence for the person in front of the page. */
export class ApiError extends Error {
  override name = "ApiError";

  /** `status` is the HTTP status, 0 where no answer came at all. */
  constructor(
    message: string,
    readonly status: number,
  ) {
    super(message);
  }
}

/** What a page of the tree is asked for. Empty `parent` means the roots, empty `experiment` all experiments. */
export interface RunPageRequest {
  parent: string;
  experiment: string;
  sort: string;
  order: "asc" | "desc";
  offset: number;
  limit: number;
  columns: readonly string[];
}

/** The store's version now: a text that differs whenever any answer may differ. Throws ApiError. */
export function getVersion(signal?: AbortSignal): Promise<Version> {
  return getJson("version", new URLSearchParams(), signal);
}

/** The experiments and columns of one experiment, of all where `experiment` is empty. Throws ApiError. */
export function getOverview(experiment: string, signal?: AbortSignal): Promise<Overview> {
  return getJson("overview", new URLSearchParams({ experiment }), signal);
}

/**
 * Some of one parent's children, in the server's order; `columns` are the cells that each run brings. Throws ApiError.
 */
export function getRunPage(request: RunPageRequest, signal?: AbortSignal): Promise<RunPage> {
  const { columns, offset, limit, ...rest } = request;
  const parameters = new URLSearchParams({ ...rest, offset: String(offset), limit: String(limit) });
  for (const column of columns) {
    parameters.append("column", column);
  }
  return getJson("runs", parameters, signal);
}

/** The body of an answer that is not JSON. Throws ApiError. */
export async function getBytes(path: string, parameters: URLSearchParams, signal?: AbortSignal): Promise<ArrayBuffer> {
  return whole((await answer(path, parameters, signal)).arrayBuffer());
}

async function getJson<Message>(path: string, parameters: URLSearchParams, signal?: AbortSignal): Promise<Message> {
  const text = await whole((await answer(path, parameters, signal)).text());
  try {
    return JSON.parse(text) as Message;
  } catch {
    throw new ApiError("The server's answer is not JSON. Is something else answering at this address?", 0);
  }
}

async function answer(path: string, parameters: URLSearchParams, signal?: AbortSignal): Promise<Response> {
  const url = new URL(`v1/${path}`, document.baseURI);
  url.search = parameters.toString();
  const response = await whole(fetch(url, { headers: { Accept: "*/*" }, ...(signal && { signal }) }));
  if (!response.ok) {
    throw new ApiError(await sentenceOf(response), response.status);
  }
  return response;
}

/** Waits for what the network brings. An abort passes through; anything else becomes a sentence. */
async function whole<Body>(arriving: Promise<Body>): Promise<Body> {
  try {
    return await arriving;
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") {
      throw error;
    }
    throw new ApiError("TensorBoard does not answer. Is it still running?", 0);
  }
}

async function sentenceOf(response: Response): Promise<string> {
  const text = await response.text().catch(() => "");
  try {
    const problem = JSON.parse(text) as Partial<Problem> | null;
    if (typeof problem?.error === "string" && problem.error !== "") {
      return asSentence(problem.error);
    }
  } catch {
    // A proxy in between answers with a page of its own.
  }
  return `The server refused the request with status ${response.status}.`;
}

/** The command's messages begin and end as they stand in a terminal; on a page they are sentences. */
function asSentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? "" : ".");
}
