import { describe, expect, test } from "vitest";
import type { GroupPage } from "../api/messages";
import { allOf, conditionsIn, groupColumns, groupKey, groupName, groupSorting, groupsOf } from "./groups";

const LR = "inherited.params.lr";

describe("the key of a group", () => {
  test("is made of the conditions that its runs meet, and read back", () => {
    const outer = groupKey("", "tags.team = 'a, \"b\"'");
    const inner = groupKey(outer, "status = 'Failed'");
    expect(conditionsIn(outer)).toEqual(["tags.team = 'a, \"b\"'"]);
    expect(conditionsIn(inner)).toEqual(["tags.team = 'a, \"b\"'", "status = 'Failed'"]);
  });

  test("is no run's: of all runs there are no conditions, of one run nothing is a group", () => {
    expect(conditionsIn("")).toEqual([]);
    for (const other of ["01939f3c-7a1e-7000-8000-000000000001", "my run", "[", "[1]", '["a"', "{}"]) {
      expect(conditionsIn(other)).toBeNull();
    }
  });
});

test("filters are met together, each as a whole", () => {
  expect(allOf(["", ""])).toBe("");
  expect(allOf(["", "a = 1 or b = 2"])).toBe("a = 1 or b = 2");
  expect(allOf(["a = 1 or b = 2", "status = 'Failed'"])).toBe("(a = 1 or b = 2) AND (status = 'Failed')");
});

test("groups bring the mean of a metric, or the statistic that its column says, and the ends of a parameter", () => {
  const median = "coalesce(metrics.loss, median(leaves.metrics.loss))";
  expect(groupColumns(["metrics.loss", median, LR])).toEqual([
    "max:started",
    "mean:duration",
    "mean:metrics.loss",
    `median:${median}`,
    `min:${LR}`,
    `max:${LR}`,
  ]);
});

test("the server is asked for no more columns than it takes", () => {
  expect(groupColumns(Array.from({ length: 150 }, (_, i) => `params.p${i}`))).toHaveLength(200);
});

test.each([
  ["created", "desc", "value", "asc"],
  ["created", "asc", "value", "desc"],
  ["name", "desc", "value", "desc"],
  [LR, "desc", "value", "desc"],
  ["inherited.params.depth", "desc", "mean:inherited.params.depth", "desc"],
  ["metrics.loss", "asc", "mean:metrics.loss", "asc"],
  ["started", "desc", "max:started", "desc"],
  ["duration", "asc", "mean:duration", "asc"],
  ["status", "desc", "value", "asc"],
] as const)("where runs are sorted by %s, %s, groups by %s, %s", (sort, order, wanted, wantedOrder) => {
  expect(groupSorting({ sort, order }, LR)).toEqual({ sort: wanted, order: wantedOrder });
});

describe("the groups of an answer", () => {
  const group = { statuses: [], cells: [] };
  const page: GroupPage = {
    total: 3,
    offset: 0,
    matches: 9,
    runs_in_scope: 9,
    columns: [],
    groups: [
      { ...group, value: 0.1, condition: `${LR} = 0.1`, runs: 7 },
      { ...group, value: null, condition: `${LR} IS NULL`, runs: 1 },
      { ...group, value: "very long", condition: "", runs: 2 },
    ],
  };

  test("unfold to as many rows as they have runs", () => {
    const groups = groupsOf(page, "", LR, true);
    expect(groups.map(({ key, children }) => [conditionsIn(key), children])).toEqual([
      [[`${LR} = 0.1`], 7],
      [[`${LR} IS NULL`], 1],
      [[`${LR} = "very long"`], 0],
    ]);
  });

  test("how many groups there are within one is not known before", () => {
    expect(groupsOf(page, groupKey("", "depth = 1"), LR, false).map(({ children }) => children)).toEqual([1, 1, 0]);
  });

  test("are called by their value", () => {
    expect(groupsOf(page, "", LR, true).map(groupName)).toEqual([
      { column: "lr", value: "0.1" },
      { column: "lr", value: null },
      { column: "lr", value: "very long" },
    ]);
    expect(groupName({ by: "status", value: "Failed" })).toEqual({ column: "Status", value: "Failed" });
    expect(groupName({ by: LR, value: { non_finite: "Infinity" } }).value).toBe("Infinity");
  });
});
