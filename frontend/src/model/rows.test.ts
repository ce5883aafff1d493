import { describe, expect, test } from "vitest";
import { allRows, arrived, manyRuns, samplePage, samplePages, sampleRun } from "../testing/runs";
import { type Group, groupKey } from "./groups";
import { canExpand, keyIn, type LoadedPages, PAGE_SIZE, ROOTS, type Row, RowIndex } from "./rows";

const NONE = new Set<string>();

/** Rows in short: indented names, dots for what has not arrived. */
function drawn(rows: readonly Row[]): string[] {
  return rows.map((row) => "  ".repeat(row.level - 1) + (row.kind === "run" ? row.run.run_id : "…"));
}

test("nothing has arrived: there are no rows", () => {
  expect(allRows(new Map(), NONE)).toEqual([]);
});

test("roots stand in the server's order, without their children", () => {
  const pages = samplePages({ [ROOTS]: [arrived(samplePage([sampleRun("b", { children: 2 }), sampleRun("a")]))] });
  expect(drawn(allRows(pages, NONE))).toEqual(["b", "a"]);
});

test("children of an expanded run follow it, one level deeper", () => {
  const pages = samplePages({
    [ROOTS]: [arrived(samplePage([sampleRun("a", { children: 2 }), sampleRun("z")]))],
    a: [arrived(samplePage([sampleRun("b", { children: 1 }), sampleRun("c")]))],
    b: [arrived(samplePage([sampleRun("d")]))],
  });
  expect(drawn(allRows(pages, new Set(["a"])))).toEqual(["a", "  b", "  c", "z"]);
  expect(drawn(allRows(pages, new Set(["a", "b"])))).toEqual(["a", "  b", "    d", "  c", "z"]);
  expect(drawn(allRows(pages, new Set(["b"])))).toEqual(["a", "z"]);
});

test("the rows know their place among their siblings", () => {
  const pages = samplePages({ [ROOTS]: [arrived(samplePage([sampleRun("a"), sampleRun("b")], { total: 250 }))] });
  const rows = allRows(pages, NONE);
  expect(rows[1]).toMatchObject({ index: 1, siblings: 250, level: 1, parent: ROOTS });
});

test("the scrollbar is true from the first page on: what has not arrived has its rows", () => {
  const pages = samplePages({ [ROOTS]: [arrived(samplePage(manyRuns("a"), { total: 10_000 }))] });
  const rows = allRows(pages, NONE);
  expect(rows).toHaveLength(10_000);
  expect(rows[PAGE_SIZE - 1]?.kind).toBe("run");
  expect(rows[PAGE_SIZE]?.kind).toBe("pending");
});

test("an expanded run whose children have not arrived has their rows already", () => {
  const pages = samplePages({ [ROOTS]: [arrived(samplePage([sampleRun("a", { children: 3 })]))] });
  expect(drawn(allRows(pages, new Set(["a"])))).toEqual(["a", "  …", "  …", "  …"]);
});

test("a page in the middle stands where it belongs", () => {
  const page = samplePage(manyRuns("b"), { total: 250, offset: PAGE_SIZE });
  const index = RowIndex.of(samplePages({ [ROOTS]: [undefined, arrived(page)] }), NONE);
  expect(index.count).toBe(250);
  expect(index.placeOf("b-0")).toBe(PAGE_SIZE);
});

test("when pages disagree about their number, the newest is right", () => {
  const old = arrived(samplePage(manyRuns("a"), { total: 150 }), 1);
  const fresh = arrived(samplePage(manyRuns("b", 20), { total: 120, offset: PAGE_SIZE }), 2);
  expect(allRows(samplePages({ [ROOTS]: [old, fresh] }), NONE)).toHaveLength(120);
});

test("a run that is expanded but has no children is not", () => {
  const pages = samplePages({ [ROOTS]: [arrived(samplePage([sampleRun("a")]))] });
  expect(allRows(pages, new Set(["a"]))[0]).toMatchObject({ expanded: false });
});

test("the problem of a page stands once, on its first row", () => {
  const failed = { page: undefined, receivedAt: 0, problem: "The store is gone." };
  const pages = samplePages({ [ROOTS]: [arrived(samplePage(manyRuns("a"), { total: 300 })), failed] });
  const problems = allRows(pages, NONE).flatMap((row, i) => (row.kind === "pending" && row.problem ? [i] : []));
  expect(problems).toEqual([PAGE_SIZE]);
});

test("a page that could not be asked again keeps its rows", () => {
  const page = samplePage([sampleRun("a")]);
  const pages = samplePages({ [ROOTS]: [{ page, receivedAt: 1, problem: "The store is gone." }] });
  expect(drawn(allRows(pages, NONE))).toEqual(["a"]);
});

