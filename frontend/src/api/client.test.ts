import { afterEach, expect, test, vi } from "vitest";
import { ApiError, getBytes, getMetricsOf, getRunPage, getVersion } from "./client";

afterEach(() => vi.unstubAllGlobals());

function answering(body: BodyInit | null, status = 200) {
  const asked = vi.fn<(url: URL) => Promise<Response>>(async () => new Response(body, { status }));
  vi.stubGlobal("fetch", asked);
  return asked;
}

test("a page of runs is asked for with every parameter and each column by itself", async () => {
  const asked = answering("{}");
  await getRunPage({
    parent: "01ab",
    experiment: "a & b",
    filter: "name = 'a&b'",
    show: "flat",
    fill: "best(leaves)",
    sort: "metrics.loss",
    order: "asc",
    offset: 100,
    limit: 100,
    columns: ["inherited.params.lr", "metrics.loss"],
    statuses: true,
  });
  const url = asked.mock.calls[0]?.[0] as URL;
  expect(url.pathname).toBe("/v1/runs");
  expect(url.searchParams.get("experiment")).toBe("a & b");
  expect(url.searchParams.get("offset")).toBe("100");
  expect([url.searchParams.get("filter"), url.searchParams.get("show")]).toEqual(["name = 'a&b'", "flat"]);
  expect(url.searchParams.getAll("column")).toEqual(["inherited.params.lr", "metrics.loss"]);
  expect([url.searchParams.get("fill"), url.searchParams.get("statuses")]).toEqual(["best(leaves)", "1"]);
});

test("the metrics of runs are asked for with each run by itself", async () => {
  const asked = answering("{}");
  await getMetricsOf(["a", "b & c"]);
  const url = asked.mock.calls[0]?.[0] as URL;
  expect([url.pathname, url.searchParams.get("kind")]).toEqual(["/v1/columns", "metrics"]);
  expect(url.searchParams.getAll("run")).toEqual(["a", "b & c"]);
});

test("the address is taken from the page's base, below any prefix", async () => {
  const base = document.createElement("base");
  base.href = "http://localhost/proxy/8/data/plugin/runhistory/";
  document.head.append(base);
  const asked = answering("{}");
  await getVersion();
  base.remove();
  expect(String(asked.mock.calls[0]?.[0])).toBe(
    "http://localhost/proxy/8/data/plugin/runhistory/v1/version?".slice(0, -1),
  );
});

test("a refusal carries the server's own sentence and its status", async () => {
  answering('{"error": "There is no run 7. Reload the page."}', 404);
  await expect(getVersion()).rejects.toMatchObject({ message: "There is no run 7. Reload the page.", status: 404 });
});

test.each(["<html>Bad gateway</html>", "{}", "null", '{"error": 3}', ""])(
  "a refusal without a sentence, %j, still gives one",
  async (body) => {
    answering(body, 502);
    await expect(getVersion()).rejects.toThrow("The server refused the request with status 502.");
  },
);

test("a server that is gone is said in words", async () => {
  vi.stubGlobal("fetch", async () => {
    throw new TypeError("Failed to fetch");
  });
  await expect(getBytes("points", new URLSearchParams())).rejects.toThrow("TensorBoard does not answer.");
});

test("an answer that is no JSON is said in words", async () => {
  answering("<html></html>");
  await expect(getVersion()).rejects.toThrow(ApiError);
});

test("an abort stays an abort, so that nobody shows it", async () => {
  vi.stubGlobal("fetch", async () => {
    throw new DOMException("aborted", "AbortError");
  });
  await expect(getVersion(AbortSignal.abort())).rejects.toHaveProperty("name", "AbortError");
});

test("a message of the command line reads as a sentence", async () => {
  answering('{"error": "there is no store at /runs.db: record a run first"}', 404);
  await expect(getVersion()).rejects.toThrow("There is no store at /runs.db: record a run first.");
});
