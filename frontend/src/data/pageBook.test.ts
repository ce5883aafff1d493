import { expect, test } from "vitest";
import type { RunPage } from "../api/messages";
import type { Group } from "../model/groups";
import { PAGE_SIZE, type PageRef, RowIndex, type RowPage } from "../model/rows";
import { manyRuns, samplePage, sampleRun } from "../testing/runs";
import { EMPTY_BOOK, MOST_PAGES, type PageAnswer, type PageBook, withAnswers } from "./pageBook";

const NONE: ReadonlySet<string> = new Set();
const TOTAL = 100_000;

const ref = (page: number): PageRef => ({ parent: "", page });
const answer = (page: RunPage, askedAt = 1): PageAnswer => ({ page, askedAt, problem: null });
const pageOf = (number: number) => samplePage(manyRuns(`p${number}`), { total: TOTAL, offset: number * PAGE_SIZE });

/** A book in which so many pages were read one after the other, as somebody scrolls. */
function scrolled(pages: number, expanded = NONE): PageBook {
  let book = EMPTY_BOOK;
  for (let number = 0; number < pages; number++) {
    book = withAnswers(book, [ref(number)], [answer(pageOf(number), number + 1)], false, expanded);
  }
  return book;
}

test("answers that say nothing new leave the book as it is", () => {
  const page = pageOf(0);
  const book = withAnswers(EMPTY_BOOK, [ref(0)], [answer(page)], false, NONE);
  expect(withAnswers(book, [ref(0)], [answer(page)], false, NONE)).toBe(book);
  expect(withAnswers(book, [ref(0)], [answer({ ...page, now: 9999 }, 2)], false, NONE)).toBe(book);
});

test("how many runs meet the filter is what the newest answer says, whichever page that is of, and rows stay as they are", () => {
  const [first, second] = [pageOf(0), pageOf(1)];
  const said = (page: RunPage, matches: number) => ({ ...page, matches, runs_in_scope: 9 });
  const refs = [ref(0), ref(1)];
  const book = withAnswers(EMPTY_BOOK, refs, [answer(said(first, 3), 1), answer(said(second, 3), 2)], false, NONE);
  expect(book.found).toEqual({ matches: 3, inScope: 9 });
  const later = withAnswers(book, refs, [answer(said(first, 4), 3), answer(said(second, 3), 2)], false, NONE);
  expect([later.found, later.loaded]).toEqual([{ matches: 4, inScope: 9 }, book.loaded]);
  expect(withAnswers(later, refs, [answer(first, 5), answer(second, 4)], false, NONE).found).toBe(later.found);
});

test("of two pages asked at one time that disagree about the total, the book settles on one", () => {
  const answers = [
    answer(samplePage(manyRuns("a"), { total: 250 })),
    answer(samplePage(manyRuns("b"), { total: 251 })),
  ];
  const book = withAnswers(EMPTY_BOOK, [ref(0), ref(1)], answers, false, NONE);
  expect(withAnswers(book, [ref(0), ref(1)], answers, false, NONE)).toBe(book);
});

test("however far somebody scrolls, a bounded number of pages is kept, and the length of the table stays", () => {
  const book = scrolled(1000);
  const roots = book.loaded.get("");
  expect(roots?.pages.size).toBeLessThanOrEqual(MOST_PAGES);
  expect([...(roots?.pages.keys() ?? [])].at(-1)).toBe(999);
  expect(RowIndex.of(book.loaded, NONE).count).toBe(TOTAL);
});

test("what is unfolded stays in its place, however far away it is", () => {
  const expanded = new Set(["p0-7"]);
  const first = samplePage(
    manyRuns("p0").map((run) => (run.run_id === "p0-7" ? sampleRun("p0-7", { children: 3 }) : run)),
    { total: TOTAL },
  );
  let book = withAnswers(EMPTY_BOOK, [ref(0)], [answer(first)], false, expanded);
  for (let number = 1; number < 1000; number++) {
    book = withAnswers(book, [ref(number)], [answer(pageOf(number), number + 1)], false, expanded);
  }
  const rows = RowIndex.of(book.loaded, expanded);
  expect([rows.count, rows.placeOf("p0-7"), rows.placeOf("p999-0")]).toEqual([TOTAL + 3, 7, 99_903]);
});

test("an answer among 100,000 rows costs next to nothing", () => {
  const book = scrolled(1000);
  const first = RowIndex.of(book.loaded, NONE);
  first.rowAt(0);
  const started = performance.now();
  for (let round = 0; round < 100; round++) {
    const changed = samplePage(manyRuns("p999"), { total: TOTAL, now: round });
    const next = withAnswers(book, [ref(999)], [answer(changed, 2000 + round)], false, NONE);
    RowIndex.of(next.loaded, NONE).rowAt(99_950);
  }
  // A tenth of a frame, on whatever machine this runs.
  expect((performance.now() - started) / 100).toBeLessThan(1.6);
});

test("groups stay where they are while they are pointed at, and are no new runs", () => {
  const group = (key: string): Group => ({ key, by: "lr", value: 1, runs: 3, children: 3, statuses: [], cells: [] });
  const pageWith = (...keys: string[]): RowPage => ({ ...samplePage([]), total: keys.length, groups: keys.map(group) });
  const answerWith = (page: RowPage, askedAt: number): PageAnswer => ({ page, askedAt, problem: null });
  const book = withAnswers(EMPTY_BOOK, [ref(0)], [answerWith(pageWith("a", "b"), 1)], false, NONE);
  const held = withAnswers(book, [ref(0)], [answerWith(pageWith("b", "a", "c"), 2)], true, NONE);
  expect([held.loaded, held.isBehind, held.waiting]).toEqual([book.loaded, true, 0]);
  const shown = withAnswers(held, [ref(0)], [answerWith(pageWith("b", "a", "c"), 2)], false, NONE);
  expect(RowIndex.of(shown.loaded, NONE).placeOf("a")).toBe(1);
});
