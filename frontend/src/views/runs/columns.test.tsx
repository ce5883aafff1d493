import { cleanup, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { Run } from "../../api/messages";
import type { RunRow } from "../../model/rows";
import { sampleRun } from "../../testing/runs";
import { type ColumnFacts, tableColumns } from "./columns";
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

  test("says how far a run is that says how many steps it will log", () => {
    const { container } = render(<Status run={sampleRun("a", { status: "Running" })} progress={0.456} />);
    expect(container.textContent).toBe("Running, 45 % of its steps");
    expect(container.querySelector<HTMLElement>(".status-progress > span")?.style.width).toBe("45.6%");
  });

  test("says that points were lost, whatever else there is to say", () => {
    render(<Status run={sampleRun("a", { status: "Failed", error: "boom", dropped: 12 })} />);
    expect(screen.getByLabelText("12 points were not kept: no room in the journal.")).toBeTruthy();
    expect(screen.getByTitle(/^Failed boom 12 points/)).toBeTruthy();
  });
});

const FACTS: ColumnFacts = {
  pinned: 0,
  widths: new Map(),
  alignments: new Map(),
  names: new Map(),
  parents: null,
  hasBelow: false,
  goTo: () => undefined,
};

describe("a metric's cell", () => {
  function show(cell: Run["cells"][number], goTo = (_: string) => {}) {
    const column = tableColumns(["metrics.loss"], { ...FACTS, goTo }).find(({ id }) => id === "metrics.loss");
    const run = sampleRun("sweep", { cells: [cell], children: 90 });
    const place = { parent: "", index: 0, siblings: 1, level: 1 };
    render(column?.cell({ kind: "run", run, columns: ["metrics.loss"], expanded: false, ...place }));
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

  test("that is a mean says so, and leads nowhere", () => {
    const text = "coalesce(metrics.loss, mean(repeats.metrics.loss))";
    const run = sampleRun("sweep", { cells: [{ rolled_up: 0.5, over: 9, best: "" }] });
    const place = { parent: "", index: 0, siblings: 1, level: 1 };
    render(tableColumns([text], FACTS)[0]?.cell({ kind: "run", run, columns: [text], expanded: false, ...place }));
    expect(screen.queryByRole("button")).toBeNull();
    expect(screen.getByTitle(/^Mean of 9 means of repeats/).textContent).toContain("0.5");
  });

  test("that is the run's own leads nowhere", () => {
    show(0.25);
    expect(screen.queryByRole("button")).toBeNull();
    expect(screen.getByTitle("0.25").textContent).toBe("0.25");
  });
});

describe("the columns", () => {
  const SHOWN = ["status", "metrics.loss", "coalesce(metrics.loss.min, mean(leaves.metrics.loss.min))", "tags.team"];
  const table = (facts: Partial<ColumnFacts> = {}) => tableColumns(SHOWN, { ...FACTS, ...facts });

  test("are those that are shown, in order, the first ones pinned, as wide as somebody made them", () => {
    const widths = new Map([["tags.team", 333]]);
    expect(table({ pinned: 2, widths }).map(({ id, isPinned, width }) => [id, isPinned, width])).toEqual([
      ["status", true, 44],
      ["metrics.loss", true, 112],
      [SHOWN[2], false, 161],
      ["tags.team", false, 333],
    ]);
  });

  test("have headings, and stand under those of their kind", () => {
    expect(table().map(({ title, detail, group }) => [title, detail, group])).toEqual([
      ["Status", undefined, undefined],
      ["loss", undefined, "Metrics"],
      ["loss", "min, mean", "Metrics"],
      ["team", undefined, "Tags"],
    ]);
  });

  test("of a flat list say what stands above each run, behind those that are pinned", () => {
    const [, second, third] = table({ pinned: 1, parents: new Map([["r", "sweep/fold"]]) });
    expect([second?.id, third?.id]).toEqual(["parents", "metrics.loss"]);
  });
});

describe("a cell", () => {
  const row = (cell: Run["cells"][number], column: string, facts: Partial<Run> = {}): RunRow => ({
    kind: "run",
    run: sampleRun("r", { cells: [cell], ...facts }),
    columns: [column],
    expanded: false,
    parent: "",
    index: 0,
    siblings: 1,
    level: 1,
  });
  const show = (column: string, shown: RunRow, facts: Partial<ColumnFacts> = {}) =>
    render(tableColumns([column], { ...FACTS, ...facts })[0]?.cell(shown)).container;

  test("of a number has behind it what brings its point below the others, unseen", () => {
    const alignments = new Map([["metrics.loss", { isNumeric: true, hasText: false, digits: 4, tail: ".1234" }]]);
    const value = show("metrics.loss", row(0.5, "metrics.loss"), { alignments }).querySelector(".value");
    expect([value?.textContent, value?.getAttribute("data-pad")]).toEqual(["0.5", "234"]);
  });

  test("that is inherited is told from the run's own, and says from which run", () => {
    const column = "inherited.params.lr";
    const names = new Map([["t", "sweep/trial"]]);
    const cell = { inherited: 0.1, source: "t" };
    const value = show(column, row(cell, column), { names }).querySelector<HTMLElement>(".value");
    expect([value?.textContent, value?.title, value?.dataset["inherited"]]).toEqual([
      "0.1",
      "0.1\nInherited from sweep/trial",
      "true",
    ]);
    const own = show(column, row(0.1, column), { names }).querySelector<HTMLElement>(".value");
    expect([own?.title, own?.dataset["inherited"]]).toEqual(["0.1", "false"]);
  });

  test("of a description has its first line, and all of it in its title", () => {
    const value = show("description", row("What it is\nand why", "description")).querySelector(".value");
    expect([value?.textContent, value?.getAttribute("title")]).toEqual(["What it is", "What it is\nand why"]);
  });

  test("of a moment says how long ago it was", () => {
    expect(show("ended", row(null, "ended", { ended_at: 0 })).textContent).toMatch(/ago$/);
    expect(show("created", row(null, "created")).textContent).toMatch(/ago$/);
  });
});
