import { cleanup, fireEvent, render, screen, within } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Run } from "../api/messages";
import { cellOf } from "../model/cells";
import { type LoadedPages, PAGE_SIZE, ROOTS, RowIndex } from "../model/rows";
import { selectionOf } from "../model/selection";
import { arrived, manyRuns, samplePage, samplePages, sampleRun } from "../testing/runs";
import { colorOf } from "../theme/palette";
import type { TableColumn } from "./columns";
import type { TreeTableProps } from "./props";
import { TreeTable } from "./TreeTable";

beforeEach(() => {
  // jsdom lays nothing out; the table needs to know how much of it is in sight.
  vi.spyOn(Element.prototype, "clientHeight", "get").mockReturnValue(400);
  vi.spyOn(Element.prototype, "clientWidth", "get").mockReturnValue(1200);
  Element.prototype.scrollTo = vi.fn() as never;
});

afterEach(cleanup);

const IDS = ["inherited.params.lr", "metrics.loss"];
const PAGE = { columns: IDS };

/** How often each run's cell of the last column was drawn. */
let drawn = new Map<string, number>();

/** Three columns: what every run has, a parameter and a metric. */
const COLUMNS: readonly TableColumn[] = ["status", ...IDS].map((id) => ({
  id,
  title: id.slice(id.indexOf(":") + 1),
  meaning: id,
  width: 120,
  isNumeric: id === "metrics.loss",
  canSort: true,
  cell: ({ run, columns }) => {
    if (id === "metrics.loss") {
      drawn.set(run.run_id, (drawn.get(run.run_id) ?? 0) + 1);
    }
    return <span>{id === "status" ? run.status : JSON.stringify(cellOf(run, columns, id))}</span>;
  },
}));

/** A sweep of three children that is open, a closed parent, and two runs without children. */
const PAGES = samplePages({
  [ROOTS]: [
    arrived(
      samplePage(
        [
          sampleRun("sweep", { name: "Sweep", children: 3, cells: [0.1, 0.25] }),
          sampleRun("parent", { name: "Parent", children: 1200, cells: [null, null] }),
          sampleRun("ada", { name: "Ada", cells: ["warm-up", { non_finite: "NaN" }] }),
          sampleRun("bob", { name: "<i>Bob</i>", status: "Failed", error: "out of memory", cells: [true, 1e-7] }),
        ],
        PAGE,
      ),
    ),
  ],
  sweep: [
    arrived(
      samplePage(
        ["one", "two", "three"].map((name) => sampleRun(name, { name, cells: [1, 2] })),
        PAGE,
      ),
    ),
  ],
});

/** The rows with other roots. */
function withRoots(roots: readonly Run[], expanded: readonly string[]): RowIndex {
  const pages = samplePages({ [ROOTS]: [arrived(samplePage(roots, PAGE))] });
  return RowIndex.of(new Map([...PAGES, ...pages]), new Set(expanded));
}

interface Shown {
  pages?: LoadedPages;
  expanded?: readonly string[];
  selected?: readonly string[];
  more?: Partial<TreeTableProps>;
}

function tree({ pages = PAGES, expanded = ["sweep"], selected = [], more = {} }: Shown = {}) {
  const told = {
    onSort: vi.fn(),
    onToggle: vi.fn(),
    onSelect: vi.fn(),
    onPoint: vi.fn(),
    onSelectPlaces: vi.fn(),
    onClear: vi.fn(),
    onHold: vi.fn(),
    onRange: vi.fn(),
    onRetry: vi.fn(),
  };
  const element = (shown: Partial<TreeTableProps> = {}) => (
    <TreeTable
      rows={RowIndex.of(pages, new Set(expanded))}
      nameTitle="Run"
      columns={COLUMNS}
      sorting={{ sort: "created", order: "desc" }}
      selectsAll="Select all 7 runs"
      selection={selectionOf(selected)}
      theme="light"
      highlighted={null}
      isEarlier={false}
      {...told}
      {...more}
      {...shown}
    />
  );
  const { rerender } = render(element());
  return { ...told, show: (shown: Partial<TreeTableProps>) => rerender(element(shown)) };
}

const grid = () => screen.getByRole("treegrid", { name: "Runs" });
const rowOf = (name: RegExp) => screen.getByRole("row", { name });
const header = (name: string) => screen.getByRole("columnheader", { name: new RegExp(`${name}$`) });
const checkbox = (name: string) => screen.getByRole("checkbox", { name: `Select ${name}` });

