import { expect, test } from "vitest";
import {
  FIRST_SORTING,
  kindOf,
  meaningOf,
  metricColumn,
  metricOf,
  nameOf,
  nextSorting,
  ownColumn,
  sortingInWords,
} from "./columns";

test("a column's name may have colons itself", () => {
  expect([kindOf("inherited.params.optimizer:lr"), nameOf("inherited.params.optimizer:lr")]).toEqual([
    "parameter",
    "optimizer:lr",
  ]);
  expect([metricOf(metricColumn("a:b")), metricOf("inherited.params.a"), metricOf("name")]).toEqual([
    "a:b",
    null,
    null,
  ]);
  expect([meaningOf("metrics.loss"), meaningOf("inherited.params.lr"), meaningOf("status")]).toEqual([
    "Last value of metric loss, of a run without one the best of the leaves",
    "Parameter lr",
    "Status",
  ]);
});

test("the text of a column is that of what a run has itself, without what fills it", () => {
  expect(ownColumn("coalesce(metrics.loss.min, mean(children.metrics.loss.min))")).toBe("metrics.loss.min");
  expect([ownColumn("metrics.loss"), ownColumn("inherited.params.lr")]).toEqual([
    "metrics.loss",
    "inherited.params.lr",
  ]);
});

test("a text that is no column is only its text", () => {
  expect([kindOf("param:lr"), nameOf("param:lr"), metricOf("metric:loss")]).toEqual(["other", "param:lr", null]);
});

test("a column sorts numbers downwards, then upwards, then not", () => {
  const down = nextSorting(FIRST_SORTING, "metrics.loss");
  const up = nextSorting(down, "metrics.loss");
  expect(down).toEqual({ sort: "metrics.loss", order: "desc" });
  expect(up).toEqual({ sort: "metrics.loss", order: "asc" });
  expect(nextSorting(up, "metrics.loss")).toEqual(FIRST_SORTING);
});

test("a column of words sorts upwards first", () => {
  expect(nextSorting(FIRST_SORTING, "name")).toEqual({ sort: "name", order: "asc" });
});

test.each([
  ["created", "desc", "newest first"],
  ["started", "asc", "oldest first"],
  ["name", "asc", "by run, A to Z"],
  ["duration", "desc", "by duration, longest first"],
  ["metrics.Loss", "asc", "by Loss, lowest first"],
] as const)("the order %s %s is said as %s", (sort, order, words) =>
  expect(sortingInWords({ sort, order })).toBe(words),
);
