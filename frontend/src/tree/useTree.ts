/** The tree as it is on screen: which pages it needs, and the rows that they make. */
import { type QueryObserverResult, useQueries, useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import { getRunPage, type RunPageRequest } from "../api/client";
import type { RunPage } from "../api/messages";
import {
  keyOf,
  type LoadedPages,
  PAGE_SIZE,
  type PageRef,
  type PageState,
  pagesOf,
  ROOTS,
  type Row,
  toRows,
} from "./rows";

/** What decides the content of a page besides its place. */
export type TreeScope = Pick<RunPageRequest, "experiment" | "sort" | "order" | "columns">;

/** The rows, and what is known of how true they are. */
export interface Tree {
  rows: readonly Row[];
  /** Nothing is known yet: not even how many roots there are. */
  isLoading: boolean;
  /** The rows are those of an earlier order or choice, until the first of the new ones arrive. */
  isEarlier: boolean;
  /** Why the roots cannot be shown. */
  problem: string | null;
  /** Says which rows are on screen. */
  onRange: (first: number, last: number) => void;
  retry: () => void;
}

const FIRST_PAGE: PageRef = { parent: ROOTS, page: 0 };
/** A page that failed is asked for again by itself, in milliseconds. */
const RETRY_AFTER = 5000;

/** A page with the version of the store that it was asked at. */
interface Versioned {
  page: RunPage;
  version: string;
}

/** Asks for the pages on screen, again when `version` changes; pages seen before keep their rows unasked. */
export function useTree(scope: TreeScope, expanded: ReadonlySet<string>, version: string): Tree {
  const scopeKey = JSON.stringify(scope);
  const [wanted, setWanted] = useState<readonly PageRef[]>([FIRST_PAGE]);
  const refs = useVisited(scopeKey, wanted);
  const loaded = usePages(scope, refs, wanted, version);
  const [range, setRange] = useState({ first: 0, last: 0 });
  const current = useMemo(() => toRows(loaded, expanded), [loaded, expanded]);

  const roots = loaded.get(ROOTS);
  const hasArrived = [...(roots?.values() ?? [])].some(({ page }) => page !== undefined);
  const problem = [...(roots?.values() ?? [])].find((state) => state.problem !== null)?.problem ?? null;
  const shown = useRef<readonly Row[] | null>(null);
  useEffect(() => {
    if (hasArrived) {
      shown.current = current;
    }
  }, [hasArrived, current]);
  const rows = hasArrived ? current : (shown.current ?? current);

  useEffect(() => {
    setWanted((before) => sameOr(before, pagesOf(rows, range.first, range.last)));
  }, [rows, range]);
  const onRange = useCallback(
    (first: number, last: number) =>
      setRange((before) => (before.first === first && before.last === last ? before : { first, last })),
    [],
  );
  const queries = useQueryClient();
  const retry = useCallback(() => void queries.refetchQueries({ queryKey: ["runs"], type: "active" }), [queries]);
  return {
    rows,
    isLoading: !hasArrived && shown.current === null && problem === null,
    isEarlier: !hasArrived && shown.current !== null,
    problem: hasArrived ? null : problem,
    onRange,
    retry,
  };
}

/** Every page of this scope that has been on screen: what is off screen keeps its rows, unasked. */
function useVisited(scopeKey: string, wanted: readonly PageRef[]): readonly PageRef[] {
  const [visited, setVisited] = useState({ scopeKey, refs: wanted });
  const known = visited.scopeKey === scopeKey ? visited.refs : [];
  const keys = new Set(known.map(keyOf));
  const added = wanted.filter((ref) => !keys.has(keyOf(ref)));
  if (added.length === 0 && visited.scopeKey === scopeKey) {
    return visited.refs;
  }
  const next = { scopeKey, refs: [...known, ...added] };
  setVisited(next);
  return next.refs;
}

function usePages(
  scope: TreeScope,
  refs: readonly PageRef[],
  wanted: readonly PageRef[],
  version: string,
): LoadedPages {
  const queries = useQueryClient();
  const wantedKeys = new Set(wanted.map(keyOf));
  const latest = useRef(version);
  useLayoutEffect(() => {
    latest.current = version;
  }, [version]);
  const combine = useCallback((results: QueryObserverResult<Versioned>[]) => toLoaded(refs, results), [refs]);
  const loaded = useQueries({
    queries: refs.map((ref) => ({
      queryKey: ["runs", scope, ref.parent, ref.page],
      queryFn: async ({ signal }: { signal: AbortSignal }): Promise<Versioned> => {
        const asked = latest.current;
        const place = { parent: ref.parent, offset: ref.page * PAGE_SIZE, limit: PAGE_SIZE };
        return { page: await getRunPage({ ...scope, ...place }, signal), version: asked };
      },
      enabled: wantedKeys.has(keyOf(ref)),
      staleTime: Number.POSITIVE_INFINITY,
      refetchInterval: (query: { state: { status: string } }) => (query.state.status === "error" ? RETRY_AFTER : false),
    })),
    combine,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: answers and what is in sight change which pages are old.
  useEffect(() => {
    for (const query of queries.getQueryCache().findAll({ queryKey: ["runs"], type: "active" })) {
      const data = query.state.data as Versioned | undefined;
      if (data !== undefined && data.version !== version && query.state.fetchStatus === "idle") {
        void query.fetch().catch(() => undefined);
      }
    }
  }, [queries, version, loaded, wanted]);
  return loaded;
}

function toLoaded(refs: readonly PageRef[], results: readonly QueryObserverResult<Versioned>[]): LoadedPages {
  const loaded = new Map<string, Map<number, PageState>>();
  for (const [i, { parent, page }] of refs.entries()) {
    const result = results[i];
    const pages = loaded.get(parent) ?? new Map<number, PageState>();
    loaded.set(parent, pages);
    pages.set(page, {
      page: result?.data?.page,
      receivedAt: result?.dataUpdatedAt ?? 0,
      problem: result?.error?.message ?? null,
    });
  }
  return loaded;
}

function sameOr(before: readonly PageRef[], next: readonly PageRef[]): readonly PageRef[] {
  return before.map(keyOf).join() === next.map(keyOf).join() ? before : next;
}
