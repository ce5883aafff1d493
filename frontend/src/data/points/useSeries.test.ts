import { cleanup, renderHook, waitFor } from "@testing-library/react";
import { afterEach, describe, expect, test, vi } from "vitest";
import { seededRandom } from "../../testing/random";
import { type Answer, later, refusal } from "../../testing/server";
import { encodeAnswer } from "./testing/answers";
import { runsOf, servePoints } from "./testing/store";
import { useSeries } from "./useSeries";

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

interface Question {
  tag?: string;
  runIds?: readonly string[];
  window?: { first: number; last: number } | null;
  isWanted?: boolean;
}

const A = ["a"];
const AB = ["a", "b"];

/** One point for each run, whose value is the number of the request. */
function counting(): Answer {
  let count = 0;
  return (url) => {
    count++;
    return encodeAnswer(runsOf(url).map((runId) => ({ runId, steps: [0], values: [count] })));
  };
}

function series(first: Question, answer: Answer) {
  const { asked, wrapper, change } = servePoints(answer);
  const use = ({ tag = "loss", runIds = A, window = null, isWanted = true }: Question) =>
    useSeries({ tag, runIds, limit: 100, window }, isWanted);
  const { result, rerender, unmount } = renderHook(use, { initialProps: first, wrapper });
  return {
    asked,
    change,
    result,
    ask: (question: Question) => rerender({ ...first, ...question }),
    unmount,
    arrives: (...values: number[]) =>
      waitFor(() => {
        const { content, isEarlier } = result.current;
        expect(isEarlier).toBe(false);
        expect(content?.series.map((one) => one.values[0])).toEqual(values);
      }),
  };
}

test("nothing is asked without runs, or while it is not wanted", async () => {
  const { asked, ask, arrives } = series({ runIds: [] }, counting());
  ask({ runIds: A, isWanted: false });
  expect(asked).toEqual([]);
  ask({ runIds: A, isWanted: true });
  await arrives(1);
  expect(asked).toHaveLength(1);
});

test("a slow answer is shown before the next question is asked, however often the store changes", async () => {
  const slow = later<ArrayBuffer>();
  const answers: unknown[] = [slow.promise, encodeAnswer([{ runId: "a", steps: [0], values: [2] }])];
  const { asked, change, arrives } = series({}, () => answers.shift());
  await waitFor(() => expect(asked).toHaveLength(1));
  for (let i = 0; i < 3; i++) {
    change();
  }
  expect(asked).toHaveLength(1);
  slow.keep(encodeAnswer([{ runId: "a", steps: [0], values: [1] }]));
  await arrives(2);
  expect(asked).toHaveLength(2);
});

