/**
 * The pages of one listing that have arrived, those out of sight included: a pure function from the book before and new
 * answers to the book after.
 *
 * While the table is held, because somebody points at a row, answers that would move rows wait in the margin.
 */
import { keyOf, keysOn, type LoadedPages, type PageRef, type RowPage, type Siblings } from "../model/rows";

/** What is known of a page now: its latest answer, when that was asked for, and why there is no newer one. */
export interface PageAnswer {
  page: RowPage | undefined;
  askedAt: number;
  problem: string | null;
}

/** How many of the runs in scope meet a filter. */
export interface Found {
  matches: number;
  inScope: number;
}

/** The pages, and what waits. */
export interface PageBook {
  loaded: LoadedPages;
  /** What the newest answer says of the filter; null where there is none. */
  found: Found | null;
  /** When the answer that a parent's total is from was asked for. */
  askedAt: ReadonlyMap<string, number>;
  /** How many runs more there are than the rows say, where rows are held. */
  waiting: number;
  /** Whether rows are held that would stand elsewhere. */
  isBehind: boolean;
}

export const EMPTY_BOOK: PageBook = { loaded: new Map(), found: null, askedAt: new Map(), waiting: 0, isBehind: false };

/** Pages beyond these are forgotten, those that were seen longest ago first: memory is bounded whatever is scrolled. */
export const MOST_PAGES = 300;

const NOTHING_KNOWN: Siblings = { total: null, pages: new Map(), problems: new Map() };

/** The book with the answers to the pages at `refs` in it; the same book where they say nothing new. */
export function withAnswers(
  book: PageBook,
  refs: readonly PageRef[],
  answers: readonly PageAnswer[],
  isHeld: boolean,
  expanded: ReadonlySet<string>,
): PageBook {
  const loaded = new Map(book.loaded);
  const askedAt = new Map(book.askedAt);
  let waiting = 0;
  let isBehind = false;
  for (const [i, ref] of refs.entries()) {
    const answer = answers[i] ?? { page: undefined, askedAt: 0, problem: null };
    const known = loaded.get(ref.parent) ?? NOTHING_KNOWN;
    if (isHeld && answer.page !== undefined && moves(known, ref.page, answer.page)) {
      waiting = Math.max(waiting, answer.page.groups === undefined ? answer.page.total - (known.total ?? 0) : 0);
      isBehind = true;
      continue;
    }
    const isNewest = answer.askedAt > (askedAt.get(ref.parent) ?? 0);
    const next = withPage(known, ref.page, answer, isNewest);
    if (next !== known) {
      loaded.set(ref.parent, next);
      askedAt.set(ref.parent, Math.max(answer.askedAt, askedAt.get(ref.parent) ?? 0));
    }
  }
  const found = foundIn(answers, book.found);
  const isSame = [...loaded].every(([parent, siblings]) => book.loaded.get(parent) === siblings);
  if (isSame && found === book.found && waiting === book.waiting && isBehind === book.isBehind) {
    return book;
  }
  return { loaded: isSame ? book.loaded : withinBounds(loaded, refs, expanded), found, askedAt, waiting, isBehind };
}

/** What the newest of the answers that know it says; the same object where that is nothing new. */
function foundIn(answers: readonly PageAnswer[], before: Found | null): Found | null {
  let newest: PageAnswer | null = null;
  for (const answer of answers) {
    if (typeof answer.page?.matches === "number" && answer.askedAt >= (newest?.askedAt ?? 0)) {
      newest = answer;
    }
  }
  const matches = newest?.page?.matches ?? null;
  const inScope = newest?.page?.runs_in_scope ?? null;
  if (matches === null || inScope === null) {
    return before;
  }
  return before?.matches === matches && before?.inScope === inScope ? before : { matches, inScope };
}

/** Whether an answer puts another run at a place that shows one already, or moves what stands below. */
function moves(known: Siblings, number: number, page: RowPage): boolean {
  const before = known.pages.get(number);
  if (known.total === null || before === undefined) {
    return false;
  }
  return known.total !== page.total || !areSameRows(before, page);
}

function areSameRows(a: RowPage, b: RowPage): boolean {
  if (a.runs === b.runs && a.groups === b.groups) {
    return true;
  }
  const [before, after] = [keysOn(a), keysOn(b)];
  return before.length === after.length && before.every((key, i) => key === after[i]);
}

function withPage(known: Siblings, number: number, answer: PageAnswer, isNewest: boolean): Siblings {
  const { page, problem } = answer;
  const total = isNewest && page !== undefined ? page.total : known.total;
  const isSamePage = page === undefined || isSame(known.pages.get(number), page);
  const isSameProblem = (known.problems.get(number) ?? null) === problem;
  if (isSamePage && isSameProblem && total === known.total) {
    return known;
  }
  const problems = new Map(known.problems);
  if (problem === null) {
    problems.delete(number);
  } else {
    problems.set(number, problem);
  }
  const pages = new Map(known.pages);
  if (page !== undefined) {
    // To the end, so that the pages stand in the order in which they were last new.
    pages.delete(number);
    pages.set(number, page);
  }
  return { total, pages: isSamePage ? known.pages : pages, problems: isSameProblem ? known.problems : problems };
}

function isSame(known: RowPage | undefined, page: RowPage): boolean {
  return known?.runs === page.runs && known.groups === page.groups && known.columns === page.columns;
}

function withinBounds(
  loaded: Map<string, Siblings>,
  refs: readonly PageRef[],
  expanded: ReadonlySet<string>,
): LoadedPages {
  let excess = [...loaded.values()].reduce((sum, { pages }) => sum + pages.size, -MOST_PAGES);
  const wanted = new Set(refs.map(keyOf));
  for (const [parent, siblings] of loaded) {
    if (excess <= 0) {
      break;
    }
    const kept = new Map(siblings.pages);
    for (const [number, page] of siblings.pages) {
      const isNeeded = wanted.has(keyOf({ parent, page: number })) || keysOn(page).some((key) => expanded.has(key));
      if (excess > 0 && !isNeeded) {
        kept.delete(number);
        excess--;
      }
    }
    loaded.set(parent, { ...siblings, pages: kept });
  }
  return loaded;
}