/** Presses a key on what has the focus, or on a row that is clicked first. */
function press(key: string, on?: HTMLElement, held: object = {}) {
  if (on !== undefined) {
    fireEvent.click(on);
  }
  fireEvent.keyDown(document.activeElement as Element, { key, ...held });
}

describe("to a screen reader", () => {
  test("the tree says how many rows and columns it has, on screen or not", () => {
    tree({ pages: samplePages({ [ROOTS]: [arrived(samplePage(manyRuns("r"), { total: 5000 }))] }) });
    expect(grid().getAttribute("aria-rowcount")).toBe("5001");
    expect(grid().getAttribute("aria-colcount")).toBe("4");
    expect(screen.getAllByRole("row").length).toBeLessThan(60);
  });

  test("a run that is put away says so, and so does one of which nothing is known", () => {
    const runs = [
      sampleRun("a", { name: "old", stage: "archived" }),
      sampleRun("b", { name: "lost", number: 0 }),
      sampleRun("c", { name: "plain" }),
    ];
    tree({ pages: samplePages({ [ROOTS]: [arrived(samplePage(runs))] }) });
    expect(rowOf(/old.*archived/)).toBeTruthy();
    expect(rowOf(/lost.*not known/)).toBeTruthy();
    expect(document.querySelectorAll(".tree-mark")).toHaveLength(2);
  });

  test("each row says its level, its place among its siblings, and whether it is open", () => {
    tree();
    const places = (name: RegExp) =>
      ["level", "posinset", "setsize", "expanded", "rowindex"].map((what) => rowOf(name).getAttribute(`aria-${what}`));
    expect(places(/Sweep/)).toEqual(["1", "1", "4", "true", "2"]);
    expect(places(/two/)).toEqual(["2", "2", "3", null, "4"]);
    expect(places(/Parent/)).toEqual(["1", "2", "4", "false", "6"]);
  });

  test("each selected row says so, and no other", () => {
    tree({ selected: ["ada", "two"] });
    const selected = screen.getAllByRole("row", { selected: true });
    expect(selected.map((row) => row.querySelector(".clipped")?.textContent)).toEqual(["two", "Ada"]);
  });

  test("the sorted column says its direction, and no other has one", () => {
    const { show } = tree({ more: { sorting: { sort: "metrics.loss", order: "asc" } } });
    const directions = () => screen.getAllByRole("columnheader").map((each) => each.getAttribute("aria-sort"));
    expect(directions()).toEqual(["none", "none", "none", "ascending"]);
    show({ sorting: { sort: "name", order: "desc" } });
    expect(directions()).toEqual(["descending", "none", "none", "none"]);
  });

  test("rows of an earlier order are marked as busy", () => {
    const { show } = tree();
    expect(grid().getAttribute("aria-busy")).toBe("false");
    show({ isEarlier: true });
    expect(grid().getAttribute("aria-busy")).toBe("true");
  });
});

describe("the row of a run", () => {
  test("names stay text, whatever they look like, with the whole in the title", () => {
    tree();
    expect(grid().querySelector("i")).toBeNull();
    const name = within(rowOf(/Bob/)).getByText("<i>Bob</i>").closest(".clipped");
    expect(name?.getAttribute("title")).toContain("run 1 of mnist");
  });

  test("a parent says how many children it has", () => {
    tree();
    expect(within(rowOf(/Parent/)).getByText("1,200")).toBeTruthy();
  });

  test("a selected run carries the colour of its line in the chart", () => {
    tree({ selected: ["ada", "bob"] });
    const color = (name: RegExp) => rowOf(name).querySelector<HTMLElement>(".tree-color")?.style.background;
    const sample = document.createElement("span");
    sample.style.background = colorOf(1, "light");
    expect(color(/Bob/)).toBe(sample.style.background);
    expect(color(/Sweep/)).toBe("");
  });
});