describe("runs that come and go", () => {
  test("while a run is added the points of the others stay, marked as earlier ones", async () => {
    const slow = later<ArrayBuffer>();
    const answers: unknown[] = [encodeAnswer([{ runId: "a", steps: [0], values: [1] }]), slow.promise];
    const { ask, arrives, result } = series({}, () => answers.shift());
    await arrives(1);
    ask({ runIds: AB });
    expect(result.current).toMatchObject({ isEarlier: true });
    expect(result.current.content?.series).toHaveLength(1);
    slow.keep(encodeAnswer([{ runId: "b", steps: [0], values: [5] }]));
    await arrives(1, 5);
  });

  test("a run that is added costs its own points, one that is taken away costs nothing", async () => {
    const { asked, ask, arrives } = series({ runIds: AB }, counting());
    await arrives(1, 1);
    ask({ runIds: ["a", "b", "c"] });
    await arrives(1, 1, 2);
    expect(runsOf(asked[1])).toEqual(["c"]);
    ask({ runIds: ["c", "a"] });
    await arrives(2, 1);
    expect(asked).toHaveLength(2);
  });

  test("that a run has not logged the metric is not asked twice either", async () => {
    const only = (url: URL) =>
      encodeAnswer(runsOf(url).flatMap((runId) => (runId === "a" ? [] : [{ runId, steps: [0], values: [1] }])));
    const { asked, ask, arrives } = series({}, only);
    await arrives();
    ask({ runIds: AB });
    await arrives(1);
    expect(asked.map(runsOf)).toEqual([["a"], ["b"]]);
  });

  test("when the store has changed, points travel of the runs that have; without any, nothing is new", async () => {
    const lengths = new Map([
      ["a", 1],
      ["b", 1],
    ]);
    const { asked, change, arrives, result } = series({ runIds: AB }, (url) => {
      const known = url.searchParams.getAll("known");
      return encodeAnswer(
        runsOf(url).map((runId, i) => {
          const state = String(lengths.get(runId));
          const isUnchanged = known[i] === state;
          return {
            runId,
            state,
            isUnchanged,
            steps: isUnchanged ? [] : [0],
            values: isUnchanged ? [] : [asked.length],
          };
        }),
      );
    });
    await arrives(1, 1);
    const before = result.current.content?.series;
    change();
    await waitFor(() => expect(asked).toHaveLength(2));
    lengths.set("b", 2);
    change();
    await arrives(1, 3);
    expect(result.current.content?.series[0]).toBe(before?.[0]);
    expect(asked.map((url) => url.searchParams.getAll("known"))).toEqual([[], ["1", "1"], ["1", "1"]]);
    const grown = result.current.content?.series;
    change();
    await waitFor(() => expect(asked).toHaveLength(4));
    expect(result.current.content?.series).toBe(grown);
  });

  test("when the store has changed all of them are asked for again", async () => {
    const { asked, ask, change, arrives } = series({}, counting());
    await arrives(1);
    change();
    await arrives(2);
    ask({ runIds: AB });
    await arrives(2, 3);
    change();
    await arrives(4, 4);
    expect(asked.map(runsOf)).toEqual([A, A, ["b"], AB]);
  });

  test("however they are checked and unchecked, the points of each travel once", async () => {
    const random = seededRandom(40);
    const all = Array.from({ length: 12 }, (_, i) => `run-${i}`);
    const { asked, ask, result } = series({ runIds: [] }, counting());
    let chosen: string[] = [];
    for (let round = 0; round < 40; round++) {
      const one = all[Math.floor(random() * all.length)] as string;
      chosen = chosen.includes(one) ? chosen.filter((runId) => runId !== one) : [...chosen, one];
      ask({ runIds: chosen });
      await waitFor(() => {
        const isThere = chosen.length === 0 || !result.current.isEarlier;
        expect(isThere && (result.current.content?.series ?? []).length).toBe(chosen.length);
      });
    }
    const travelled = asked.flatMap(runsOf);
    expect(new Set(travelled).size).toBe(travelled.length);
  });
});

test("the points of another metric are never shown in between, nor those of an earlier visit as the latest", async () => {
  const { ask, arrives, change, result } = series({}, counting());
  await arrives(1);
  ask({ tag: "accuracy" });
  expect(result.current.content).toBeUndefined();
  await arrives(2);
  change();
  await arrives(3);
  ask({ tag: "loss" });
  await arrives(4);
});

test("an answer says which window it was asked for, also while the next one is under way", async () => {
  const { ask, arrives, result } = series({ window: { first: 0, last: 9 } }, counting());
  await arrives(1);
  ask({ window: { first: 5, last: 9 } });
  expect(result.current.content?.window).toEqual({ first: 0, last: 9 });
  await arrives(2);
  expect(result.current.content?.window).toEqual({ first: 5, last: 9 });
});

test("a refusal is the server's own sentence; the points before it stay, and a retry brings new ones", async () => {
  const answers: unknown[] = [1, 0, 3].map((value) =>
    value === 0 ? refusal("The store is locked.") : encodeAnswer([{ runId: "a", steps: [0], values: [value] }]),
  );
  const { change, arrives, result } = series({}, () => answers.shift());
  await arrives(1);
  change();
  await waitFor(() => expect(result.current.problem).toBe("The store is locked."));
  expect(result.current.content?.series[0]?.values[0]).toBe(1);
  result.current.retry();
  await arrives(3);
  expect(result.current.problem).toBeNull();
});

test("a question whose chart is gone is given up", async () => {
  const signals: (AbortSignal | undefined)[] = [];
  const { unmount } = series({}, (_url, signal) => {
    signals.push(signal);
    return new Promise(() => undefined);
  });
  await waitFor(() => expect(signals).toHaveLength(1));
  unmount();
  expect(signals[0]?.aborted).toBe(true);
});
