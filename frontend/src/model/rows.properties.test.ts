// @vitest-environment node
import { describe, expect, test } from "vitest";
import type { Run } from "../api/messages";
import { seededRandom } from "../testing/random";
import { allRows, arrived, rowsOf, samplePage, samplePages, sampleRun } from "../testing/runs";
import { keyOf, PAGE_SIZE, ROOTS, type Row, RowIndex } from "./rows";

/** A whole tree as the server has it: the runs below each parent, in order. */
type Children = Map<string, Run[]>;

/** A random tree, up to four levels deep; a few families are larger than a page. */
function someTree(random: () => number): Children {
  const children: Children = new Map();
  const grow = (parent: string, level: number): number => {
    const isLarge = random() < 0.08;
    const count = isLarge ? PAGE_SIZE + Math.floor(random() * 150) : Math.floor(random() * 6);
    const runs = Array.from({ length: count }, (_, i) => {
      const runId = `${parent}/${i}`;
      const below = level < 4 && (!isLarge || i < 3) ? grow(runId, level + 1) : 0;
      return sampleRun(runId, { children: below });
    });
    children.set(parent, runs);
    return count;
  };
  grow(ROOTS, 1);
  return children;
}

/** The pages of the tree that have arrived; of the roots at least the first. */
function somePages(children: Children, random: () => number, share: number) {
  const pages: Record<string, (ReturnType<typeof arrived> | undefined)[]> = {};
  for (const [parent, runs] of children) {
    const count = Math.max(1, Math.ceil(runs.length / PAGE_SIZE));
    pages[parent] = Array.from({ length: count }, (_, page) => {
      const offset = page * PAGE_SIZE;
      const there = (parent === ROOTS && page === 0) || random() < share;
      return there
        ? arrived(samplePage(runs.slice(offset, offset + PAGE_SIZE), { total: runs.length, offset }))
        : undefined;
    });
  }
  return samplePages(pages);
}

function someExpanded(children: Children, random: () => number): Set<string> {
  return new Set([...children.keys()].filter((runId) => runId !== ROOTS && random() < 0.6));
}

interface Case {
  children: Children;
  loaded: ReturnType<typeof somePages>;
  expanded: Set<string>;
  index: RowIndex;
  rows: Row[];
}

/** Calls back with many trees, loaded in part. */
function eachCase(seed: number, share: number, check: (one: Case) => void) {
  const random = seededRandom(seed);
  for (let round = 0; round < 120; round++) {
    const children = someTree(random);
    const loaded = somePages(children, random, share);
    const expanded = someExpanded(children, random);
    const index = RowIndex.of(loaded, expanded);
    check({ children, loaded, expanded, index, rows: rowsOf(index) });
  }
}

function isLoaded({ loaded }: Case, parent: string, index: number): boolean {
  return loaded.get(parent)?.pages.has(Math.floor(index / PAGE_SIZE)) === true;
}

/** The rows as a plain walk over the tree gives them, ids of runs and "?" for what has not arrived. */
function walked(one: Case, parent = ROOTS): string[] {
  return (one.children.get(parent) ?? []).flatMap((run, i) => {
    if (!isLoaded(one, parent, i)) {
      return ["?"];
    }
    const isOpen = run.children > 0 && one.expanded.has(run.run_id);
    return isOpen ? [run.run_id, ...walked(one, run.run_id)] : [run.run_id];
  });
}

function idOf(row: Row): string {
  return row.kind === "run" ? row.run.run_id : "?";
}

describe("the rows of any tree, loaded in any part", () => {
  test("are those of a walk that takes each run, then what is below it", () => {
    eachCase(41, 0.6, (one) => expect(one.rows.map(idOf)).toEqual(walked(one)));
  });

  test("hold every run in sight exactly once", () => {
    eachCase(42, 1, ({ rows }) => {
      const ids = rows.map(idOf);
      expect(ids).not.toContain("?");
      expect(new Set(ids).size).toBe(ids.length);
    });
  });

  test("have placeholders exactly where a page is missing", () => {
    eachCase(43, 0.5, (one) => {
      for (const row of one.rows) {
        expect(row.kind === "run").toBe(isLoaded(one, row.parent, row.index));
      }
    });
  });

  test("say their place truly: parent, number among siblings, level", () => {
    eachCase(44, 0.7, ({ rows, children }) => {
      for (const row of rows) {
        expect(row.siblings).toBe(children.get(row.parent)?.length);
        expect(row.level).toBe(row.parent === ROOTS ? 1 : row.parent.split("/").length);
        if (row.kind === "run") {
          expect(row.run.run_id).toBe(`${row.parent}/${row.index}`);
        }
      }
    });
  });

  test("do not move when one more page arrives: a placeholder becomes its run", () => {
    eachCase(45, 0.4, (one) => {
      const everything = somePages(one.children, () => 0, 1);
      const closed = allRows(one.loaded, new Set());
      const full = allRows(everything, new Set());
      expect(closed).toHaveLength(full.length);
      for (const [i, row] of closed.entries()) {
        expect([idOf(full[i] as Row), "?"]).toContain(idOf(row));
      }
    });
  });

  test("find their parent, and runs are found by their ids", () => {
    eachCase(46, 0.8, ({ rows, index }) => {
      for (const [i, row] of rows.entries()) {
        const parent = index.parentOf(i);
        expect(parent < 0 ? ROOTS : idOf(rows[parent] as Row)).toBe(row.parent);
        if (row.kind === "run") {
          expect(index.placeOf(row.run.run_id)).toBe(i);
        }
      }
    });
    expect(RowIndex.EMPTY.placeOf("a")).toBe(-1);
  });
});

describe("the pages to ask for", () => {
  test("are those that hold the rows on screen, each once", () => {
    const random = seededRandom(47);
    eachCase(48, 0.5, ({ rows, index }) => {
      const first = Math.floor(random() * rows.length);
      const last = first + Math.floor(random() * 40);
      const refs = index.pagesOf(first, last);
      const needed = new Set(
        rows
          .slice(first, last + 1)
          .map((row) => keyOf({ parent: row.parent, page: Math.floor(row.index / PAGE_SIZE) })),
      );
      expect(refs.map(keyOf)).toEqual([...needed]);
    });
  });

  test("fill the screen: once they have arrived no placeholder is left among the same rows", () => {
    const random = seededRandom(49);
    eachCase(50, 0.3, (one) => {
      const first = Math.floor(random() * one.rows.length);
      const last = first + 30;
      const merged = new Map(one.loaded);
      for (const { parent, page } of one.index.pagesOf(first, last)) {
        const offset = page * PAGE_SIZE;
        const runs = one.children.get(parent) ?? [];
        const answer = samplePage(runs.slice(offset, offset + PAGE_SIZE), { total: runs.length, offset });
        const pages = new Map(merged.get(parent)?.pages).set(page, answer);
        merged.set(parent, { total: runs.length, pages, problems: new Map() });
      }
      const shown = new Set(one.rows.slice(first, last + 1).map(({ parent, index }) => `${parent}:${index}`));
      for (const row of allRows(merged, one.expanded)) {
        if (shown.has(`${row.parent}:${row.index}`)) {
          expect(row.kind).toBe("run");
        }
      }
    });
  });
});
