// @vitest-environment node
import { expect, test } from "vitest";
import { fetchPoints, limitFor, MOST_RUNS } from "./fetch";
import { encodeAnswer } from "./testing/answers";

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

test("more runs than the server takes at once are asked for in batches, and come back in order", async () => {
  const { asked, getBytes } = answering();
  const runIds = Array.from({ length: 2 * MOST_RUNS + 1 }, (_, i) => `run-${i}`);
  const series = await fetchPoints({ tag: "loss", runIds, limit: 10 }, getBytes);
  expect(asked.map((parameters) => parameters.getAll("run").length)).toEqual([MOST_RUNS, MOST_RUNS, 1]);
  expect(series.map(({ runId }) => runId)).toEqual(runIds);
});

test("a refusal of any batch is the whole answer", async () => {
  const { getBytes } = answering();
  const refusing = (path: string, parameters: URLSearchParams) =>
    parameters.has("run", "run-400") ? Promise.reject(new Error("No such run.")) : getBytes(path, parameters);
  const runIds = Array.from({ length: MOST_RUNS + 1 }, (_, i) => `run-${i}`);
  await expect(fetchPoints({ tag: "loss", runIds, limit: 10 }, refusing)).rejects.toThrow("No such run.");
});

test.each([
  [0, 1000],
  [1, 1000],
  [400, 1000],
  [1000, 400],
  [100_000, 64],
])("the points of %i runs are limited to %i each", (runs, limit) => {
  expect(limitFor(runs)).toBe(limit);
});
