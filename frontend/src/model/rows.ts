/**
 * The rows of the tree, as an index over the pages that have arrived: how many there are, and which stands where. It is
 * made anew for each answer, so making it costs what is expanded and loaded, not what there is.
 */
import type { Run, RunPage } from "../api/messages";
import type { Group } from "./groups";

/** How many children of one parent a page holds. */
export const PAGE_SIZE = 100;
/** The parent of the runs that have none. */
export const ROOTS = "";

/** Which page of which parent's children. */
export interface PageRef {
  parent: string;
  page: number;
}

/** A page of the children of one parent: runs or, where there are `groups`, these in their place. */
export interface RowPage extends Pick<RunPage, "total" | "matches" | "runs_in_scope" | "columns"> {
  runs: readonly Run[];
  groups?: readonly Group[];
}

/** What is known of the children of one parent. */
export interface Siblings {
  /** How many there are, by the newest answer; null before the first. */
  total: number | null;
  /** Their pages that have arrived, by number. */
  pages: ReadonlyMap<number, RowPage>;
  /** Why a page has not arrived, or no newer one. */
  problems: ReadonlyMap<number, string>;
}

/** What is known of each parent's children; a parent is a run's id, or the key of a group. */
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

/** A group of runs at its place. */
export interface GroupRow extends Place {
  kind: "group";
  group: Group;
  columns: readonly string[];
  expanded: boolean;
}

/** A run or a group that has not arrived yet. `problem` stands on the first row of a page that failed. */
export interface PendingRow extends Place {
  kind: "pending";
  problem: string | null;
}

/** Every row of the tree, on screen or not. */
export type Row = RunRow | GroupRow | PendingRow;

/** By what a row is found again, a run's id or the key of a group; null for one that has not arrived. */
export function keyIn(row: Row | undefined): string | null {
  return row?.kind === "run" ? row.run.run_id : row?.kind === "group" ? row.group.key : null;
}

/** Whether a row can be unfolded, or is. */
export function canExpand(row: Row | undefined): row is RunRow | GroupRow {
  return (row?.kind === "run" && row.run.children > 0) || (row?.kind === "group" && row.group.children > 0);
}

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
  /** The first place of the row of a run, or of the group with this key; -1 where it is not among the rows. */
  placeOf: (key: string) => number;
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

  placeOf(key: string): number {
    return placeIn(this.roots, key);
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
  expected: number,
  level: number,
): Branch {
  const known = loaded.get(parent);
  const siblings = known?.total ?? expected;
  const opened: Opened[] = [];
  let below = 0;
  for (const { index, key, children } of expandedOf(known, expanded)) {
    if (index < siblings) {
      const branch = branchOf(loaded, expanded, key, children, level + 1);
      opened.push({ index, start: index + below + 1, below: branch });
      below += branch.count;
    }
  }
  return { parent, level, siblings, known, opened, count: siblings + below };
}

interface Expanded {
  index: number;
  key: string;
  children: number;
}

/** The expanded ones among the children of one parent, in order. */
function expandedOf(known: Siblings | undefined, expanded: ReadonlySet<string>): Expanded[] {
  if (known === undefined || expanded.size === 0) {
    return [];
  }
  const found: Expanded[] = [];
  for (const [number, page] of known.pages) {
    for (const { place, key, children } of lookedAt(page).parents) {
      if (expanded.has(key)) {
        found.push({ index: number * PAGE_SIZE + place, key, children });
      }
    }
  }
  return found.sort((a, b) => a.index - b.index);
}

interface Looked {
  places: ReadonlyMap<string, number>;
  /** Those that have children. */
  parents: readonly { place: number; key: string; children: number }[];
}

/** What stands on a page stays the same object for as long as it says the same: it is looked through once. */
const looked = new WeakMap<readonly (Run | Group)[], Looked>();

function lookedAt({ runs, groups }: RowPage): Looked {
  const items = groups ?? runs;
  let known = looked.get(items);
  if (known === undefined) {
    const keys = keysOn({ runs, groups });
    known = {
      places: new Map(keys.map((key, place) => [key, place])),
      parents: items.flatMap(({ children }, place) => {
        const key = keys[place] as string;
        return children > 0 ? [{ place, key, children }] : [];
      }),
    };
    looked.set(items, known);
  }
  return known;
}

/** The ids of the runs on a page, or the keys of its groups. */
export function keysOn({ runs, groups }: Pick<RowPage, "runs"> & { groups?: readonly Group[] | undefined }): string[] {
  return groups?.map(({ key }) => key) ?? runs.map(({ run_id }) => run_id);
}

function rowOf({ parent, level, siblings, known, opened }: Branch, index: number): Row {
  const place = { parent, index, siblings, level };
  const number = Math.floor(index / PAGE_SIZE);
  const page = known?.pages.get(number);
  const run = page?.runs[index % PAGE_SIZE];
  const group = page?.groups?.[index % PAGE_SIZE];
  if (page !== undefined && group !== undefined) {
    return { kind: "group", group, columns: page.columns, expanded: isOpened(opened, index), ...place };
  }
  if (page === undefined || run === undefined) {
    const problem = index % PAGE_SIZE === 0 ? (known?.problems.get(number) ?? null) : null;
    return { kind: "pending", problem, ...place };
  }
  return { kind: "run", run, columns: page.columns, expanded: isOpened(opened, index), ...place };
}

function isOpened(opened: readonly Opened[], index: number): boolean {
  return opened.some((one) => one.index === index);
}

function placeIn(branch: Branch, key: string): number {
  for (const [number, page] of branch.known?.pages ?? []) {
    const place = lookedAt(page).places.get(key);
    if (place !== undefined) {
      const index = number * PAGE_SIZE + place;
      return index < branch.siblings ? index + rowsBelow(branch.opened, index) : -1;
    }
  }
  for (const { start, below } of branch.opened) {
    const place = placeIn(below, key);
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