describe("sorting", () => {
  test.each([
    ["Run", "name"],
    ["status", "status"],
    ["lr", "inherited.params.lr"],
    ["loss", "metrics.loss"],
  ])("a click on %s asks for the server's order by %s", (name, column) => {
    const { onSort } = tree();
    fireEvent.click(within(header(name)).getByRole("button"));
    expect(onSort.mock.calls).toEqual([[column]]);
  });

  test("is not offered by a column that cannot be sorted by", () => {
    const columns = COLUMNS.map((column) => ({ ...column, canSort: column.id !== "inherited.params.lr" }));
    const { onSort } = tree({ more: { columns } });
    fireEvent.click(header("lr"));
    expect(within(header("lr")).queryByRole("button")).toBeNull();
    expect(onSort).not.toHaveBeenCalled();
    expect(header("lr").hasAttribute("aria-sort")).toBe(false);
  });

  test("leads back to the top, where the first in the new order are", () => {
    tree();
    fireEvent.click(within(header("loss")).getByRole("button"));
    expect(Element.prototype.scrollTo).toHaveBeenCalledWith({ top: 0 });
  });
});

describe("opening and closing", () => {
  test("a click on the chevron asks for the other of the two", () => {
    const { onToggle } = tree();
    fireEvent.click(screen.getByRole("button", { name: "Collapse Sweep" }));
    fireEvent.click(screen.getByRole("button", { name: "Expand Parent" }));
    expect(onToggle.mock.calls).toEqual([
      ["sweep", false],
      ["parent", true],
    ]);
  });

  test("so does a double click on the row; one on a run without children does nothing", () => {
    const { onToggle } = tree();
    fireEvent.doubleClick(rowOf(/Parent/));
    fireEvent.doubleClick(rowOf(/Ada/));
    expect(onToggle.mock.calls).toEqual([["parent", true]]);
  });

  test("a double click on the box or the chevron is not one on the row", () => {
    const { onToggle } = tree();
    fireEvent.doubleClick(checkbox("Parent"));
    fireEvent.doubleClick(screen.getByRole("button", { name: "Expand Parent" }));
    expect(onToggle).not.toHaveBeenCalled();
  });

  test("keys open and close", () => {
    const { onToggle } = tree();
    press("ArrowRight", rowOf(/Parent/));
    press("ArrowLeft", rowOf(/Sweep/));
    press("Enter", rowOf(/Sweep/));
    expect(onToggle.mock.calls).toEqual([
      ["parent", true],
      ["sweep", false],
      ["sweep", false],
    ]);
  });
});

describe("selecting", () => {
  test("a click on a box selects a run, or takes it out", () => {
    const { onSelect } = tree({ selected: ["bob"] });
    fireEvent.click(checkbox("Ada"));
    fireEvent.click(checkbox("<i>Bob</i>"));
    expect(onSelect.mock.calls).toEqual([
      [["ada"], true],
      [["bob"], false],
    ]);
  });

  test("a click on the row alone does not select", () => {
    const { onSelect } = tree();
    fireEvent.click(rowOf(/Ada/));
    expect(onSelect).not.toHaveBeenCalled();
    fireEvent.click(rowOf(/Ada/), { ctrlKey: true });
    expect(onSelect.mock.calls).toEqual([[["ada"], true]]);
  });

  test("with Shift all rows since the last one are taken, in either direction", () => {
    const { onSelectPlaces } = tree();
    fireEvent.click(checkbox("two"));
    fireEvent.click(checkbox("Ada"), { shiftKey: true });
    expect(onSelectPlaces).toHaveBeenLastCalledWith(2, 5);
    fireEvent.click(checkbox("Sweep"), { shiftKey: true });
    expect(onSelectPlaces).toHaveBeenLastCalledWith(0, 5);
  });

  test("with Shift and nothing before it only the row itself is taken", () => {
    const { onSelect } = tree();
    fireEvent.click(checkbox("Ada"), { shiftKey: true });
    expect(onSelect.mock.calls).toEqual([[["ada"], true]]);
  });

  test("Space selects the row of the keyboard, Shift with Space the rows since then", () => {
    const { onSelect, onSelectPlaces } = tree();
    press(" ", rowOf(/one/));
    press("ArrowDown");
    press("ArrowDown");
    press(" ", undefined, { shiftKey: true });
    expect(onSelect.mock.calls).toEqual([[["one"], true]]);
    expect(onSelectPlaces.mock.calls).toEqual([[1, 3]]);
  });

  test("Shift with an arrow takes both rows, and goes on", () => {
    const { onSelectPlaces } = tree();
    press("ArrowDown", rowOf(/one/), { shiftKey: true });
    press("ArrowDown", undefined, { shiftKey: true });
    expect(onSelectPlaces.mock.calls).toEqual([
      [1, 2],
      [2, 3],
    ]);
  });

  test("the box in the header selects all rows, arrived or not, and none once all are", () => {
    const { onSelectPlaces, onClear, show } = tree();
    const all = ["sweep", "one", "two", "three", "parent", "ada", "bob"];
    const box = screen.getByRole<HTMLInputElement>("checkbox", { name: "Select all 7 runs" });
    fireEvent.click(box);
    expect(onSelectPlaces.mock.calls).toEqual([[0, 6]]);
    show({ selection: selectionOf(["ada"]) });
    expect([box.checked, box.indeterminate]).toEqual([false, true]);
    show({ selection: selectionOf(all) });
    expect([box.checked, box.indeterminate]).toEqual([true, false]);
    fireEvent.click(box);
    expect(onClear).toHaveBeenCalledTimes(1);
  });

  test("the box is not full where rows that have not arrived are not selected", () => {
    const pages = samplePages({ [ROOTS]: [arrived(samplePage(manyRuns("r"), { total: 2000 }))] });
    tree({ pages, selected: manyRuns("r").map(({ run_id }) => run_id) });
    const box = screen.getByRole<HTMLInputElement>("checkbox", { name: "Select all 7 runs" });
    expect([box.checked, box.indeterminate]).toEqual([false, true]);
  });

  test("Control and A selects all", () => {
    const { onSelectPlaces } = tree();
    press("a", rowOf(/one/), { ctrlKey: true });
    expect(onSelectPlaces.mock.calls).toEqual([[0, 6]]);
  });
});

