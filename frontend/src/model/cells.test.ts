import { describe, expect, test } from "vitest";
import { sampleRun } from "../testing/runs";
import { cellOf, cellText, durationText, isOwn, momentText, rolledUpInWords } from "./cells";

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
    [{ rolled_up: 0.25, over: 9, best: "" }, "0.25"],
    [null, ""],
    [undefined, ""],
  ])("of %j reads %s", (cell, text) => expect(cellText(cell, false).text).toBe(text));

  test("has the whole value in its title", () => {
    expect(cellText(0.123456789012, false).title).toBe("0.123456789012");
    expect(cellText({ non_finite: "-Infinity" }, false).title).toBe("-Infinity");
  });

  test("that is rolled up says over how many leaves", () => {
    const said = (over: number, column: string) => rolledUpInWords({ rolled_up: 0.5, over, best: "a" }, column);
    const children = "coalesce(metrics.loss.min, std(children.metrics.loss.min))";
    expect(said(1234, "metrics.loss")).toBe("Best of 1,234 leaves");
    expect(said(1, "metrics.loss.max")).toBe("The one leaf that has it");
    expect([said(9, children), said(1, children)]).toEqual([
      "Standard deviation of 9 children",
      "The one child that has it",
    ]);
    expect(said(3, "mean(leaves.params.lr)")).toBe("Of 3 values");
  });

  test("is a run's own where it is neither missing nor rolled up", () => {
    const cells = [0, { non_finite: "NaN" } as const, { rolled_up: 1, over: 2, best: "a" }, null, undefined];
    expect(cells.map(isOwn)).toEqual([true, true, false, false, false]);
  });

  test("is a number where it is one, which words are not", () => {
    expect([1, { non_finite: "NaN" } as const, "1", true].map((cell) => cellText(cell, true).numeric)).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });
});

test("cells are found by their column's name, whatever other columns a page has", () => {
  const run = sampleRun("a", { cells: [1, 2] });
  expect(cellOf(run, ["inherited.params.x", "metrics.y"], "metrics.y")).toBe(2);
  expect(cellOf(run, ["inherited.params.x", "metrics.y"], "metrics.z")).toBeNull();
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

test.each([
  [5, "just now"],
  [125, "2 min ago"],
  [7500, "2 h ago"],
  [100_000, "1 d ago"],
  [70 * 86400, "2 mo ago"],
  [800 * 86400, "2 y ago"],
  [-3, "just now"],
])("a start %d seconds ago reads %s, with the moment in its title", (seconds, text) => {
  const start = momentText(1_700_000_000, 1_700_000_000 + seconds);
  expect(start.text).toBe(text);
  expect(start.title).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
});

test("a run that has not started has no start", () => expect(momentText(null, 5).text).toBe(""));

test.each([
  [1_234_567, true, "1234567"],
  [-42, true, "−42"],
  [12_345.6, true, "12,345.6"],
  [1_234_567, false, "1,234,567"],
])("%d as a parameter's value (%s) reads %s: seeds have no separators", (value, isParameter, text) => {
  expect(cellText(value, isParameter).text).toBe(text);
});
