import { expect, test } from "vitest";
import { CURVE_POINTS, gathered } from "./curves";
import { encodeAnswer } from "./testing/answers";

const answerOf = (parameters: URLSearchParams) =>
  encodeAnswer(
    parameters.getAll("run").map((runId) => ({ runId, steps: [0, 1], values: [1, 2] })),
    parameters.get("tag") ?? "",
  );

test("the runs of a moment are asked for together, a question a metric", async () => {
  const asked: URLSearchParams[] = [];
  const ask = gathered(async (_path, parameters) => {
    asked.push(parameters);
    return answerOf(parameters);
  });
  const found = await Promise.all([ask("loss", "a"), ask("loss", "b"), ask("loss", "a"), ask("mse", "a")]);
  expect(found.map((series) => series?.runId)).toEqual(["a", "b", "a", "a"]);
  expect(asked.map((parameters) => [parameters.get("tag"), parameters.getAll("run"), parameters.get("limit")])).toEqual(
    [
      ["loss", ["a", "b"], String(CURVE_POINTS)],
      ["mse", ["a"], String(CURVE_POINTS)],
    ],
  );
});

test("what cannot be had is told to all who asked, and the next may ask again", async () => {
  let isBroken = true;
  const ask = gathered(async (_path, parameters) => {
    if (isBroken) {
      throw new Error("gone");
    }
    return answerOf(parameters);
  });
  const [one, other] = await Promise.allSettled([ask("loss", "a"), ask("loss", "b")]);
  expect([one?.status, other?.status]).toEqual(["rejected", "rejected"]);
  isBroken = false;
  expect((await ask("loss", "a"))?.runId).toBe("a");
});
