import { act, cleanup, renderHook, waitFor } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";
import type { Run } from "../api/messages";
import { newCache, refusal, serve } from "../api/testing/server";
import { PAGE_SIZE } from "./rows";
import { manyRuns, samplePage, sampleRun } from "./samples";
import { type TreeScope, useTree } from "./useTree";

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

const SCOPE: TreeScope = { experiment: "", sort: "created", order: "desc", columns: [] };
const BY_NAME: TreeScope = { ...SCOPE, sort: "name", order: "asc" };
const NONE: ReadonlySet<string> = new Set();

interface Look {
  scope?: TreeScope;
  expanded?: ReadonlySet<string>;
  version?: string;
}

/** A server of 250 roots, the first of which has 150 children. */
function store() {
  const children: Record<string, Run[]> = { "": manyRuns("r", 250), "r-0": manyRuns("c", 150) };
  children[""]?.splice(0, 1, sampleRun("r-0", { children: 150 }));
  return (url: URL) => {
    const { searchParams } = url;
    const runs = children[searchParams.get("parent") ?? ""] ?? [];
    const ordered = searchParams.get("sort") === "name" ? [...runs].reverse() : runs;
    const offset = Number(searchParams.get("offset"));
    return samplePage(ordered.slice(offset, offset + PAGE_SIZE), { total: runs.length, offset });
  };
}

function tree(first: Look = {}) {
  const use = ({ scope = SCOPE, expanded = NONE, version = "1" }: Look) => useTree(scope, expanded, version);
  const { result, rerender } = renderHook(use, { initialProps: first, wrapper: newCache().wrapper });
  return {
    result,
    look: (next: Look) => rerender({ ...first, ...next }),
    reach: (from: number, to: number) => act(() => result.current.onRange(from, to)),
    idAt: (index: number) => {
      const row = result.current.rows[index];
      return row?.kind === "run" ? row.run.run_id : row?.kind;
    },
  };
}

/** Parent and offset of each page that was asked for. */
function pages(asked: readonly URL[]): string[] {
  return asked.map(({ searchParams }) => `${searchParams.get("parent")}@${searchParams.get("offset")}`);
}

test("at first nothing is known, then there is a row for each root, on whatever page it is", async () => {
  const asked = serve(store());
  const { result, idAt } = tree();
  expect(result.current).toMatchObject({ rows: [], isLoading: true, problem: null });
  await waitFor(() => expect(result.current.rows).toHaveLength(250));
  expect(result.current.isLoading).toBe(false);
  expect([idAt(99), idAt(100)]).toEqual(["r-99", "pending"]);
  expect(pages(asked)).toEqual(["@0"]);
});

test("a page is asked for when its rows come on screen, once", async () => {
  const asked = serve(store());
  const { result, reach, idAt } = tree();
  await waitFor(() => expect(result.current.rows).toHaveLength(250));
  reach(190, 220);
  await waitFor(() => expect([idAt(199), idAt(200)]).toEqual(["r-199", "r-200"]));
  reach(0, 30);
  reach(195, 225);
  expect(pages(asked).sort()).toEqual(["@0", "@100", "@200"]);
});

test("what was seen keeps its rows when it is off screen", async () => {
  serve(store());
  const { result, reach, idAt } = tree();
  await waitFor(() => expect(result.current.rows).toHaveLength(250));
  reach(200, 220);
  await waitFor(() => expect(idAt(210)).toBe("r-210"));
  reach(0, 20);
  expect([idAt(0), idAt(210)]).toEqual(["r-0", "r-210"]);
});

test("children have their places at once, and are asked for when these are on screen", async () => {
  const asked = serve(store());
  const { result, look, reach, idAt } = tree();
  await waitFor(() => expect(result.current.rows).toHaveLength(250));
  reach(0, 20);
  look({ expanded: new Set(["r-0"]) });
  expect(result.current.rows).toHaveLength(400);
  await waitFor(() => expect(idAt(1)).toBe("c-0"));
  expect(idAt(151)).toBe("r-1");
  expect(pages(asked)).toEqual(["@0", "r-0@0"]);
});

test("a closed parent's children are not asked for again while they are closed", async () => {
  const asked = serve(store());
  const { result, look, reach, idAt } = tree({ expanded: new Set(["r-0"]) });
  await waitFor(() => expect(result.current.rows).toHaveLength(400));
  reach(0, 20);
  await waitFor(() => expect(idAt(1)).toBe("c-0"));
  look({ expanded: NONE });
  look({ expanded: NONE, version: "2" });
  await waitFor(() => expect(asked).toHaveLength(3));
  expect(pages(asked)).toEqual(["@0", "r-0@0", "@0"]);
});

test("in another order the earlier rows stay, marked as such, until the first new ones arrive", async () => {
  serve(store());
  const { result, look, idAt } = tree();
  await waitFor(() => expect(result.current.rows).toHaveLength(250));
  look({ scope: BY_NAME });
  expect([result.current.isEarlier, idAt(0)]).toEqual([true, "r-0"]);
  await waitFor(() => expect(idAt(0)).toBe("r-249"));
  expect(result.current.isEarlier).toBe(false);
});

test("a new version is asked for what is on screen only", async () => {
  const asked = serve(store());
  const { result, look, reach, idAt } = tree();
  await waitFor(() => expect(result.current.rows).toHaveLength(250));
  reach(200, 220);
  await waitFor(() => expect(idAt(210)).toBe("r-210"));
  const before = asked.length;
  look({ version: "2" });
  await waitFor(() => expect(asked.length).toBeGreaterThan(before));
  expect(pages(asked.slice(before))).toEqual(["@200"]);
});

test("when the roots are refused the reason is the tree's; a retry brings them", async () => {
  let isRefusing = true;
  const answer = store();
  serve((url) => (isRefusing ? refusal("The store is gone.") : answer(url)));
  const { result } = tree();
  await waitFor(() => expect(result.current.problem).toBe("The store is gone."));
  expect(result.current.isLoading).toBe(false);
  isRefusing = false;
  act(() => result.current.retry());
  await waitFor(() => expect(result.current.rows).toHaveLength(250));
  expect(result.current.problem).toBeNull();
});

test("when a page of children is refused the rest of the tree stands, and the reason is on its row", async () => {
  const answer = store();
  serve((url) => (url.searchParams.get("parent") === "r-0" ? refusal("The store is gone.") : answer(url)));
  const { result, look, reach } = tree();
  await waitFor(() => expect(result.current.rows).toHaveLength(250));
  reach(0, 20);
  look({ expanded: new Set(["r-0"]) });
  await waitFor(() => expect(result.current.rows[1]).toMatchObject({ kind: "pending", problem: "The store is gone." }));
  expect(result.current.problem).toBeNull();
  expect(result.current.rows).toHaveLength(400);
});
