import { act, cleanup, renderHook, waitFor } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";
import type { Run } from "../api/messages";
import { PAGE_SIZE, type PageRef, RowIndex } from "../model/rows";
import { manyRuns, samplePage, sampleRun } from "../testing/runs";
import { newCache, refusal, serve } from "../testing/server";
import { type Listing, useRunPages } from "./useRunPages";
import { useVersion } from "./useVersion";

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

const LISTING: Listing = {
  experiment: "",
  filter: "",
  show: "ancestors",
  groupBy: [],
  sort: "created",
  order: "desc",
  columns: [],
};
const BY_NAME: Listing = { ...LISTING, sort: "name", order: "asc" };
const NONE: ReadonlySet<string> = new Set();
const FIRST: readonly PageRef[] = [{ parent: "", page: 0 }];

interface Look {
  listing: Listing;
  expanded: ReadonlySet<string>;
  wanted: readonly PageRef[];
  isHeld: boolean;
}

/** A server of 250 roots, the first of which has 150 children. */
class Store {
  version = "1";
  refusal: string | null = null;
  readonly children: Record<string, Run[]> = { "": manyRuns("r", 250), "r-0": manyRuns("c", 150) };
  readonly all: URL[];

  constructor() {
    this.children[""]?.splice(0, 1, sampleRun("r-0", { children: 150 }));
    this.all = serve((url) => {
      if (url.pathname === "/v1/version") {
        return { version: this.version };
      }
      if (this.refusal !== null && (url.searchParams.get("parent") ?? "") === this.refusal) {
        return refusal("The store is gone.");
      }
      return this.page(url);
    });
  }

  private page({ searchParams }: URL) {
    const runs = this.children[searchParams.get("parent") ?? ""] ?? [];
    const ordered = searchParams.get("sort") === "name" ? [...runs].reverse() : runs;
    const offset = Number(searchParams.get("offset"));
    return samplePage(ordered.slice(offset, offset + PAGE_SIZE), { total: runs.length, offset });
  }

  /** Parent and offset of each page that was asked for. */
  get asked(): string[] {
    const pages = this.all.filter(({ pathname }) => pathname === "/v1/runs");
    return pages.map(({ searchParams }) => `${searchParams.get("parent")}@${searchParams.get("offset")}`);
  }
}

function look(first: Partial<Look> = {}) {
  let shown: Look = { listing: LISTING, expanded: NONE, wanted: FIRST, isHeld: false, ...first };
  const { result, rerender } = renderHook(
    ({ listing, wanted, expanded, isHeld }: Look) => {
      useVersion();
      const pages = useRunPages(listing, wanted, expanded, isHeld);
      return { ...pages, rows: RowIndex.of(pages.loaded, expanded) };
    },
    { initialProps: shown, wrapper: newCache().wrapper },
  );
  return {
    result,
    look: (next: Partial<Look>) => {
      shown = { ...shown, ...next };
      rerender(shown);
    },
    reach: (...pages: [string, number][]) => {
      shown = { ...shown, wanted: pages.map(([parent, page]) => ({ parent, page })) };
      rerender(shown);
    },
    idAt: (place: number) => {
      const row = result.current.rows.rowAt(place);
      return row?.kind === "run" ? row.run.run_id : row?.kind;
    },
    count: () => result.current.rows.count,
  };
}

test("at first nothing is known, then there is a row for each root, on whatever page it is", async () => {
  const store = new Store();
  const { result, idAt, count } = look();
  expect(result.current).toMatchObject({ isLoading: true, problem: null });
  await waitFor(() => expect(count()).toBe(250));
  expect(result.current.isLoading).toBe(false);
  expect([idAt(99), idAt(100)]).toEqual(["r-99", "pending"]);
  expect(store.asked).toEqual(["@0"]);
});

test("a page is asked for when its rows come on screen, once, and keeps its rows when they are off screen", async () => {
  const store = new Store();
  const { reach, idAt, count } = look();
  await waitFor(() => expect(count()).toBe(250));
  reach(["", 1], ["", 2]);
  await waitFor(() => expect([idAt(199), idAt(200)]).toEqual(["r-199", "r-200"]));
  reach(["", 0]);
  reach(["", 2]);
  expect([idAt(0), idAt(210)]).toEqual(["r-0", "r-210"]);
  expect(store.asked.sort()).toEqual(["@0", "@100", "@200"]);
});