describe("the pages that are on screen", () => {
  const pages = samplePages({
    [ROOTS]: [arrived(samplePage([sampleRun("a", { children: 150 }), ...manyRuns("r", 99)], { total: 400 }))],
  });
  const rows = RowIndex.of(pages, new Set(["a"]));

  test("are those of every parent in sight", () => {
    expect(rows.pagesOf(0, 10)).toEqual([
      { parent: ROOTS, page: 0 },
      { parent: "a", page: 0 },
    ]);
  });

  test("are none that is out of sight", () => {
    expect(rows.pagesOf(120, 140)).toEqual([{ parent: "a", page: 1 }]);
    expect(rows.pagesOf(540, 10_000)).toEqual([{ parent: ROOTS, page: 3 }]);
  });

  test("are none where there is no row", () => {
    expect(RowIndex.EMPTY.pagesOf(0, 30)).toEqual([]);
  });
});

test("the parent of a row is the nearest one above that stands less deep", () => {
  const pages = samplePages({
    [ROOTS]: [arrived(samplePage([sampleRun("a", { children: 2 })]))],
    a: [arrived(samplePage([sampleRun("b", { children: 1 }), sampleRun("c")]))],
    b: [arrived(samplePage([sampleRun("d")]))],
  });
  const index = RowIndex.of(pages, new Set(["a", "b"]));
  expect([0, 1, 2, 3].map((place) => index.parentOf(place))).toEqual([-1, 0, 1, 0]);
});

test("a row is the same object as long as nothing new has arrived, and none is made that nobody looks at", () => {
  const pages = samplePages({ [ROOTS]: [arrived(samplePage(manyRuns("a"), { total: 1_000_000_000 }))] });
  const index = RowIndex.of(pages, NONE);
  expect(index.rowAt(7)).toBe(index.rowAt(7));
  expect(index.rowAt(999_999_999)).toMatchObject({ kind: "pending", index: 999_999_999 });
  expect([index.rowAt(-1), index.rowAt(1_000_000_000)]).toEqual([undefined, undefined]);
});

describe("groups", () => {
  const group = (key: string, children: number): Group => ({
    key,
    by: "status",
    value: key,
    runs: children,
    children,
    statuses: [],
    cells: [],
  });
  const outer = groupKey("", "a = 1");
  const inner = groupKey(outer, "b = 2");
  const groupPage = (groups: readonly Group[]) => ({ ...samplePage([]), total: groups.length, groups });
  const loaded: LoadedPages = new Map([
    [ROOTS, { total: 2, pages: new Map([[0, groupPage([group(outer, 1), group("long", 0)])]]), problems: new Map() }],
    [outer, { total: 1, pages: new Map([[0, groupPage([group(inner, 2)])]]), problems: new Map() }],
    [
      inner,
      {
        total: 2,
        pages: new Map([[0, samplePage([sampleRun("r", { children: 1 }), sampleRun("s")])]]),
        problems: new Map(),
      },
    ],
    ["r", { total: 1, pages: new Map([[0, samplePage([sampleRun("s")])]]), problems: new Map() }],
  ]);
  const inShort = (expanded: Set<string>) =>
    allRows(loaded, expanded).map((row) => `${row.level} ${keyIn(row) ?? "…"}`);

  test("unfold to groups within them, and these to their runs and what is below", () => {
    expect(inShort(NONE)).toEqual([`1 ${outer}`, "1 long"]);
    expect(inShort(new Set([outer, inner, "r", "long"]))).toEqual([
      `1 ${outer}`,
      `2 ${inner}`,
      "3 r",
      "4 s",
      "3 s",
      "1 long",
    ]);
  });

  test("what they hold has its rows before it has arrived", () => {
    const before = new Map([...loaded].filter(([parent]) => parent !== inner));
    expect(allRows(before, new Set([outer, inner])).map(({ kind }) => kind)).toEqual([
      "group",
      "group",
      "pending",
      "pending",
      "group",
    ]);
  });

  test("are found by their keys, and the pages of what they hold are asked for by them", () => {
    const index = RowIndex.of(loaded, new Set([outer, inner]));
    expect([outer, inner, "s", "long"].map((key) => index.placeOf(key))).toEqual([0, 1, 3, 4]);
    expect(index.parentOf(3)).toBe(1);
    expect(index.pagesOf(0, 9)).toEqual([ROOTS, outer, inner].map((parent) => ({ parent, page: 0 })));
    expect([0, 3, 4].map((place) => canExpand(index.rowAt(place)))).toEqual([true, false, false]);
  });
});
