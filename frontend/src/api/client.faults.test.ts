import { afterEach, describe, expect, test, vi } from "vitest";
import { refusal, serve } from "../testing/server";
import { getBytes, getOverview, getRunPage, getVersion } from "./client";

afterEach(() => vi.unstubAllGlobals());

const PAGE = {
  parent: "",
  experiment: "",
  filter: "",
  show: "ancestors",
  fill: "best(leaves)",
  sort: "created",
  order: "desc",
  offset: 0,
  limit: 100,
  columns: [],
  statuses: false,
} as const;

const QUESTIONS: [string, (signal?: AbortSignal) => Promise<unknown>][] = [
  ["version", (signal) => getVersion(signal)],
  ["overview", (signal) => getOverview("mnist", signal)],
  ["runs", (signal) => getRunPage(PAGE, signal)],
  ["points", (signal) => getBytes("points", new URLSearchParams({ tag: "loss" }), signal)],
];

/** Opens the page at an address, below whatever a proxy has put before it, for as long as `inside` takes. */
async function at(address: string, inside: () => Promise<unknown>) {
  const base = document.createElement("base");
  base.href = address;
  document.head.append(base);
  await inside();
  base.remove();
}

describe.each(QUESTIONS)("the question %s", (name, ask) => {
  test.each(["http://localhost:6006/", "https://hub.example/user/ann%20b/proxy/6006/", "http://[::1]:8/a/b/c/"])(
    "is asked below %s, with whatever prefix that has",
    async (prefix) => {
      const asked = serve(() => ({}));
      await at(`${prefix}data/plugin/runhistory/index.html?x=1#y`, () => ask());
      const [url] = asked;
      expect(`${url?.origin}${url?.pathname}`).toBe(`${prefix}data/plugin/runhistory/v1/${name}`);
      expect(url?.searchParams.has("x")).toBe(false);
    },
  );

  test.each([400, 403, 404, 405, 503])("refused with %i says the server's sentence", async (status) => {
    serve(() => refusal("The store is locked. Try again.", status));
    await expect(ask()).rejects.toMatchObject({
      name: "ApiError",
      message: "The store is locked. Try again.",
      status,
    });
  });

  test("without any answer says so in words", async () => {
    serve(() => Promise.reject(new TypeError("NetworkError when attempting to fetch resource.")));
    await expect(ask()).rejects.toMatchObject({ message: expect.stringContaining("does not answer"), status: 0 });
  });

  test("whose answer breaks off says so in words", async () => {
    const broken = new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode('{"ver'));
        controller.error(new TypeError("network error"));
      },
    });
    serve(() => new Response(broken));
    await expect(ask()).rejects.toMatchObject({ message: expect.stringContaining("does not answer") });
  });

  test("passes its abort on, and ends as one", async () => {
    const abort = new AbortController();
    serve(
      (_url, signal) =>
        new Promise((_resolve, reject) => {
          signal?.addEventListener("abort", () => reject(new DOMException("aborted", "AbortError")));
        }),
    );
    const asking = ask(abort.signal);
    abort.abort();
    await expect(asking).rejects.toHaveProperty("name", "AbortError");
  });
});

test.each(["a & b", "=", "#1", "%41", "ünïcödé", "", "a+b c"])("the experiment %j arrives as it is", async (name) => {
  const asked = serve(() => ({}));
  await getOverview(name);
  expect(new URL(String(asked[0])).searchParams.get("experiment")).toBe(name);
});

test("columns arrive each by itself and in order, whatever stands in their names", async () => {
  const columns = ["metrics.`a,b`", "inherited.params.`x&column=y`", "metrics.`100%`", "params.ü"];
  const asked = serve(() => ({}));
  await getRunPage({ ...PAGE, columns });
  expect(new URL(String(asked[0])).searchParams.getAll("column")).toEqual(columns);
});

test.each([
  ["there is no run 7", "There is no run 7."],
  ["Is it running?", "Is it running?"],
  ["gone!", "Gone!"],
  ["<b>no</b>", "<b>no</b>."],
])("the message %j reads %s", async (message, sentence) => {
  serve(() => refusal(message));
  await expect(getVersion()).rejects.toHaveProperty("message", sentence);
});
