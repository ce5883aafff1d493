import { cleanup, renderHook, waitFor } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";
import { type Answer, later, newCache, refusal, serve } from "../../api/testing/server";
import { encodeAnswer } from "./testing/answers";
import { useSeries } from "./useSeries";

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

interface Question {
  tag?: string;
  runIds?: readonly string[];
  window?: { first: number; last: number } | null;
  version?: string;
  enabled?: boolean;
}

const A = ["a"];
const AB = ["a", "b"];

/** One point for each run, whose value is the number of the request. */
function counting(): Answer {
  let count = 0;
  return (url) => {
    count++;
    return encodeAnswer(url.searchParams.getAll("run").map((runId) => ({ runId, steps: [0], values: [count] })));
  };
}

function series(first: Question = {}) {
  const use = ({ tag = "loss", runIds = A, window = null, version = "1", enabled = true }: Question) =>
    useSeries({ tag, runIds, limit: 100, window }, version, enabled);
  const { result, rerender, unmount } = renderHook(use, { initialProps: first, wrapper: newCache().wrapper });
  return {
    result,
    ask: (question: Question) => rerender({ ...first, ...question }),
    unmount,
    arrives: (value: number) => waitFor(() => expect(result.current.data?.series[0]?.values[0]).toBe(value)),
  };
}

test("nothing is asked without runs, or while it is not wanted", async () => {
  const asked = serve(counting());
  const { ask, arrives } = series({ runIds: [] });
  ask({ runIds: A, enabled: false });
  expect(asked).toEqual([]);
  ask({ runIds: A, enabled: true });
  await arrives(1);
  expect(asked).toHaveLength(1);
});

test("a new version is a new question, the same version is none", async () => {
  const asked = serve(counting());
  const { ask, arrives } = series();
  await arrives(1);
  ask({ version: "1" });
  ask({ version: "2" });
  await arrives(2);
  expect(asked).toHaveLength(2);
});

test("a slow answer is shown before the next question is asked, however often the store changes", async () => {
  const slow = later<ArrayBuffer>();
  const answers: unknown[] = [slow.promise, encodeAnswer([{ runId: "a", steps: [0], values: [2] }])];
  const asked = serve(() => answers.shift());
  const { ask, arrives, result } = series();
  for (const version of ["2", "3", "4"]) {
    ask({ version });
  }
  expect(asked).toHaveLength(1);
  slow.keep(encodeAnswer([{ runId: "a", steps: [0], values: [1] }]));
  await arrives(2);
  expect(asked).toHaveLength(2);
  expect(result.current.isFetching).toBe(false);
});

test("while a run is added the points of the others stay, marked as earlier ones", async () => {
  const slow = later<ArrayBuffer>();
  const answers: unknown[] = [encodeAnswer([{ runId: "a", steps: [0], values: [1] }]), slow.promise];
  serve(() => answers.shift());
  const { ask, arrives, result } = series();
  await arrives(1);
  ask({ runIds: AB });
  expect(result.current).toMatchObject({ isPlaceholderData: true });
  expect(result.current.data?.series).toHaveLength(1);
  slow.keep(encodeAnswer(AB.map((runId) => ({ runId, steps: [0], values: [5] }))));
  await arrives(5);
  expect(result.current.data?.series).toHaveLength(2);
});

test("the points of another metric are never shown in between", async () => {
  serve(counting());
  const { ask, arrives, result } = series();
  await arrives(1);
  ask({ tag: "accuracy" });
  expect(result.current.data).toBeUndefined();
});

test("an answer says which window it was asked for, also while the next one is under way", async () => {
  serve(counting());
  const { ask, arrives, result } = series({ window: { first: 0, last: 9 } });
  await arrives(1);
  ask({ window: { first: 5, last: 9 } });
  expect(result.current.data?.window).toEqual({ first: 0, last: 9 });
  await arrives(2);
  expect(result.current.data?.window).toEqual({ first: 5, last: 9 });
});

test("a refusal is the server's own sentence; the points before it stay, and a retry brings new ones", async () => {
  const answers: unknown[] = [1, 0, 3].map((value) =>
    value === 0 ? refusal("The store is locked.") : encodeAnswer([{ runId: "a", steps: [0], values: [value] }]),
  );
  serve(() => answers.shift());
  const { ask, arrives, result } = series();
  await arrives(1);
  ask({ version: "2" });
  await waitFor(() => expect(result.current.error?.message).toBe("The store is locked."));
  expect(result.current.data?.series[0]?.values[0]).toBe(1);
  void result.current.refetch();
  await arrives(3);
  expect(result.current.error).toBeNull();
});

test("a question whose chart is gone is given up", async () => {
  const signals: (AbortSignal | undefined)[] = [];
  serve((_url, signal) => {
    signals.push(signal);
    return new Promise(() => undefined);
  });
  const { unmount } = series();
  await waitFor(() => expect(signals).toHaveLength(1));
  unmount();
  expect(signals[0]?.aborted).toBe(true);
});
