import { cleanup, renderHook, waitFor } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Overview } from "./messages";
import { later, newCache, refusal, serve } from "./testing/server";
import { useOverview, useVersion } from "./useLive";

const OVERVIEW: Overview = { location: "sqlite:///runs.db", experiments: [], runs: 0, columns: [], column_count: 0 };

beforeEach(() => {
  vi.useFakeTimers({ shouldAdvanceTime: true });
});

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

describe("the version of the store", () => {
  test("is empty until the first answer, and asked for again every two seconds", async () => {
    let version = 0;
    const asked = serve(() => ({ version: String(++version) }));
    const { result } = renderHook(() => useVersion(), { wrapper: newCache().wrapper });
    expect(result.current).toMatchObject({ version: "", problem: null });
    await waitFor(() => expect(result.current.version).toBe("1"));
    await vi.advanceTimersByTimeAsync(2000);
    await waitFor(() => expect(result.current.version).toBe("2"));
    expect(asked.every(({ pathname }) => pathname === "/v1/version")).toBe(true);
  });

  test("is not asked for while the page is hidden", async () => {
    const asked = serve(() => ({ version: "1" }));
    renderHook(() => useVersion(), { wrapper: newCache().wrapper });
    await vi.waitFor(() => expect(asked).toHaveLength(1));
    const hidden = vi.spyOn(document, "visibilityState", "get").mockReturnValue("hidden");
    document.dispatchEvent(new Event("visibilitychange"));
    await vi.advanceTimersByTimeAsync(10_000);
    expect(asked).toHaveLength(1);
    hidden.mockRestore();
    document.dispatchEvent(new Event("visibilitychange"));
  });

  test("stays when the server is gone, with the reason, which goes when it is back", async () => {
    let isGone = false;
    serve(() => (isGone ? refusal("The store is gone.") : { version: "7" }));
    const { result } = renderHook(() => useVersion(), { wrapper: newCache().wrapper });
    await waitFor(() => expect(result.current.version).toBe("7"));
    isGone = true;
    await vi.advanceTimersByTimeAsync(2000);
    await waitFor(() => expect(result.current.problem).toBe("The store is gone."));
    expect(result.current.version).toBe("7");
    isGone = false;
    result.current.retry();
    await waitFor(() => expect(result.current.problem).toBeNull());
  });

  test("with its next answer what has failed meanwhile is asked for again", async () => {
    let isBroken = true;
    const asked = serve(({ pathname }) => {
      if (pathname === "/v1/version") {
        return { version: "7" };
      }
      return isBroken ? refusal("The store is gone.") : OVERVIEW;
    });
    const { wrapper } = newCache();
    const { result } = renderHook(() => useOverview("", useVersion().version), { wrapper });
    await waitFor(() => expect(result.current.error?.message).toBe("The store is gone."));
    isBroken = false;
    await vi.advanceTimersByTimeAsync(2000);
    await waitFor(() => expect(result.current.data).toEqual(OVERVIEW));
    await vi.advanceTimersByTimeAsync(10_000);
    expect(asked.filter(({ pathname }) => pathname === "/v1/overview")).toHaveLength(2);
  });

  test("after trouble everything that is shown is asked for again", async () => {
    let isGone = false;
    serve(() => (isGone ? refusal("Gone.") : { version: "7" }));
    const { client, wrapper } = newCache();
    client.setQueryData(["runs", "x"], "old");
    const { result } = renderHook(() => useVersion(), { wrapper });
    await waitFor(() => expect(result.current.version).toBe("7"));
    expect(client.getQueryState(["runs", "x"])?.isInvalidated).toBe(false);
    isGone = true;
    result.current.retry();
    await waitFor(() => expect(result.current.problem).toBe("Gone."));
    isGone = false;
    result.current.retry();
    await waitFor(() => expect(client.getQueryState(["runs", "x"])?.isInvalidated).toBe(true));
  });
});

describe("the overview", () => {
  function overview(version = "1", experiment = "") {
    return renderHook((props) => useOverview(props.experiment, props.version), {
      initialProps: { version, experiment },
      wrapper: newCache().wrapper,
    });
  }

  test("is not asked for before the version is known, and once for each version", async () => {
    const asked = serve(() => OVERVIEW);
    const { result, rerender } = overview("");
    expect(asked).toEqual([]);
    rerender({ version: "1", experiment: "" });
    await waitFor(() => expect(result.current.data).toEqual(OVERVIEW));
    rerender({ version: "1", experiment: "" });
    expect(asked).toHaveLength(1);
    rerender({ version: "2", experiment: "" });
    await waitFor(() => expect(asked).toHaveLength(2));
  });

  test("of another experiment keeps what was shown until it arrives", async () => {
    serve((url) => ({ ...OVERVIEW, location: url.searchParams.get("experiment") }));
    const { result, rerender } = overview("1", "one & only");
    await waitFor(() => expect(result.current.data?.location).toBe("one & only"));
    rerender({ version: "1", experiment: "two" });
    expect(result.current.data?.location).toBe("one & only");
    await waitFor(() => expect(result.current.data?.location).toBe("two"));
  });

  test("that takes long to count is asked for no more than a tenth of the time", async () => {
    const first = later<Overview>();
    const answers: unknown[] = [first.promise, OVERVIEW];
    const asked = serve(() => answers.shift());
    const { rerender } = overview("1");
    await vi.waitFor(() => expect(asked).toHaveLength(1));
    await vi.advanceTimersByTimeAsync(500);
    first.keep(OVERVIEW);
    await vi.advanceTimersByTimeAsync(50);
    rerender({ version: "2", experiment: "" });
    await vi.advanceTimersByTimeAsync(3000);
    expect(asked).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(3000);
    await vi.waitFor(() => expect(asked).toHaveLength(2));
  });
});
