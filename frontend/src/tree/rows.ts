/** The rows of the tree: a pure function of the pages that have arrived and of what is expanded. */
import type { Run, RunPage } from "../api/messages";

/** How many children of one parent a page holds. */
export const PAGE_SIZE = 100;
/** The parent of the runs that have none. */
export const ROOTS = "";

/** Which page of which parent's children. */
export interface PageRef {
  parent: string;
  page: number;
}

/** What is known of one page: its latest answer, and why there is no newer one. */
export interface PageState {
  page: RunPage | undefined;
  /** When the answer arrived, in milliseconds since the epoch; 0 for none. */
  receivedAt: number;
  problem: string | null;
}

/** Per parent, what is known of its pages by their number. */
export type LoadedPages = ReadonlyMap<string, ReadonlyMap<number, PageState>>;

interface Place {
  parent: string;
  /** Among its siblings, from 0. */
  index: number;
  siblings: number;
  /** 1 for a root. */
  level: number;
}

/** A run that has arrived, at its place. */
export interface RunRow extends Place {
  kind: "run";
  run: Run;
  /** The page it came on, which says what its cells are. */
  page: RunPage;
  expanded: boolean;
}

/** A run that has not arrived yet. `problem` stands on the first row of a page that failed. */
export interface PendingRow extends Place {
  kind: "pending";
  problem: string | null;
}

/** Every row of the tree, on screen or not. */
export type Row = RunRow | PendingRow;

/** The rows of all roots, each followed by the rows of its children where it is expanded. */
export function toRows(loaded: LoadedPages, expanded: ReadonlySet<string>): Row[] {
  const rows: Row[] = [];
  appendChildren(rows, loaded, expanded, ROOTS, 0, 1);
  return rows;
}

function appendChildren(
  rows: Row[],
  loaded: LoadedPages,
  expanded: ReadonlySet<string>,
  parent: string,
  children: number,
  level: number,
): void {
  const pages = loaded.get(parent);
  const siblings = totalOf(pages) ?? children;
  for (let index = 0; index < siblings; index++) {
    const place = { parent, index, siblings, level };
    const state = pages?.get(Math.floor(index / PAGE_SIZE));
    const run = state?.page?.runs[index % PAGE_SIZE];
    if (state?.page === undefined || run === undefined) {
      const problem = index % PAGE_SIZE === 0 ? (state?.problem ?? null) : null;
      rows.push({ kind: "pending", problem, ...place });
      continue;
    }
    const isExpanded = run.children > 0 && expanded.has(run.run_id);
    rows.push({ kind: "run", run, page: state.page, expanded: isExpanded, ...place });
    if (isExpanded) {
      appendChildren(rows, loaded, expanded, run.run_id, run.children, level + 1);
    }
  }
}

/** How many children the newest answer speaks of. */
function totalOf(pages: ReadonlyMap<number, PageState> | undefined): number | undefined {
  let newest: PageState | undefined;
  for (const state of pages?.values() ?? []) {
    if (state.page !== undefined && (newest === undefined || state.receivedAt > newest.receivedAt)) {
      newest = state;
    }
  }
  return newest?.page?.total;
}

/** The pages that the rows from `first` to `last`, both included, are on. With no rows, the first page of the roots. */
export function pagesOf(rows: readonly Row[], first: number, last: number): PageRef[] {
  const refs = new Map<string, PageRef>();
  for (const row of rows.slice(Math.max(0, first), last + 1)) {
    const ref = { parent: row.parent, page: Math.floor(row.index / PAGE_SIZE) };
    refs.set(keyOf(ref), ref);
  }
  return refs.size > 0 ? [...refs.values()] : [{ parent: ROOTS, page: 0 }];
}

/** A text that differs for every page of every parent. */
export function keyOf({ parent, page }: PageRef): string {
  return `${parent}:${page}`;
}

/** The index of the row of a run, -1 where it is not among the rows. */
export function indexOfRun(rows: readonly Row[], runId: string): number {
  return rows.findIndex((row) => row.kind === "run" && row.run.run_id === runId);
}

/** The index of the row of the parent of the row at `index`, -1 for a root. */
export function indexOfParent(rows: readonly Row[], index: number): number {
  const level = rows[index]?.level ?? 1;
  for (let i = index - 1; i >= 0; i--) {
    if ((rows[i]?.level ?? 1) < level) {
      return i;
    }
  }
  return -1;
}
