/** Runs and pages as the server would send them, for tests. */
import type { Run, RunPage } from "../api/messages";
import { type LoadedPages, PAGE_SIZE, type Row, RowIndex, type TreeRows } from "../model/rows";

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
    stage: "active",
    is_match: true,
    descendants: [],
    cells: [],
    ...facts,
  };
}

/** What is known of one page: its latest answer, when it came, and why there is no newer one. */
export interface PageState {
  page: RunPage | undefined;
  receivedAt: number;
  problem: string | null;
}

/** A page of exactly these runs, unless `facts` says that there are more. */
export function samplePage(runs: readonly Run[], facts: Partial<RunPage> = {}): RunPage {
  const page = { total: runs.length, offset: 0, now: 2000, matches: null, runs_in_scope: null, columns: [] };
  return { ...page, runs: [...runs], ...facts };
}

/** A page without a problem; of two pages the one with the later `receivedAt` is the newer. */
export function arrived(page: RunPage, receivedAt = 1): PageState {
  return { page, receivedAt, problem: null };
}

/** Pages of several parents, each with its pages from the first on; undefined for one that has not arrived. */
export function samplePages(pages: Record<string, readonly (PageState | undefined)[]>): LoadedPages {
  return new Map(
    Object.entries(pages).map(([parent, states]) => {
      const known = [...states.entries()].flatMap(([number, state]) => (state ? [{ number, ...state }] : []));
      const arrived = known.filter(({ page }) => page !== undefined);
      const newest = arrived.toSorted((a, b) => b.receivedAt - a.receivedAt)[0];
      return [
        parent,
        {
          total: newest?.page?.total ?? null,
          pages: new Map(arrived.map(({ number, page }) => [number, page as RunPage])),
          problems: new Map(known.flatMap(({ number, problem }) => (problem === null ? [] : [[number, problem]]))),
        },
      ];
    }),
  );
}

/** All rows of a tree in order. */
export function allRows(loaded: LoadedPages, expanded: ReadonlySet<string>): Row[] {
  return rowsOf(RowIndex.of(loaded, expanded));
}

/** All rows of an index in order. */
export function rowsOf(index: RowIndex): Row[] {
  return Array.from({ length: index.count }, (_, place) => index.rowAt(place) as Row);
}

/** Rows in an array as a table takes them. */
export function asRows(rows: readonly Row[]): TreeRows {
  return {
    count: rows.length,
    rowAt: (place) => rows[place],
    parentOf: (place) => rows.findLastIndex((row, i) => i < place && row.level < (rows[place]?.level ?? 1)),
    placeOf: (runId) => rows.findIndex((row) => row.kind === "run" && row.run.run_id === runId),
  };
}

/** An index of these runs as roots, in order. */
export function indexOf(runs: readonly Run[], facts: Partial<RunPage> = {}): RowIndex {
  return RowIndex.of(samplePages({ "": [arrived(samplePage(runs, facts))] }), new Set());
}

/** The runs of a whole page, named "PREFIX-0" and so on. */
export function manyRuns(prefix: string, count = PAGE_SIZE): Run[] {
  return Array.from({ length: count }, (_, i) => sampleRun(`${prefix}-${i}`));
}
