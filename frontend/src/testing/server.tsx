/** A server made by hand, and the query cache around what asks it, for tests. */
import { QueryClientProvider } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { vi } from "vitest";
import { newQueryClient } from "../data/liveQuery";

/** What a fake server answers: a body, a Response of its own, or a promise of either for as long as it takes. */
export type Answer = (url: URL, signal: AbortSignal | undefined) => unknown;

/** Answers every request of the page, until `vi.unstubAllGlobals`. Returns the requests in order. */
export function serve(answer: Answer): URL[] {
  const asked: URL[] = [];
  vi.stubGlobal("fetch", async (url: URL, options?: { signal?: AbortSignal }) => {
    asked.push(url);
    const given = await answer(url, options?.signal);
    if (given instanceof Response) {
      return given;
    }
    return new Response(given instanceof ArrayBuffer ? given : JSON.stringify(given));
  });
  return asked;
}

/** The answer of a server that refuses, with its sentence. */
export function refusal(error: string, status = 503): Response {
  return new Response(JSON.stringify({ error }), { status });
}

/** A query cache of its own around a component under test, as the page has it. */
export function newCache() {
  const client = newQueryClient();
  const wrapper = ({ children }: { children: ReactNode }) => (
    <QueryClientProvider client={client}>{children}</QueryClientProvider>
  );
  return { client, wrapper };
}

/** A promise that is kept when the test says so. */
export function later<Value>() {
  let keep: (value: Value) => void = () => undefined;
  const promise = new Promise<Value>((resolve) => {
    keep = resolve;
  });
  return { promise, keep };
}