describe("pointing at a row", () => {
  test("holds the rows where they are until the pointer leaves the table", () => {
    const { onHold } = tree();
    const table = grid().parentElement as HTMLElement;
    fireEvent.pointerEnter(table);
    fireEvent.pointerLeave(table);
    expect(onHold.mock.calls).toEqual([[true], [false]]);
  });

  test("tells the chart about a run that it draws, and about no other", () => {
    const { onPoint } = tree({ selected: ["ada"] });
    fireEvent.pointerEnter(rowOf(/Ada/));
    fireEvent.pointerLeave(rowOf(/Ada/));
    fireEvent.pointerEnter(rowOf(/Bob/));
    expect(onPoint.mock.calls).toEqual([["ada"], [null], [null]]);
  });

  test("the run that the chart points at is marked", () => {
    const { show } = tree();
    show({ highlighted: "ada" });
    expect(rowOf(/Ada/).dataset["highlighted"]).toBe("true");
    expect(rowOf(/Bob/).dataset["highlighted"]).toBe("false");
  });
});

describe("what is drawn again", () => {
  const pages = samplePages({ [ROOTS]: [arrived(samplePage(manyRuns("r", 40), PAGE))] });
  const again = (before: Map<string, number>) =>
    [...drawn].flatMap(([id, count]) => (count > (before.get(id) ?? 0) ? [id] : []));

  test("when the pointer goes from one row to another, are these two rows", () => {
    drawn = new Map();
    const rows = RowIndex.of(pages, new Set());
    const { show } = tree({ more: { rows } });
    show({ highlighted: "r-3" });
    const before = new Map(drawn);
    show({ highlighted: "r-4" });
    expect(again(before).sort()).toEqual(["r-3", "r-4"]);
  });

  test("when an answer says something new of one run, is its row", () => {
    drawn = new Map();
    const runs = manyRuns("r", 40);
    const first = { total: 40, pages: new Map([[0, samplePage(runs, PAGE)]]), problems: new Map() };
    const { show } = tree({ more: { rows: RowIndex.of(new Map([[ROOTS, first]]), new Set()) } });
    const before = new Map(drawn);
    const changed = runs.map((run) => (run.run_id === "r-5" ? { ...run, cells: [1, 2] } : run));
    const second = { ...first, pages: new Map([[0, samplePage(changed, { ...PAGE, now: 3000 })]]) };
    show({ rows: RowIndex.of(new Map([[ROOTS, second]]), new Set()) });
    expect(again(before)).toEqual(["r-5"]);
  });
});

