/** The pages of the table that are on screen, kept up to date, and those seen before as they were. */
import { type UseQueryResult, useQueries, useQueryClient } from "@tanstack/react-query";
import { useCallback, useMemo, useState } from "react";
import { getGroupPage, getRunPage, type RunPageRequest } from "../api/client";
import { FILL } from "../model/columnText";
import type { Shown } from "../model/filters";
import { allOf, conditionsIn, groupColumns, groupSorting, groupsOf } from "../model/groups";
import { type LoadedPages, PAGE_SIZE, type PageRef, ROOTS, type RowPage } from "../model/rows";
import { noteServerTime } from "./clock";
import { type Answer, askAgain, type LiveQuestion, liveAnswer, liveOptions } from "./liveQuery";
import { EMPTY_BOOK, type Found, type PageAnswer, type PageBook, withAnswers } from "./pageBook";

/** What decides the content of a page besides its place. */
export interface Listing
  extends Pick<RunPageRequest, "experiment" | "stages" | "filter" | "sort" | "order" | "columns"> {
  show: Shown;
  /** The columns by which runs are grouped, the outermost first. */
  groupBy: readonly string[];
}

/** Pages that have arrived, and what is known of how true they are. */
export interface RunPages {
  loaded: LoadedPages;
  /** Nothing is known yet: not even how many roots there are. */
  isLoading: boolean;
  /** The pages are those of an earlier order or choice of columns, until the first of the new ones arrive. */
  isEarlier: boolean;
  /** How many runs meet the filter, of how many; null without a filter, and until that is known. */
  found: Found | null;
  /** Why the roots cannot be shown. */
  problem: string | null;
  /** How many runs have arrived that are not among the rows, because these are held. */
  waiting: number;
  /** Whether rows are held that would stand elsewhere by now. */
  isBehind: boolean;
  retry: () => void;
}

/** Always the same object. */
const NO_RUNS: RowPage["runs"] = [];

type Family = Omit<RunPageRequest, "offset" | "limit" | "columns" | "statuses">;

/** What a listing asks for of the children of one parent, which are runs. */
function familyOf({ experiment, stages, filter, show, sort, order, groupBy }: Listing, parent: string): Family {
  const rest = { experiment, ...(stages && { stages }), fill: FILL, sort, order };
  const conditions = groupBy.length > 0 ? conditionsIn(parent) : null;
  if (conditions !== null) {
    return { ...rest, parent: ROOTS, filter: allOf([filter, ...conditions]), show: "tops" };
  }
  // What stands below a run of a list is no list of matches.
  const isOfList = groupBy.length > 0 || (show === "flat" && parent !== ROOTS);
  return { ...rest, parent, filter, show: isOfList ? "tops" : show };
}

/** The column by whose values the children of one parent are grouped; null where these are runs. */
function groupedBy({ groupBy }: Pick<Listing, "groupBy">, parent: string): string | null {
  return groupBy[conditionsIn(parent)?.length ?? groupBy.length] ?? null;
}

/** So many runs a question, when nothing but their order is of interest. */
const MOST_AT_ONCE = 500;

/** Where a run stands among the children of one parent, -1 where it does not. Throws ApiError. */
export async function indexAmong(listing: Listing, parent: string, runId: string): Promise<number> {
  const limit = MOST_AT_ONCE;
  for (let offset = 0, total = 1; offset < total; offset += limit) {
    const page = await getRunPage({ ...familyOf(listing, parent), offset, limit, columns: [], statuses: false });
    const index = page.runs.findIndex(({ run_id }) => run_id === runId);
    if (index >= 0) {
      return offset + index;
    }
    total = page.total;
  }
  return -1;
}

/** The question for one page. */
export function pageQuestion(listing: Listing, ref: PageRef): LiveQuestion<RowPage> {
  const by = groupedBy(listing, ref.parent);
  return {
    key: ["runs", listing, ref.parent, ref.page],
    ask: (signal) => (by === null ? askForRuns(listing, ref, signal) : askForGroups(listing, ref, by, signal)),
  };
}

