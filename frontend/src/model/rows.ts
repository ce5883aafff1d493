/**
 * The rows of the tree, as an index over the pages that have arrived: how many there are, and which stands where. It is
 * made anew for each answer, so making it costs what is expanded and loaded, not what there is.
 */
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

/** What is known of the children of one parent. */
export interface Siblings {
  /** How many there are, by the newest answer; null before the first. */
  total: number | null;
  /** Their pages that have arrived, by number. */
  pages: ReadonlyMap<number, RunPage>;
  /** Why a page has not arrived, or no newer one. */
  problems: ReadonlyMap<number, string>;
}

/** What is known of each parent's children. */
export type LoadedPages = ReadonlyMap<string, Siblings>;

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
  /** What its cells are. */
  columns: readonly string[];
  expanded: boolean;
}

/** A run that has not arrived yet. `problem` stands on the first row of a page that failed. */
export interface PendingRow extends Place {
  kind: "pending";
  problem: string | null;
}

/** Every row of the tree, on screen or not. */
export type Row = RunRow | PendingRow;

/** The children of one parent and, below those that are expanded, theirs. */
interface Branch {
  parent: string;
  level: number;
  siblings: number;
  known: Siblings | undefined;
  /** The expanded ones in order. */
  opened: readonly Opened[];
  /** Of all rows, those below included. */
  count: number;
}

interface Opened {
  /** Among the siblings. */
  index: number;
  /** The place of its first child among the branch's rows. */
  start: number;
  below: Branch;
}

const NO_ROWS: Branch = { parent: ROOTS, level: 1, siblings: 0, known: undefined, opened: [], count: 0 };

/** Rows by their place, from 0 to `count`: what a table needs to know of them. */
export interface TreeRows {
  readonly count: number;
  /** The row at a place, the same object each time; undefined where there is none. */
  rowAt: (place: number) => Row | undefined;
  /** The place of the row of the parent of the row at `place`, -1 for a root. */
  parentOf: (place: number) => number;
  /** The place of a run's row, -1 where it is not among the rows. */
  placeOf: (runId: string) => number;
}

/** All rows of a tree. An index never changes. */
export class RowIndex implements TreeRows {
  private readonly rows = new Map<number, Row>();

  private constructor(private readonly roots: Branch) {}

  /** An index without rows. */
  static readonly EMPTY = new RowIndex(NO_ROWS);

  /** The rows of all roots, each followed by the rows of its children where it is expanded. */
  static of(loaded: LoadedPages, expanded: ReadonlySet<string>): RowIndex {
    return new RowIndex(branchOf(loaded, expanded, ROOTS, 0, 1));
  }

  get count(): number {
    return this.roots.count;
  }

  rowAt(place: number): Row | undefined {
    let row = this.rows.get(place);
    if (row === undefined && place >= 0 && place < this.count) {
      const { branch, index } = this.find(place);
      row = rowOf(branch, index);
      this.rows.set(place, row);
    }
    return row;
  }

  placeOf(runId: string): number {
    return placeIn(this.roots, runId);
  }

  parentOf(place: number): number {
    return this.find(place).parent;
  }

  /** The pages that the rows from `first` to `last`, both included, are on. */
  pagesOf(first: number, last: number): PageRef[] {
    const refs = new Map<string, PageRef>();
    for (let place = Math.max(0, first); place <= Math.min(last, this.count - 1); place++) {
      const { branch, index } = this.find(place);
      const ref = { parent: branch.parent, page: Math.floor(index / PAGE_SIZE) };
      refs.set(keyOf(ref), ref);
    }
    return [...refs.values()];
  }

  private find(place: number): { branch: Branch; index: number; parent: number } {
    let branch = this.roots;
    let rest = place;
    let before = 0;
    let parent = -1;
    for (;;) {
      const opened = lastStartingBy(branch.opened, rest);
      if (opened === undefined) {
        return { branch, index: rest, parent };
      }
      if (rest >= opened.start + opened.below.count) {
        return { branch, index: rest - (opened.start + opened.below.count) + opened.index + 1, parent };
      }
      parent = before + opened.start - 1;
      before += opened.start;
      rest -= opened.start;
      branch = opened.below;
    }
  }
}

function branchOf(
  loaded: LoadedPages,
  expanded: ReadonlySet<string>,
  parent: string,
  children: number,
  level: number,
): Branch {
  const known = loaded.get(parent);
  const siblings = known?.total ?? children;
  const opened: Opened[] = [];
  let below = 0;
  for (const { index, run } of expandedOf(known, expanded)) {
    if (index < siblings) {
      const branch = branchOf(loaded, expanded, run.run_id, run.children, level + 1);
      opened.push({ index, start: index + below + 1, below: branch });
      below += branch.count;
    }
  }
  return { parent, level, siblings, known, opened, count: siblings + below };
}

/** The expanded runs among the children of one parent, in order. */
function expandedOf(known: Siblings | undefined, expanded: ReadonlySet<string>): { index: number; run: Run }[] {
  if (known === undefined || expanded.size === 0) {
    return [];
  }
  const found: { index: number; run: Run }[] = [];
  for (const [number, page] of known.pages) {
    for (const place of lookedAt(page).parents) {
      const run = page.runs[place] as Run;
      if (expanded.has(run.run_id)) {
        found.push({ index: number * PAGE_SIZE + place, run });
      }
    }
  }
  return found.sort((a, b) => a.index - b.index);
}

interface Looked {
  places: ReadonlyMap<string, number>;
  /** Places of the runs that have children. */
  parents: readonly number[];
}

/** The runs of a page stay the same object for as long as they say the same: they are looked through once. */
const looked = new WeakMap<readonly Run[], Looked>();

function lookedAt({ runs }: RunPage): Looked {
  let known = looked.get(runs);
  if (known === undefined) {
    known = {
      places: new Map(runs.map((run, place) => [run.run_id, place])),
      parents: runs.flatMap((run, place) => (run.children > 0 ? [place] : [])),
    };
    looked.set(runs, known);
  }
  return known;
}

function rowOf({ parent, level, siblings, known, opened }: Branch, index: number): Row {
  const place = { parent, index, siblings, level };
  const number = Math.floor(index / PAGE_SIZE);
  const page = known?.pages.get(number);
  const run = page?.runs[index % PAGE_SIZE];
  if (page === undefined || run === undefined) {
    const problem = index % PAGE_SIZE === 0 ? (known?.problems.get(number) ?? null) : null;
    return { kind: "pending", problem, ...place };
  }
  return { kind: "run", run, columns: page.columns, expanded: opened.some((one) => one.index === index), ...place };
}

function placeIn(branch: Branch, runId: string): number {
  for (const [number, page] of branch.known?.pages ?? []) {
    const place = lookedAt(page).places.get(runId);
    if (place !== undefined) {
      const index = number * PAGE_SIZE + place;
      return index < branch.siblings ? index + rowsBelow(branch.opened, index) : -1;
    }
  }
  for (const { start, below } of branch.opened) {
    const place = placeIn(below, runId);
    if (place >= 0) {
      return start + place;
    }
  }
  return -1;
}

/** How many rows stand below the expanded ones before a sibling. */
function rowsBelow(opened: readonly Opened[], index: number): number {
  return opened.reduce((sum, one) => (one.index < index ? sum + one.below.count : sum), 0);
}

function lastStartingBy(opened: readonly Opened[], place: number): Opened | undefined {
  let low = 0;
  let high = opened.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((opened[middle] as Opened).start <= place) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return opened[low - 1];
}

/** A text that differs for every page of every parent. */
export function keyOf({ parent, page }: PageRef): string {
  return `${parent}:${page}`;
}
