import { expect, test } from "vitest";
import {
  askedColumn,
  FIRST_SORTING,
  kindOf,
  meaningOf,
  metricColumn,
  metricOf,
  nameOf,
  nextSorting,
  sortingInWords,
} from "./columns";

test("a column's name may have colons itself", () => {
  expect([kindOf("param:optimizer:lr"), nameOf("param:optimizer:lr")]).toEqual(["param", "optimizer:lr"]);
  expect([metricOf(metricColumn("a:b")), metricOf("param:a"), metricOf("name")]).toEqual(["a:b", null, null]);
  expect([meaningOf("metric:loss"), meaningOf("param:lr"), meaningOf("status")]).toEqual([
    "Last value of metric loss, of a run without one the best below it",
    "Parameter lr",
    "Status",
  ]);
});

test.each([
  ["metric:loss", "coalesce(metrics.loss, best(leaves.metrics.loss))"],
  ["metric:val/acc@1:x-y", "coalesce(metrics.val/acc@1:x-y, best(leaves.metrics.val/acc@1:x-y))"],
  ["metric:a.min", "coalesce(metrics.`a.min`, best(leaves.metrics.`a.min`))"],
  ["metric:a.Argmax", "coalesce(metrics.`a.Argmax`, best(leaves.metrics.`a.Argmax`))"],
  ["metric:learning rate", "coalesce(metrics.`learning rate`, best(leaves.metrics.`learning rate`))"],
  ["metric:-x", "coalesce(metrics.`-x`, best(leaves.metrics.`-x`))"],
  ["metric:Verlust_ä", "coalesce(metrics.`Verlust_ä`, best(leaves.metrics.`Verlust_ä`))"],
  ["metric:a`b", "coalesce(metrics.`a``b`, best(leaves.metrics.`a``b`))"],
  ["metric:`) or (", "coalesce(metrics.```) or (`, best(leaves.metrics.```) or (`))"],
  ["param:lr", "param:lr"],
  ["duration", "duration"],
])("the server is asked for %s as %s", (column, text) => expect(askedColumn(column)).toBe(text));

test("a metric that the server would not take as a roll-up is asked for as it is", () => {
  expect(askedColumn("metric:")).toBe("metric:");
  const hostile = metricColumn("`".repeat(255));
  expect(askedColumn(hostile)).toBe(hostile);
});

test("a column sorts numbers downwards, then upwards, then not", () => {
  const down = nextSorting(FIRST_SORTING, "metric:loss");
  const up = nextSorting(down, "metric:loss");
  expect(down).toEqual({ sort: "metric:loss", order: "desc" });
  expect(up).toEqual({ sort: "metric:loss", order: "asc" });
  expect(nextSorting(up, "metric:loss")).toEqual(FIRST_SORTING);
});

test("a column of words sorts upwards first", () => {
  expect(nextSorting(FIRST_SORTING, "name")).toEqual({ sort: "name", order: "asc" });
});

test.each([
  ["created", "desc", "newest first"],
  ["started", "asc", "oldest first"],
  ["name", "asc", "by run, A to Z"],
  ["duration", "desc", "by duration, longest first"],
  ["metric:Loss", "asc", "by Loss, lowest first"],
] as const)("the order %s %s is said as %s", (sort, order, words) =>
  expect(sortingInWords({ sort, order })).toBe(words),
);
