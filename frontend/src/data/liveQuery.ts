/**
 * Questions whose answers follow the store.
 *
 * What a question brought stands in the query cache together with the store's version that it was asked at. While the
 * store has another version, and somebody looks at the answer, the question is asked again; the earlier answer stays
 * until the new one is there. A question that fails is asked again by itself, each time after a longer pause.
 */
import {
  type FetchQueryOptions,
  focusManager,
  type Query,
  QueryClient,
  type QueryKey,
  type UseQueryOptions,
  type UseQueryResult,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { useCallback } from "react";
import { getVersion } from "../api/client";
import type { Version } from "../api/messages";
import { watchSight } from "./sight";

/** An answer, and when it was given. Times are milliseconds of `performance.now`. */
export interface Answer<Content> {
  content: Content;
  /** The store's version before it was asked for. */
  version: string;
  askedAt: number;
  took: number;
}

/** What is asked. */
export interface LiveQuestion<Content> {
  /** Names the question: all that decides the answer besides the store's version. */
  key: QueryKey;
  /** Asks for the answer; `version` is the store's, which the answer will be kept with. */
  ask: (signal: AbortSignal, version: string) => Promise<Content>;
  /** Whether somebody looks at the answer. What is not looked at stays as it is, unasked. */
  isWanted?: boolean;
  /** Whether the answer to an earlier question is to be shown until this one's is there; by itself it is not. */
  keeps?: (earlier: QueryKey) => boolean;
  /** How long a question rests after an answer, in multiples of the time that the answer took. */
  rest?: number;
  /** Whether equal parts of successive answers are the same objects: not for answers with long columns. */
  isShared?: boolean;
  /** How long an answer that nobody shows is kept, in milliseconds. */
  keepUnused?: number;
}

/** An answer to look at, and what is known of how true it is. */
export interface LiveAnswer<Content> {
  /** The latest answer; undefined until there is one. */
  content: Content | undefined;
  /** It is the answer to an earlier question, until this one's arrives. */
  isEarlier: boolean;
  /** Why there is no answer, or no newer one. The question is asked again by itself all the same. */
  problem: string | null;
  /** Asks at once. */
  retry: () => void;
}

/** The key of the question for the version itself, which all others depend on. */
export const VERSION_KEY: QueryKey = ["version"];

const FIRST_PAUSE = 1000;
const LONGEST_PAUSE = 30_000;
/** The return of a server that is gone is to be noticed while somebody waits for it. */
const LONGEST_PAUSE_OF_VERSION = 4000;

/** How the version is asked for. */
export const VERSION_QUESTION = {
  queryKey: VERSION_KEY,
  queryFn: ({ signal }: { signal: AbortSignal }): Promise<Version> => getVersion(signal),
  retry: true,
  retryDelay: (failures: number) => Math.min(LONGEST_PAUSE_OF_VERSION, pauseAfter(failures)),
} as const;

/** The answer to a question that follows the store. */
export function useLiveQuery<Content>(question: LiveQuestion<Content>): LiveAnswer<Content> {
  const client = useQueryClient();
  const result = useQuery(liveOptions(client, question));
  const hash = JSON.stringify(question.key);
  const retry = useCallback(() => askAgain(client, JSON.parse(hash) as QueryKey), [client, hash]);
  return { ...liveAnswer(result), retry };
}

/** The answer as `useQuery` and `useQueries` have it, but for what tries again. */
export function liveAnswer<Content>(result: UseQueryResult<Answer<Content>>): Omit<LiveAnswer<Content>, "retry"> {
  return {
    content: result.data?.content,
    isEarlier: result.isPlaceholderData,
    problem: result.failureReason?.message ?? null,
  };
}

/** The question as `useQuery` and `useQueries` take it. */
export function liveOptions<Content>(
  client: QueryClient,
  question: LiveQuestion<Content>,
): UseQueryOptions<Answer<Content>> {
  const { key, ask, isWanted = true, keeps, rest = 1, isShared = true, keepUnused } = question;
  return {
    queryKey: key,
    queryFn: async ({ signal }) => {
      const { version } = await client.query({ ...VERSION_QUESTION, staleTime: "static" });
      const askedAt = performance.now();
      const content = await ask(signal, version);
      return { content, version, askedAt, took: performance.now() - askedAt };
    },
    enabled: isWanted,
    placeholderData: (previous, query) => (query && keeps?.(query.queryKey) ? previous : undefined),
    structuralSharing: isShared,
    staleTime: Number.POSITIVE_INFINITY,
    meta: { rest },
    ...(keepUnused !== undefined && { gcTime: keepUnused }),
  };
}

/** The answer that is known already or, where none is, one that is asked for once. Throws what `ask` throws. */
export function askOnce<Content>(client: QueryClient, question: LiveQuestion<Content>): Promise<Answer<Content>> {
  const { queryKey, queryFn, meta } = liveOptions(client, question);
  return client.query({ queryKey, queryFn, meta, staleTime: "static", retry: false } as FetchQueryOptions<
    Answer<Content>
  >);
}

/** The query cache of the page, which keeps what is looked at up to date. */
export function newQueryClient(): QueryClient {
  const client = new QueryClient({
    defaultOptions: {
      queries: {
        retry: true,
        retryDelay: pauseAfter,
        // The server may well be this machine, which answers without a network.
        networkMode: "always",
        refetchOnWindowFocus: false,
        refetchOnReconnect: false,
      },
    },
  });
  focusManager.setEventListener(watchSight);
  keepCurrent(client);
  return client;
}

/** How long a question waits after so many failures, in milliseconds. */
export function pauseAfter(failures: number): number {
  return Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** failures);
}

