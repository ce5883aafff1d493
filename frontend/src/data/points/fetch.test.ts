// @vitest-environment node
import { expect, test } from "vitest";
import { fetchPoints, LONGEST_QUERY, limitFor, MOST_POINTS } from "./fetch";
import { encodeAnswer, makeSeries } from "./testing/answers";

/** A server that answers one point for each run that it is asked for, and keeps the questions. */
function answering() {
  const asked: URLSearchParams[] = [];
  const getBytes = async (path: string, parameters: URLSearchParams) => {
    expect(path).toBe("points");
    asked.push(parameters);
    return encodeAnswer(parameters.getAll("run").map((runId) => ({ runId, steps: [1], values: [2] })));
  };
  return { asked, getBytes };
}

test("the question carries the tag, each run and the window", async () => {
  const { asked, getBytes } = answering();
  await fetchPoints({ tag: "a/b & c", runIds: ["x", "y"], limit: 500, window: { first: -3, last: 2 ** 62 } }, getBytes);
  expect(asked[0]?.get("tag")).toBe("a/b & c");
  expect(asked[0]?.getAll("run")).toEqual(["x", "y"]);
  expect(asked[0]?.get("limit")).toBe("500");
  expect(asked[0]?.get("first_step")).toBe("-3");
  expect(asked[0]?.get("last_step")).toBe("4611686018427388000");
});

test("without a window no step is named", async () => {
  const { asked, getBytes } = answering();
  await fetchPoints({ tag: "loss", runIds: ["x"], limit: 10, window: null }, getBytes);
  expect(asked[0]?.has("first_step")).toBe(false);
});

test("what is known is said of each run, and the requests are no longer for it", async () => {
  const { asked, getBytes } = answering();
  const runIds = idsOf(400);
  const known = new Map(
    runIds.slice(1).map((runId) => [runId, makeSeries({ runId, steps: [1], values: [2], state: "3-1000000-12" })]),
  );
  await fetchPoints({ tag: "loss", runIds, limit: 10, known }, getBytes);
  expect(asked.flatMap((parameters) => parameters.getAll("known"))).toEqual(["", ...Array(399).fill("3-1000000-12")]);
  expect(asked.flatMap((parameters) => parameters.getAll("run"))).toEqual(runIds);
  expect(asked.every((parameters) => parameters.toString().length <= LONGEST_QUERY)).toBe(true);
});

/** Ids as stores give them. */
const idsOf = (count: number) =>
  Array.from({ length: count }, (_, i) => `0190aaaa-0000-7000-8000-${String(i).padStart(12, "0")}`);

test("many runs are asked for in requests that every proxy takes, and come back in order", async () => {
  const { asked, getBytes } = answering();
  const runIds = idsOf(801);
  const series = await fetchPoints({ tag: "loss", runIds, limit: 10 }, getBytes);
  expect(asked.every((parameters) => parameters.toString().length <= LONGEST_QUERY)).toBe(true);
  expect(asked.length).toBeLessThan(10);
  expect(series.map(({ runId }) => runId)).toEqual(runIds);
});

test("a tag that fills a request by itself does not make one of each run", async () => {
  const { asked, getBytes } = answering();
  const series = await fetchPoints({ tag: "x".repeat(6000), runIds: idsOf(100), limit: 10 }, getBytes);
  expect(series).toHaveLength(100);
  expect(asked.length).toBeLessThan(6);
});

test("a few requests are under way at a time, so that others of the page get their turn", async () => {
  let [underWay, most] = [0, 0];
  const { getBytes } = answering();
  const slowly = async (path: string, parameters: URLSearchParams) => {
    underWay++;
    most = Math.max(most, underWay);
    await new Promise((resolve) => setTimeout(resolve, 1));
    underWay--;
    return getBytes(path, parameters);
  };
  await fetchPoints({ tag: "loss", runIds: idsOf(900), limit: 10 }, slowly);
  expect(most).toBe(3);
});

test("a refusal of any batch is the whole answer", async () => {
  const { getBytes } = answering();
  const runIds = idsOf(400);
  const refusing = (path: string, parameters: URLSearchParams) =>
    parameters.has("run", runIds[399]) ? Promise.reject(new Error("No such run.")) : getBytes(path, parameters);
  await expect(fetchPoints({ tag: "loss", runIds, limit: 10 }, refusing)).rejects.toThrow("No such run.");
});

test.each([
  [0, 1000],
  [1, 1000],
  [400, 1000],
  [401, 512],
  [1000, 256],
  [100_000, 64],
])("the points of %i runs are limited to %i each", (runs, limit) => {
  expect(limitFor(runs)).toBe(limit);
});

test("of a few runs more points may be asked for, never more than an answer may hold", () => {
  expect(limitFor(10, MOST_POINTS)).toBe(MOST_POINTS);
  expect(limitFor(300, MOST_POINTS)).toBe(1000);
});