async function askForRuns(listing: Listing, { parent, page }: PageRef, signal: AbortSignal): Promise<RowPage> {
  const { columns, groupBy } = listing;
  const place = { ...familyOf(listing, parent), offset: page * PAGE_SIZE, limit: PAGE_SIZE };
  const answer = await getRunPage({ ...place, columns, statuses: true }, signal);
  noteServerTime(answer.now);
  // What a group's runs say of the filter is within the group.
  return { ...answer, matches: groupBy.length > 0 ? null : answer.matches, columns: [...columns] };
}

async function askForGroups(listing: Listing, ref: PageRef, by: string, signal: AbortSignal): Promise<RowPage> {
  const { parent, page } = ref;
  const { experiment, stages, filter, groupBy } = listing;
  const conditions = conditionsIn(parent) ?? [];
  const columns = groupColumns(listing.columns);
  const place = { offset: page * PAGE_SIZE, limit: PAGE_SIZE };
  const among = { experiment, ...(stages && { stages }), filter: allOf([filter, ...conditions]), by, fill: FILL };
  const answer = await getGroupPage({ ...among, ...groupSorting(listing, by), ...place, columns }, signal);
  return {
    total: answer.total,
    matches: conditions.length > 0 ? null : answer.matches,
    runs_in_scope: answer.runs_in_scope,
    columns,
    runs: NO_RUNS,
    groups: groupsOf(answer, parent, by, conditions.length + 1 === groupBy.length),
  };
}

/**
 * Asks for the pages at `wanted`. With `isHeld` no row moves that is there. The pages of another order or choice of
 * columns stay until the first of the new ones arrives, those of another experiment do not.
 */
export function useRunPages(
  listing: Listing,
  wanted: readonly PageRef[],
  expanded: ReadonlySet<string>,
  isHeld: boolean,
): RunPages {
  const client = useQueryClient();
  const combine = useCallback((results: UseQueryResult<Answer<RowPage>>[]): PageAnswer[] => results.map(answerOf), []);
  const answers = useQueries({
    queries: wanted.map((ref) => liveOptions(client, pageQuestion(listing, ref))),
    combine,
  });
  const { book, earlier } = useBook(listing, wanted, answers, expanded, isHeld);
  const roots = book.loaded.get(ROOTS);
  const hasArrived = roots?.total !== null && roots !== undefined;
  const problem = [...(roots?.problems.values() ?? [])][0] ?? null;
  const shown = hasArrived ? book : (earlier ?? book);
  return {
    loaded: shown.loaded,
    isLoading: !hasArrived && earlier === null && problem === null,
    isEarlier: !hasArrived && earlier !== null,
    found: shown.found,
    problem: hasArrived ? null : problem,
    waiting: shown.waiting,
    isBehind: shown.isBehind,
    retry: useCallback(() => askAgain(client, ["runs"]), [client]),
  };
}

interface Books {
  key: string;
  experiment: string;
  book: PageBook;
  /** That of the listing before, of the same experiment; null where there is none to show. */
  earlier: PageBook | null;
}

function useBook(
  listing: Listing,
  wanted: readonly PageRef[],
  answers: readonly PageAnswer[],
  expanded: ReadonlySet<string>,
  isHeld: boolean,
): Pick<Books, "book" | "earlier"> {
  const key = useMemo(() => JSON.stringify(listing), [listing]);
  const { experiment } = listing;
  const [books, setBooks] = useState<Books>({ key, experiment, book: EMPTY_BOOK, earlier: null });
  const current = books.key === key ? books : turned(books, key, experiment);
  const book = withAnswers(current.book, wanted, answers, isHeld, expanded);
  const next = book === current.book ? current : { ...current, book };
  if (next !== books) {
    setBooks(next);
  }
  return next;
}

/** The books at the beginning of another listing. */
function turned({ book, earlier, experiment: before }: Books, key: string, experiment: string): Books {
  const last = (book.loaded.get(ROOTS)?.total ?? null) === null ? earlier : book;
  return { key, experiment, book: EMPTY_BOOK, earlier: experiment === before ? last : null };
}

function answerOf(result: UseQueryResult<Answer<RowPage>>): PageAnswer {
  const { content, problem } = liveAnswer(result);
  return { page: content, askedAt: result.data?.askedAt ?? 0, problem };
}
