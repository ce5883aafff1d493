import { beforeEach, expect, test } from "vitest";
import { recentFilters, rememberFilter } from "./recentFilters";

beforeEach(() => localStorage.clear());

test("filters are remembered, the newest first and each once", () => {
  for (const filter of ["a = 1", "b = 2", "a = 1", ""]) {
    rememberFilter(filter);
  }
  expect(recentFilters()).toEqual(["a = 1", "b = 2"]);
});

test("one that is written on is remembered as it is in the end", () => {
  for (const filter of ["depth = 0", "depth = 1", "depth = 12", "name = 'x'"]) {
    rememberFilter(filter);
  }
  expect(recentFilters()).toEqual(["name = 'x'", "depth = 12", "depth = 0"]);
});

test("there are eight at most, and what is damaged is none", () => {
  for (let number = 0; number < 20; number++) {
    rememberFilter(`${number} < depth`);
  }
  expect(recentFilters()).toHaveLength(8);
  localStorage.setItem("tb_runhistory.filters", '{"a": [');
  expect(recentFilters()).toEqual([]);
  localStorage.setItem("tb_runhistory.filters", '[1, "depth = 1"]');
  expect(recentFilters()).toEqual(["depth = 1"]);
});
