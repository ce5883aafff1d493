import { describe, expect, test } from "vitest";
import { cellOf, cellText, columnName, durationText, startText } from "./format";
import { sampleRun } from "./samples";

describe("a cell", () => {
  test.each([
    [0.1, "0.1"],
    [0.123456789, "0.123457"],
    [1e-7, "1e−7"],
    [-12, "−12"],
    [{ non_finite: "NaN" } as const, "NaN"],
    [{ non_finite: "Infinity" } as const, "∞"],
    [{ non_finite: "-Infinity" } as const, "−∞"],
    [true, "true"],
    [false, "false"],
    ["relu", "relu"],
    [null, ""],
    [undefined, ""],
  ])("of %j reads %s", (cell, text) => expect(cellText(cell).text).toBe(text));

  test("has the whole value in its title", () => {
    expect(cellText(0.123456789012).title).toBe("0.123456789012");
    expect(cellText({ non_finite: "-Infinity" }).title).toBe("-Infinity");
  });

  test("is a number where it is one, which words are not", () => {
    expect([1, { non_finite: "NaN" } as const, "1", true].map((cell) => cellText(cell).numeric)).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });
});

test("cells are found by their column's name, whatever other columns a page has", () => {
  const run = sampleRun("a", { cells: [1, 2] });
  expect(cellOf(run, ["param:x", "metric:y"], "metric:y")).toBe(2);
  expect(cellOf(run, ["param:x", "metric:y"], "metric:z")).toBeNull();
});

test("a column's name may have colons itself", () => {
  expect(columnName("param:optimizer:lr")).toEqual({ kind: "param", name: "optimizer:lr" });
  expect(columnName("metric:loss")).toEqual({ kind: "metric", name: "loss" });
});

describe("a duration", () => {
  test("is from start to end", () => expect(durationText(sampleRun("a"), 9999).text).toBe("1 min"));
  test("of a running run is until the server's now", () => {
    expect(durationText(sampleRun("a", { ended_at: null }), 1090).text).toBe("1 min 30 s");
  });
  test("is nothing for a run that has not started", () => {
    expect(durationText(sampleRun("a", { started_at: null, ended_at: null }), 1090).text).toBe("");
  });
  test("is never negative when clocks disagree", () => {
    expect(durationText(sampleRun("a", { ended_at: null }), 900).text).toBe("0 s");
  });
});

test("a start is to the minute, with the seconds and how long ago in its title", () => {
  const { text, title } = startText(1_700_000_000, 1_700_000_000 + 7500);
  expect(text).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d$/);
  expect(title).toMatch(/:\d\d:\d\d, 2 hours ago$/);
  expect(startText(1_700_000_000, 1_700_000_010).title).toMatch(/just now$/);
  expect(startText(1_700_000_000, 1_700_100_000).title).toMatch(/1 day ago$/);
  expect(startText(null, 5).text).toBe("");
});
