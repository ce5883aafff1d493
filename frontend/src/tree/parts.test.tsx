import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, describe, expect, test } from "vitest";
import type { Run } from "../api/messages";
import { ClippedText } from "./ClippedText";
import { isNumeric } from "./columns";
import type { RunRow } from "./rows";
import { Status } from "./Status";
import { samplePage, sampleRun } from "./samples";
import { withIndex } from "./withIndex";

afterEach(cleanup);

describe("the state of a run", () => {
  const STATES: [Run["status"], string][] = [
    ["NotStarted", "Not started"],
    ["Queued", "Queued"],
    ["Preparing", "Preparing"],
    ["Running", "Running"],
    ["NotResponding", "Not responding"],
    ["Completed", "Completed"],
    ["Failed", "Failed"],
    ["Canceled", "Canceled"],
  ];

  test.each(STATES)("%s is said as a word, not by its colour alone", (status, word) => {
    render(<Status run={sampleRun("a", { status })} />);
    expect(screen.getByText(word).title).toBe(word);
  });

  test("says what ended a failed run", () => {
    render(<Status run={sampleRun("a", { status: "Failed", error: "CUDA out of memory" })} />);
    expect(screen.getByText("Failed").title).toBe("CUDA out of memory");
  });

  test("says that points were lost, whatever else there is to say", () => {
    render(<Status run={sampleRun("a", { status: "Failed", error: "boom", dropped: 12 })} />);
    expect(screen.getByLabelText("12 points were not kept: no room in the journal.")).toBeTruthy();
    expect(screen.getByText("Failed").title).toMatch(/^boom\n12 points/);
  });
});

describe("a name on one line", () => {
  function clipped(text: string) {
    const { container } = render(<ClippedText text={text} />);
    const part = (name: string) => container.querySelector(name)?.textContent ?? "";
    return { whole: container.textContent, tail: part(".clipped-tail") };
  }

  test.each(["", "loss", "x".repeat(20), "experiment-with-a-long-name-fold-0", "日".repeat(40), "👩‍👩‍👧".repeat(10)])(
    "loses no character: %s",
    (text) => expect(clipped(text).whole).toBe(text),
  );

  test("keeps its end in sight when it is long, by which a family's names differ", () => {
    expect(clipped("train/very/long/name/of/a/metric/fold-07").tail).toBe("ic/fold-07");
    expect(clipped("short").tail).toBe("");
  });

  test("is never cut inside a sign of two parts", () => {
    expect([...clipped(`${"a".repeat(20)}${"🙂".repeat(10)}`).tail]).toHaveLength(10);
  });

  test("has the whole in its title, or what is given instead", () => {
    render(<ClippedText text="a metric with a rather long name" />);
    expect(screen.getByTitle("a metric with a rather long name")).toBeTruthy();
    render(<ClippedText text="loss" title="Last value of metric loss" />);
    expect(screen.getByTitle("Last value of metric loss")).toBeTruthy();
  });
});

describe("whether a column's header stands above the ends of numbers", () => {
  const rows = (...cells: Run["cells"]): RunRow[] =>
    cells.map((cell, index) => ({
      kind: "run",
      run: sampleRun(`${index}`, { cells: [cell] }),
      page: samplePage([], { columns: ["param:x"] }),
      expanded: false,
      parent: "",
      index,
      siblings: cells.length,
      level: 1,
    }));

  test("is so for metrics and durations, never for words", () => {
    expect(["metric:loss", "duration", "name", "status", "started"].map((id) => isNumeric(id, []))).toEqual([
      true,
      true,
      false,
      false,
      false,
    ]);
  });

  test("of a parameter depends on the values in sight; runs without one do not count", () => {
    expect(isNumeric("param:x", rows(1, null, { non_finite: "Infinity" }))).toBe(true);
    expect(isNumeric("param:x", rows(1, "adam"))).toBe(false);
    expect(isNumeric("param:x", rows(true))).toBe(false);
    expect(isNumeric("param:x", rows(null))).toBe(false);
  });
});

describe("what a virtual list holds", () => {
  const range = { startIndex: 10, endIndex: 12, overscan: 1, count: 100 };

  test.each([
    [50, [9, 10, 11, 12, 13, 50]],
    [3, [3, 9, 10, 11, 12, 13]],
    [11, [9, 10, 11, 12, 13]],
    [-1, [9, 10, 11, 12, 13]],
    [100, [9, 10, 11, 12, 13]],
  ])("is what is in sight and near, and number %i if there is one, in order", (index, indices) => {
    expect(withIndex(range, index)).toEqual(indices);
  });
});