describe("the keyboard's place", () => {
  const focused = () => (document.activeElement as HTMLElement).closest("[role=row]");

  test("goes with its run when rows come above it", () => {
    const { show } = tree();
    press("ArrowDown", rowOf(/Parent/));
    expect(focused()?.textContent).toContain("Ada");
    const roots = PAGES.get(ROOTS)?.pages.get(0)?.runs ?? [];
    show({ rows: withRoots([sampleRun("new", { name: "Newcomer" }), ...roots], ["sweep"]) });
    expect(focused()?.textContent).toContain("Ada");
    expect(focused()?.getAttribute("aria-rowindex")).toBe("8");
  });

  test("moves to the last row that is left when its own goes", () => {
    const { show } = tree();
    press("ArrowDown", rowOf(/Ada/));
    expect(focused()?.textContent).toContain("Bob");
    const roots = PAGES.get(ROOTS)?.pages.get(0)?.runs ?? [];
    show({ rows: withRoots(roots.slice(0, 1), []) });
    expect(focused()?.textContent).toContain("Sweep");
  });

  test("stays where the person went when rows go", () => {
    const { show } = tree();
    press("ArrowDown", rowOf(/Ada/));
    const box = document.body.appendChild(document.createElement("input"));
    box.focus();
    show({ rows: RowIndex.EMPTY });
    expect(document.activeElement).toBe(box);
    box.remove();
  });

  test("goes along when something else than a key moves the focus", () => {
    const { onToggle } = tree();
    press("ArrowDown", rowOf(/Sweep/));
    fireEvent.focus(rowOf(/Parent/));
    rowOf(/Parent/).focus();
    press("ArrowRight");
    expect(onToggle).toHaveBeenCalledWith("parent", true);
  });

  test("goes into the cells and back, one stop of the tab key at any time", () => {
    tree();
    press("ArrowRight", rowOf(/Ada/));
    press("ArrowRight");
    expect(document.activeElement?.getAttribute("aria-colindex")).toBe("3");
    expect(grid().querySelectorAll("[role=row][tabindex='0'], [role=gridcell][tabindex='0']")).toHaveLength(1);
    press("ArrowLeft");
    press("ArrowLeft");
    expect(document.activeElement).toBe(rowOf(/Ada/));
  });

  test("goes up to the header and down again", () => {
    tree();
    press("ArrowUp", rowOf(/Sweep/));
    expect(document.activeElement).toBe(within(header("Run")).getByRole("button"));
    press("ArrowDown");
    expect(document.activeElement).toBe(rowOf(/Sweep/));
  });

  test("keys with Alt are the browser's", () => {
    const { onToggle } = tree();
    press("ArrowRight", rowOf(/Parent/), { altKey: true });
    expect(onToggle).not.toHaveBeenCalled();
  });
});

describe("what has not arrived", () => {
  const failed = (problem: string | null) =>
    samplePages({
      [ROOTS]: [arrived(samplePage([sampleRun("sweep", { name: "Sweep", children: 150 })], PAGE))],
      sweep: [{ page: undefined, receivedAt: 0, problem }],
    });

  test("has its rows, which say that they are on their way", () => {
    tree({ pages: failed(null) });
    const busy = screen.getAllByRole("row").filter((row) => row.getAttribute("aria-busy") === "true");
    expect(busy.length).toBeGreaterThan(5);
    expect(grid().getAttribute("aria-rowcount")).toBe("152");
    expect(screen.queryByRole("button", { name: "Try again" })).toBeNull();
  });

  test("and failed says why, once, and can be tried again", () => {
    const { onRetry } = tree({ pages: failed("The store is gone.") });
    expect(screen.getAllByText("The store is gone.")).toHaveLength(1);
    fireEvent.click(screen.getByRole("button", { name: "Try again" }));
    expect(onRetry).toHaveBeenCalledTimes(1);
  });

  test("cannot be selected or opened", () => {
    const { onSelect, onToggle } = tree({ pages: failed(null) });
    press("ArrowDown", rowOf(/Sweep/));
    press(" ");
    press("ArrowRight");
    expect(onSelect).not.toHaveBeenCalled();
    expect(onToggle).not.toHaveBeenCalled();
  });
});

test("the table says at once which rows are on screen when there are more", () => {
  const { onRange, show } = tree({ expanded: [] });
  expect(onRange.mock.lastCall).toEqual([0, 3]);
  show({ rows: RowIndex.of(PAGES, new Set(["sweep"])) });
  expect(onRange.mock.lastCall).toEqual([0, 6]);
});

test("the table says which rows are on screen, so that their pages are asked for", () => {
  const { onRange } = tree({ pages: samplePages({ [ROOTS]: [arrived(samplePage(manyRuns("r"), { total: 5000 }))] }) });
  const [first, last] = onRange.mock.lastCall as [number, number];
  expect(first).toBe(0);
  expect(last).toBeGreaterThanOrEqual(10);
  expect(last).toBeLessThan(PAGE_SIZE);
});
