/** Runs and pages as the server would send them, for tests. */
import type { Run, RunPage } from "../api/messages";
import { type LoadedPages, PAGE_SIZE, type PageState } from "./rows";

/** A run that completed after a minute, without children or cells, but for `facts`. */
export function sampleRun(run_id: string, facts: Partial<Run> = {}): Run {
  return {
    run_id,
    name: `name of ${run_id}`,
    experiment: "mnist",
    number: 1,
    status: "Completed",
    error: "",
    created_at: 1000,
    started_at: 1000,
    ended_at: 1060,
    children: 0,
    dropped: 0,
    cells: [],
    ...facts,
  };
}

/** A page of exactly these runs, unless `facts` says that there are more. */
export function samplePage(runs: readonly Run[], facts: Partial<RunPage> = {}): RunPage {
  return { total: runs.length, offset: 0, now: 2000, columns: [], runs: [...runs], ...facts };
}

/** A page without a problem; of two pages the one with the later `receivedAt` is the newer. */
export function arrived(page: RunPage, receivedAt = 1): PageState {
  return { page, receivedAt, problem: null };
}

/** Pages of several parents, each with its pages from the first on; undefined for one that has not arrived. */
export function samplePages(pages: Record<string, readonly (PageState | undefined)[]>): LoadedPages {
  return new Map(
    Object.entries(pages).map(([parent, states]) => [
      parent,
      new Map(states.flatMap((state, i) => (state === undefined ? [] : [[i, state] as const]))),
    ]),
  );
}

/** The runs of a whole page, named "PREFIX-0" and so on. */
export function manyRuns(prefix: string, count = PAGE_SIZE): Run[] {
  return Array.from({ length: count }, (_, i) => sampleRun(`${prefix}-${i}`));
}