test("children have their places at once, and a closed parent's are not asked for", async () => {
  const store = new Store();
  const { look: again, reach, idAt, count } = look();
  await waitFor(() => expect(count()).toBe(250));
  again({ expanded: new Set(["r-0"]) });
  expect(count()).toBe(400);
  reach(["", 0], ["r-0", 0]);
  await waitFor(() => expect(idAt(1)).toBe("c-0"));
  expect(idAt(151)).toBe("r-1");
  again({ expanded: NONE, wanted: FIRST });
  store.version = "2";
  await waitFor(() => expect(store.asked).toHaveLength(3), { timeout: 4000 });
  expect(store.asked).toEqual(["@0", "r-0@0", "@0"]);
});

test("in another order the earlier rows stay, marked as such, until the first new ones arrive", async () => {
  new Store();
  const { result, look: again, idAt, count } = look();
  await waitFor(() => expect(count()).toBe(250));
  again({ listing: BY_NAME });
  expect([result.current.isEarlier, idAt(0)]).toEqual([true, "r-0"]);
  await waitFor(() => expect(idAt(0)).toBe("r-249"));
  expect(result.current.isEarlier).toBe(false);
});

test("of another experiment no row of the one before stays", async () => {
  new Store();
  const { result, look: again, count } = look();
  await waitFor(() => expect(count()).toBe(250));
  again({ listing: { ...LISTING, experiment: "other" } });
  expect([count(), result.current.isLoading, result.current.isEarlier]).toEqual([0, true, false]);
});

test("a new version is asked for what is on screen only", async () => {
  const store = new Store();
  const { reach, idAt, count } = look();
  await waitFor(() => expect(count()).toBe(250));
  reach(["", 2]);
  await waitFor(() => expect(idAt(210)).toBe("r-210"));
  const before = store.asked.length;
  store.version = "2";
  await waitFor(() => expect(store.asked.length).toBeGreaterThan(before), { timeout: 4000 });
  expect(store.asked.slice(before)).toEqual(["@200"]);
});

test("when the roots are refused the reason is the table's; a retry brings them", async () => {
  const store = new Store();
  store.refusal = "";
  const { result, count } = look();
  await waitFor(() => expect(result.current.problem).toBe("The store is gone."));
  expect(result.current.isLoading).toBe(false);
  store.refusal = null;
  act(() => result.current.retry());
  await waitFor(() => expect(count()).toBe(250));
  expect(result.current.problem).toBeNull();
});

test("when a page of children is refused the rest of the tree stands, and the reason is on its row", async () => {
  const store = new Store();
  store.refusal = "r-0";
  const { result, look: again, reach, count } = look();
  await waitFor(() => expect(count()).toBe(250));
  again({ expanded: new Set(["r-0"]) });
  reach(["", 0], ["r-0", 0]);
  await waitFor(() => expect(result.current.rows.rowAt(1)).toMatchObject({ problem: "The store is gone." }));
  expect(result.current.problem).toBeNull();
  expect(count()).toBe(400);
});

test("while somebody points at a row none moves; what has arrived is counted, and comes when the pointer has gone", async () => {
  const store = new Store();
  const { result, look: again, idAt, count } = look({ isHeld: true });
  await waitFor(() => expect(count()).toBe(250));
  store.children[""]?.unshift(sampleRun("new-1"), sampleRun("new-2"));
  store.version = "2";
  await waitFor(() => expect(result.current.waiting).toBe(2), { timeout: 4000 });
  expect([idAt(0), count(), result.current.isBehind]).toEqual(["r-0", 250, true]);
  again({ isHeld: false });
  expect([idAt(0), count(), result.current.isBehind]).toEqual(["new-1", 252, false]);
});

test("while somebody points at a row what it says is up to date all the same", async () => {
  const store = new Store();
  const { result, count } = look({ isHeld: true });
  await waitFor(() => expect(count()).toBe(250));
  store.children[""]?.splice(3, 1, sampleRun("r-3", { status: "Failed" }));
  store.version = "2";
  await waitFor(() => expect(result.current.rows.rowAt(3)).toMatchObject({ run: { status: "Failed" } }), {
    timeout: 4000,
  });
  expect(result.current.isBehind).toBe(false);
});
