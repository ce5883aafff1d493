/** A server of points made by hand, for tests: its store changes when the test says so. */
import { act } from "@testing-library/react";
import { type Answer, newCache, serve } from "../../../testing/server";
import { VERSION_KEY } from "../../liveQuery";

/**
 * Answers requests for points until `vi.unstubAllGlobals`; `asked` are these requests in order. `metrics` is what each
 * run is said to have logged.
 */
export function servePoints(answer: Answer, metrics: readonly string[] = []) {
  const { client, wrapper } = newCache();
  const asked: URL[] = [];
  let version = 1;
  serve((url, signal) => {
    if (url.pathname.endsWith("/version")) {
      return { version: String(version) };
    }
    if (url.pathname.endsWith("/columns")) {
      const columns = metrics.map((name) => ({ column: `metrics.${name}`, runs: runsOf(url).length }));
      return { total: columns.length, offset: 0, columns };
    }
    asked.push(url);
    return answer(url, signal);
  });
  const change = () => {
    version++;
    act(() => client.setQueryData(VERSION_KEY, { version: String(version) }));
  };
  return { asked, client, wrapper, change };
}

/** The runs that a request for points names. */
export function runsOf(url: URL | undefined): string[] {
  return url?.searchParams.getAll("run") ?? [];
}