/** Asks a question at once, whatever it was waiting for. */
export function askAgain(client: QueryClient, key: QueryKey): void {
  for (const query of client.getQueryCache().findAll({ queryKey: key })) {
    void restart(query);
  }
}

/** Asks everything at once that has failed and is waiting. */
export function askFailedAgain(client: QueryClient): void {
  for (const query of client.getQueryCache().findAll({ type: "active" })) {
    if (isLive(query) && query.state.fetchFailureCount > 0) {
      void restart(query);
    }
  }
}

async function restart(query: Query): Promise<void> {
  await query.cancel({ revert: true });
  await query.fetch().catch(() => undefined);
}

/** From now on asks each question again whose answer is of another version than the store's, when it is looked at. */
function keepCurrent(client: QueryClient): void {
  const cache = client.getQueryCache();
  const waiting = new WeakSet<Query>();
  const check = (query: Query) => {
    const current = client.getQueryData<Version>(VERSION_KEY)?.version;
    const answer = query.state.data as Answer<unknown> | undefined;
    if (!isLive(query) || answer === undefined || answer.version === current || !query.isActive()) {
      return;
    }
    if (query.state.fetchStatus !== "idle" || waiting.has(query) || !focusManager.isFocused()) {
      return;
    }
    const { rest } = query.meta as { rest: number };
    const pause = answer.askedAt + answer.took * (1 + rest) - performance.now();
    if (pause > 0) {
      waiting.add(query);
      setTimeout(() => {
        waiting.delete(query);
        check(query);
      }, pause);
    } else {
      void query.fetch().catch(() => undefined);
    }
  };
  cache.subscribe((event) => {
    if (event.type === "observerAdded" || event.type === "observerOptionsUpdated") {
      check(event.query);
    } else if (event.type === "updated" && event.action.type === "success") {
      for (const query of event.query.queryKey[0] === VERSION_KEY[0] ? cache.getAll() : [event.query]) {
        check(query);
      }
    }
  });
}

function isLive(query: Query): boolean {
  return query.meta?.["rest"] !== undefined;
}
