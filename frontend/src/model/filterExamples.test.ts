import { expect, test } from "vitest";
import { filterExamples } from "./filterExamples";

test("the examples name what the store has, where that can be read", () => {
  const columns = [`metrics.${"x".repeat(61)}`, "metrics.`val ``loss`", "inherited.params.lr"].map((column) => ({
    column,
    runs: 1,
  }));
  const filters = filterExamples(columns).map(({ filter }) => filter);
  expect(filters).toContain("metrics.`val ``loss`.min < 0.5");
  expect(filters).toContain("mean(leaves.metrics.`val ``loss`) < 0.5");
  expect(filters).toContain("inherited.params.lr IS NOT NULL");
  expect(filters).toHaveLength(6);
});

test("of a store without metrics and parameters they name the usual ones", () => {
  expect(filterExamples([]).map(({ filter }) => filter)).toContain("metrics.loss.min < 0.5");
});
