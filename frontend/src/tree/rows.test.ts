import { describe, expect, test } from "vitest";
import { indexOfParent, indexOfRun, PAGE_SIZE, pagesOf, ROOTS, type Row, toRows } from "./rows";
import { arrived, manyRuns, samplePage, samplePages, sampleRun } from "./samples";

const NONE = new Set<string>();

/** Rows in short: indented names, dots for what has not arrived. */
function drawn(rows: readonly Row[]): string[] {
  return rows.map((row) => "  ".repeat(row.level - 1) + (row.kind === "run" ? row.run.run_id : "…"));
}

test("nothing has arrived: there are no rows", () => {
  expect(toRows(new Map(), NONE)).toEqual([]);
});

test("roots stand in the server's order, without their children", () => {
  const pages = samplePages({ [ROOTS]: [arrived(samplePage([sampleRun("b", { children: 2 }), sampleRun("a")]))] });
  expect(drawn(toRows(pages, NONE))).toEqual(["b", "a"]);
});

test("children of an expanded run follow it, one level deeper", () => {
  const pages = samplePages({
    [ROOTS]: [arrived(samplePage([sampleRun("a", { children: 2 }), sampleRun("z")]))],
    a: [arrived(samplePage([sampleRun("b", { children: 1 }), sampleRun("c")]))],
    b: [arrived(samplePage([sampleRun("d")]))],
  });
  expect(drawn(toRows(pages, new Set(["a"])))).toEqual(["a", "  b", "  c", "z"]);
  expect(drawn(toRows(pages, new Set(["a", "b"])))).toEqual(["a", "  b", "    d", "  c", "z"]);
  expect(drawn(toRows(pages, new Set(["b"])))).toEqual(["a", "z"]);
});

test("the rows know their place among their siblings", () => {
  const pages = samplePages({ [ROOTS]: [arrived(samplePage([sampleRun("a"), sampleRun("b")], { total: 250 }))] });
  const rows = toRows(pages, NONE);
  expect(rows[1]).toMatchObject({ index: 1, siblings: 250, level: 1, parent: ROOTS });
});

test("the scrollbar is true from the first page on: what has not arrived has its rows", () => {
  const pages = samplePages({ [ROOTS]: [arrived(samplePage(manyRuns("a"), { total: 10_000 }))] });
  const rows = toRows(pages, NONE);
  expect(rows).toHaveLength(10_000);
  expect(rows[PAGE_SIZE - 1]?.kind).toBe("run");
  expect(rows[PAGE_SIZE]?.kind).toBe("pending");
});

test("an expanded run whose children have not arrived has their rows already", () => {
  const pages = samplePages({ [ROOTS]: [arrived(samplePage([sampleRun("a", { children: 3 })]))] });
  expect(drawn(toRows(pages, new Set(["a"])))).toEqual(["a", "  …", "  …", "  …"]);
});

test("a page in the middle stands where it belongs", () => {
  const page = samplePage(manyRuns("b"), { total: 250, offset: PAGE_SIZE });
  const rows = toRows(samplePages({ [ROOTS]: [undefined, arrived(page)] }), NONE);
  expect(rows).toHaveLength(250);
  expect(indexOfRun(rows, "b-0")).toBe(PAGE_SIZE);
});

test("when pages disagree about their number, the newest is right", () => {
  const old = arrived(samplePage(manyRuns("a"), { total: 150 }), 1);
  const fresh = arrived(samplePage(manyRuns("b", 20), { total: 120, offset: PAGE_SIZE }), 2);
  expect(toRows(samplePages({ [ROOTS]: [old, fresh] }), NONE)).toHaveLength(120);
});

test("a run that is expanded but has no children is not", () => {
  const pages = samplePages({ [ROOTS]: [arrived(samplePage([sampleRun("a")]))] });
  expect(toRows(pages, new Set(["a"]))[0]).toMatchObject({ expanded: false });
});

test("the problem of a page stands once, on its first row", () => {
  const failed = { page: undefined, receivedAt: 0, problem: "The store is gone." };
  const pages = samplePages({ [ROOTS]: [arrived(samplePage(manyRuns("a"), { total: 300 })), failed] });
  const problems = toRows(pages, NONE).flatMap((row, i) => (row.kind === "pending" && row.problem ? [i] : []));
  expect(problems).toEqual([PAGE_SIZE]);
});

test("a page that could not be asked again keeps its rows", () => {
  const page = samplePage([sampleRun("a")]);
  const pages = samplePages({ [ROOTS]: [{ page, receivedAt: 1, problem: "The store is gone." }] });
  expect(drawn(toRows(pages, NONE))).toEqual(["a"]);
});

describe("the pages that are on screen", () => {
  const pages = samplePages({
    [ROOTS]: [arrived(samplePage([sampleRun("a", { children: 150 }), ...manyRuns("r", 99)], { total: 400 }))],
  });
  const rows = toRows(pages, new Set(["a"]));

  test("are those of every parent in sight", () => {
    expect(pagesOf(rows, 0, 10)).toEqual([
      { parent: ROOTS, page: 0 },
      { parent: "a", page: 0 },
    ]);
  });

  test("are none that is out of sight", () => {
    expect(pagesOf(rows, 120, 140)).toEqual([{ parent: "a", page: 1 }]);
    expect(pagesOf(rows, 540, 10_000)).toEqual([{ parent: ROOTS, page: 3 }]);
  });

  test("are the first of the roots as long as there is no row", () => {
    expect(pagesOf([], 0, 30)).toEqual([{ parent: ROOTS, page: 0 }]);
  });
});

test("the parent of a row is the nearest one above that stands less deep", () => {
  const pages = samplePages({
    [ROOTS]: [arrived(samplePage([sampleRun("a", { children: 2 })]))],
    a: [arrived(samplePage([sampleRun("b", { children: 1 }), sampleRun("c")]))],
    b: [arrived(samplePage([sampleRun("d")]))],
  });
  const rows = toRows(pages, new Set(["a", "b"]));
  expect(rows.map((_, i) => indexOfParent(rows, i))).toEqual([-1, 0, 1, 0]);
});
