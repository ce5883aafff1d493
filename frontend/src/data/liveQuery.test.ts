import { cleanup, renderHook, waitFor } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { getOverview } from "../api/client";
import { later, newCache, refusal, serve } from "../testing/server";
import { type LiveQuestion, pauseAfter, useLiveQuery } from "./liveQuery";
import { useVersion } from "./useVersion";

beforeEach(() => {
  vi.useFakeTimers({ shouldAdvanceTime: true });
});

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

/** A store that counts what it is asked; its answers say what they were asked at. */
class Store {
  version = "1";
  /** The sentence with which questions are refused; "version" only if `isWholeRefused`. */
  refusal: string | null = null;
  isWholeRefused = false;
  isFrozen = false;
  readonly asked: URL[];

  constructor() {
    this.asked = serve((url, signal) => {
      const isVersion = url.pathname === "/v1/version";
      if (this.isFrozen) {
        return new Promise((_, reject) => {
          signal?.addEventListener("abort", () => reject(new DOMException("aborted", "AbortError")));
        });
      }
      if (this.refusal !== null && (!isVersion || this.isWholeRefused)) {
        return refusal(this.refusal);
      }
      return isVersion ? { version: this.version } : `${url.searchParams.get("experiment")} at ${this.version}`;
    });
  }

  /** How often a question was asked, of "version" and "overview". */
  count(name: string): number {
    return this.asked.filter(({ pathname }) => pathname === `/v1/${name}`).length;
  }
}

const question = (name: string, facts: Partial<LiveQuestion<unknown>> = {}): LiveQuestion<unknown> => ({
  key: ["overview", name],
  ask: (signal) => getOverview(name, signal),
  ...facts,
});

/** A page that follows the version and shows the answer to one question. */
function follow(first: LiveQuestion<unknown>) {
  return renderHook(({ asked }) => ({ store: useVersion(), answer: useLiveQuery(asked) }), {
    initialProps: { asked: first },
    wrapper: newCache().wrapper,
  });
}

describe("an answer that follows the store", () => {
  test("is asked for once a version, and the earlier one stays meanwhile", async () => {
    const store = new Store();
    const { result } = follow(question("loss"));
    await waitFor(() => expect(result.current.answer.content).toBe("loss at 1"));
    await vi.advanceTimersByTimeAsync(20_000);
    expect(store.count("overview")).toBe(1);
    store.version = "2";
    await vi.advanceTimersByTimeAsync(2000);
    await waitFor(() => expect(result.current.answer.content).toBe("loss at 2"));
    expect(store.count("overview")).toBe(2);
  });

  test("is of its own version, not of what was asked in between", async () => {
    const store = new Store();
    const { result, rerender } = follow(question("loss"));
    await waitFor(() => expect(result.current.answer.content).toBe("loss at 1"));
    rerender({ asked: question("accuracy") });
    await waitFor(() => expect(result.current.answer.content).toBe("accuracy at 1"));
    store.version = "2";
    await vi.advanceTimersByTimeAsync(2000);
    await waitFor(() => expect(result.current.answer.content).toBe("accuracy at 2"));
    rerender({ asked: question("loss") });
    expect(result.current.answer.content).toBe("loss at 1");
    await waitFor(() => expect(result.current.answer.content).toBe("loss at 2"));
  });

  test("whose version has passed while it was on its way is asked for again when it is there", async () => {
    const store = new Store();
    const slow = later<string>();
    let isFirst = true;
    const ask = vi.fn((signal: AbortSignal) => (isFirst ? slow.promise : getOverview("loss", signal)));
    const { result } = follow(question("loss", { ask, rest: 0 }));
    await vi.waitFor(() => expect(ask).toHaveBeenCalledTimes(1));
    store.version = "2";
    await vi.advanceTimersByTimeAsync(8000);
    expect(ask).toHaveBeenCalledTimes(1);
    isFirst = false;
    slow.keep("slow");
    await waitFor(() => expect(result.current.answer.content).toBe("loss at 2"));
  });

  test("that took long is not asked for again before it has rested", async () => {
    const store = new Store();
    const ask = vi.fn(async () => {
      await new Promise((resolve) => setTimeout(resolve, 500));
      return "counted";
    });
    const { result } = follow(question("all", { ask, rest: 9 }));
    await waitFor(() => expect(result.current.answer.content).toBe("counted"));
    store.version = "2";
    await vi.advanceTimersByTimeAsync(3000);
    expect(ask).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(3000);
    expect(ask).toHaveBeenCalledTimes(2);
  });

  test("of an earlier question is shown only where that was agreed", async () => {
    new Store();
    const keeps = ([, name]: readonly unknown[]) => name === "loss";
    const { result, rerender } = follow(question("loss"));
    await waitFor(() => expect(result.current.answer.content).toBe("loss at 1"));
    rerender({ asked: question("accuracy") });
    expect(result.current.answer.content).toBeUndefined();
    rerender({ asked: question("loss") });
    rerender({ asked: question("f1", { keeps }) });
    expect(result.current.answer).toMatchObject({ content: "loss at 1", isEarlier: true });
    await waitFor(() => expect(result.current.answer).toMatchObject({ content: "f1 at 1", isEarlier: false }));
  });

  test("nobody wants is not asked for, and when somebody does it is up to date", async () => {
    const store = new Store();
    const { result, rerender } = follow(question("loss"));
    await waitFor(() => expect(result.current.answer.content).toBe("loss at 1"));
    rerender({ asked: question("loss", { isWanted: false }) });
    store.version = "2";
    await vi.advanceTimersByTimeAsync(6000);
    expect(store.count("overview")).toBe(1);
    rerender({ asked: question("loss") });
    await waitFor(() => expect(result.current.answer.content).toBe("loss at 2"));
  });
});

