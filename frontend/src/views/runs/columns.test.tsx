import { cleanup, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { Run } from "../../api/messages";
import type { RunRow } from "../../model/rows";
import { sampleRun } from "../../testing/runs";
import { type ColumnFacts, numericColumns, tableColumns } from "./columns";
import { Status } from "./Status";

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
    expect(screen.getByText(word).closest(".status")?.getAttribute("title")).toBe(word);
  });

  test("that nobody knows yet, of a server newer than the page, is shown all the same", () => {
    for (const status of ["Paused", "constructor", ""]) {
      render(<Status run={sampleRun("a", { status: status as Run["status"] })} />);
      expect(screen.getByText("Unknown")).toBeTruthy();
      cleanup();
    }
  });

  test("says what ended a failed run", () => {
    render(<Status run={sampleRun("a", { status: "Failed", error: "CUDA out of memory" })} />);
    expect(screen.getByTitle(/^Failed CUDA out of memory$/)).toBeTruthy();
  });

  test("has beside it how many below run, failed or do not respond, and all of them in words", () => {
    const descendants: Run["descendants"] = [
      { status: "Running", runs: 3 },
      { status: "Completed", runs: 1085 },
      { status: "Failed", runs: 2 },
    ];
    const { container } = render(<Status run={sampleRun("a", { descendants })} />);
    const below = [...container.querySelectorAll(".status-below")].map((one) => one.textContent);
    expect(below).toEqual(["3", "2"]);
    expect(screen.getByTitle(/^Completed Of 1,090 below: 3 running, 2 failed, 1,085 completed$/)).toBeTruthy();
    expect(screen.getByText(/^\. Of 1,090 below/)).toBeTruthy();
  });

  test("stands alone where all below ended well", () => {
    const { container } = render(<Status run={sampleRun("a", { descendants: [{ status: "Completed", runs: 9 }] })} />);
    expect(container.querySelectorAll(".status-below")).toHaveLength(0);
    expect(screen.getByTitle("Completed Of 9 below: 9 completed")).toBeTruthy();
  });

  test("says that points were lost, whatever else there is to say", () => {
    render(<Status run={sampleRun("a", { status: "Failed", error: "boom", dropped: 12 })} />);
    expect(screen.getByLabelText("12 points were not kept: no room in the journal.")).toBeTruthy();
    expect(screen.getByTitle(/^Failed boom 12 points/)).toBeTruthy();
  });
});

describe("whether a column's header stands above the ends of numbers", () => {
  const rows = (...cells: Run["cells"]): RunRow[] =>
    cells.map((cell, index) => ({
      kind: "run",
      run: sampleRun(`${index}`, { cells: [cell] }),
      columns: ["param:x"],
      expanded: false,
      parent: "",
      index,
      siblings: cells.length,
      level: 1,
    }));

  const isNumeric = (id: string, shown: RunRow[]) => numericColumns([id], shown).has(id);

  test("is so for metrics, and of a parameter depends on the values in sight; runs without one do not count", () => {
    expect(isNumeric("metric:loss", [])).toBe(true);
    expect(isNumeric("param:x", rows(1, null, { non_finite: "Infinity" }))).toBe(true);
    expect(isNumeric("param:x", rows(1, "adam"))).toBe(false);
    expect(isNumeric("param:x", rows(true))).toBe(false);
    expect(isNumeric("param:x", rows(null))).toBe(false);
  });
});

const FACTS: ColumnFacts = {
  numeric: new Set(),
  hasExperiment: false,
  parents: null,
  hasBelow: false,
  goTo: () => undefined,
};

describe("a metric's cell", () => {
  function show(cell: Run["cells"][number], goTo = (_: string) => {}) {
    const column = tableColumns(["metric:loss"], { ...FACTS, goTo }).find(({ id }) => id === "metric:loss");
    const run = sampleRun("sweep", { cells: [cell], children: 90 });
    const place = { parent: "", index: 0, siblings: 1, level: 1 };
    render(column?.cell({ kind: "run", run, columns: ["metric:loss"], expanded: false, ...place }));
  }

  test("that is rolled up says that it is, over how many leaves, and leads to the best of them", async () => {
    const goTo = vi.fn();
    show({ rolled_up: 0.25, over: 90, best: "fold-3" }, goTo);
    const button = screen.getByRole("button", { name: "0.25 Best of 90 leaves" });
    expect(button.title).toMatch(/^Best of 90 leaves\n0.25\n/);
    expect(button.querySelector("svg")?.parentElement?.textContent).toBe("90");
    await userEvent.click(button);
    expect(goTo).toHaveBeenCalledExactlyOnceWith("fold-3");
  });

  test("that is the run's own leads nowhere", () => {
    show(0.25);
    expect(screen.queryByRole("button")).toBeNull();
    expect(screen.getByTitle("0.25").textContent).toBe("0.25");
  });
});

describe("the columns", () => {
  const ids = (hasExperiment: boolean) =>
    tableColumns(["metric:loss", "param:lr"], { ...FACTS, hasExperiment }).map(({ id }) => id);

  test("are the state, what is shown, and times; the experiment where there are several", () => {
    expect(ids(false)).toEqual(["status", "metric:loss", "param:lr", "started", "duration"]);
    expect(ids(true)[1]).toBe("experiment");
  });
});