describe("trouble", () => {
  test("is asked about again after pauses that double, not in a storm", async () => {
    const store = new Store();
    store.refusal = "Damaged.";
    const { result } = follow(question("loss"));
    await waitFor(() => expect(result.current.answer.problem).toBe("Damaged."));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(store.count("overview")).toBeLessThanOrEqual(7);
    expect([0, 1, 2, 9, 1000].map(pauseAfter)).toEqual([1000, 2000, 4000, 30_000, 30_000]);
  });

  test("with news of the store all the time is no storm either", async () => {
    const store = new Store();
    const { result } = follow(question("loss"));
    await waitFor(() => expect(result.current.answer.content).toBe("loss at 1"));
    store.refusal = "Damaged.";
    for (let version = 2; version < 32; version++) {
      store.version = String(version);
      await vi.advanceTimersByTimeAsync(2000);
    }
    expect(result.current.answer).toMatchObject({ content: "loss at 1", problem: "Damaged." });
    expect(store.count("overview")).toBeLessThanOrEqual(8);
  });

  test("that is over before the version was asked for leaves no error on the page", async () => {
    const store = new Store();
    store.refusal = "The store is gone.";
    const { result } = follow(question("loss"));
    await waitFor(() => expect(result.current.answer.problem).toBe("The store is gone."));
    expect(result.current.store.connection).toBe("live");
    store.refusal = null;
    await vi.advanceTimersByTimeAsync(2000);
    await waitFor(() => expect(result.current.answer).toMatchObject({ content: "loss at 1", problem: null }));
  });

  test("that ends with the store's return is over at once", async () => {
    const store = new Store();
    store.refusal = "The store is gone.";
    store.isWholeRefused = true;
    const { result } = follow(question("loss"));
    await waitFor(() => expect(result.current.store).toMatchObject({ connection: "lost", problem: store.refusal }));
    await vi.advanceTimersByTimeAsync(60_000);
    store.refusal = null;
    await vi.advanceTimersByTimeAsync(4000);
    await waitFor(() => expect(result.current.store).toMatchObject({ connection: "live", problem: null }));
    await waitFor(() => expect(result.current.answer).toMatchObject({ content: "loss at 1", problem: null }));
  });

  test("can be asked about at once", async () => {
    const store = new Store();
    store.refusal = "Damaged.";
    const { result } = follow(question("loss"));
    await waitFor(() => expect(result.current.answer.problem).toBe("Damaged."));
    await vi.advanceTimersByTimeAsync(60_000);
    store.refusal = null;
    result.current.answer.retry();
    await waitFor(() => expect(result.current.answer).toMatchObject({ content: "loss at 1", problem: null }));
  });

  test("of a frozen server is told from that of one that is gone, and nobody calls it live", async () => {
    const store = new Store();
    const { result } = follow(question("loss"));
    await waitFor(() => expect(result.current.store.connection).toBe("live"));
    store.isFrozen = true;
    await vi.advanceTimersByTimeAsync(7500);
    await waitFor(() => expect(result.current.store.connection).toBe("silent"));
    expect(result.current.store.problem).toBe("TensorBoard is there, but has not answered for 5 seconds.");
    store.isFrozen = false;
    await vi.advanceTimersByTimeAsync(4000);
    await waitFor(() => expect(result.current.store.connection).toBe("live"));
  });
});

describe("a page that nobody sees", () => {
  test.each([
    ["its window is hidden", () => vi.spyOn(document, "visibilityState", "get").mockReturnValue("hidden")],
    ["TensorBoard shows another dashboard", () => vi.spyOn(window, "innerHeight", "get").mockReturnValue(0)],
  ])("asks nothing while %s, and catches up afterwards", async (_, hide) => {
    const store = new Store();
    const { result } = follow(question("loss"));
    await waitFor(() => expect(result.current.answer.content).toBe("loss at 1"));
    const hidden = hide();
    window.dispatchEvent(new Event("resize"));
    document.dispatchEvent(new Event("visibilitychange"));
    const before = store.asked.length;
    store.version = "2";
    await vi.advanceTimersByTimeAsync(60_000);
    expect(store.asked.length).toBe(before);
    hidden.mockRestore();
    window.dispatchEvent(new Event("resize"));
    await waitFor(() => expect(result.current.answer.content).toBe("loss at 2"));
  });

  test("asks nothing about trouble either", async () => {
    const store = new Store();
    store.refusal = "Damaged.";
    const { result } = follow(question("loss"));
    await waitFor(() => expect(result.current.answer.problem).toBe("Damaged."));
    const hidden = vi.spyOn(window, "innerHeight", "get").mockReturnValue(0);
    window.dispatchEvent(new Event("resize"));
    const before = store.asked.length;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(store.asked.length).toBe(before);
    hidden.mockRestore();
    window.dispatchEvent(new Event("resize"));
  });
});
