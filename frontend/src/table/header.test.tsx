import { act, cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { NO_RUNS } from "../model/selection";
import { indexOf, sampleRun } from "../testing/runs";
import { groupsOf, type TableColumn } from "./columns";
import { TreeTable } from "./TreeTable";

beforeEach(() => {
  vi.spyOn(Element.prototype, "clientHeight", "get").mockReturnValue(400);
  vi.spyOn(Element.prototype, "clientWidth", "get").mockReturnValue(1200);
  Element.prototype.scrollTo = vi.fn() as never;
});

afterEach(cleanup);

const column = (id: string, facts: Partial<TableColumn> = {}): TableColumn => ({
  ...{ id, title: id, meaning: id, width: 100, isNumeric: false, canSort: true, cell: () => id },
  ...facts,
});
const COLUMNS = [
  column("status", { isPinned: true }),
  column("above", { isFixed: true, canSort: false }),
  column("loss", { group: "Metrics", detail: "min" }),
  column("lr", { group: "Parameters" }),
  column("seed", { group: "Parameters" }),
];

function table(columns = COLUMNS) {
  const told = {
    ...{ onSort: vi.fn(), onResize: vi.fn(), onMove: vi.fn(), onToggle: vi.fn(), onSelect: vi.fn(), onPoint: vi.fn() },
    ...{ onSelectPlaces: vi.fn(), onClear: vi.fn(), onHold: vi.fn(), onRange: vi.fn(), onRetry: vi.fn() },
  };
  render(
    <TreeTable
      rows={indexOf([sampleRun("a"), sampleRun("b")])}
      nameTitle="Run"
      columns={columns}
      sorting={{ sort: "created", order: "desc" }}
      selectsAll="Select all"
      selection={NO_RUNS}
      theme="light"
      highlighted={null}
      isEarlier={false}
      menuOf={(id, close) => (
        <button type="button" data-first-focus onClick={close}>
          Menu of {id}
        </button>
      )}
      {...told}
    />,
  );
  return told;
}

const header = (id: string) => screen.getByRole("columnheader", { name: new RegExp(id) });
const button = (id: string) => header(id).querySelector<HTMLElement>("[data-column]") as HTMLElement;
const pointer = (type: string, clientX: number, on: Node = document) =>
  fireEvent(on, new MouseEvent(type, { bubbles: true, button: 0, clientX }));

describe("headings over columns", () => {
  test("stand once over neighbours of a kind, beside those that are pinned and those of none", () => {
    expect(groupsOf(COLUMNS)).toEqual([
      { title: "Metrics", start: 200, width: 100 },
      { title: "Parameters", start: 300, width: 200 },
    ]);
    const apart = [column("a", { group: "Metrics" }), column("b"), column("c", { group: "Metrics" })];
    expect(groupsOf(apart).map(({ start }) => start)).toEqual([0, 200]);
    expect(groupsOf([column("a", { group: "Metrics", isPinned: true })])).toEqual([]);
  });

  test("say behind a name which value of a metric it is", () => {
    table();
    expect(header("loss").textContent).toBe("lossmin");
  });
});

describe("by the keyboard a column", () => {
  test("gets wider and narrower, and so do the names", () => {
    const { onResize } = table();
    const names = Number.parseInt(header("Run").style.width, 10);
    button("lr").focus();
    fireEvent.keyDown(button("lr"), { key: "ArrowRight", shiftKey: true });
    fireEvent.keyDown(button("lr"), { key: "ArrowLeft", shiftKey: true });
    button("Run").focus();
    fireEvent.keyDown(button("Run"), { key: "ArrowRight", shiftKey: true });
    expect(onResize.mock.calls).toEqual([
      ["lr", 116],
      ["lr", 84],
      ["name", names + 16],
    ]);
  });

  test("moves among those that somebody has chosen, and not past others", () => {
    const { onMove } = table();
    button("lr").focus();
    fireEvent.keyDown(button("lr"), { key: "ArrowLeft", ctrlKey: true });
    fireEvent.keyDown(button("lr"), { key: "End", ctrlKey: true });
    button("loss").focus();
    fireEvent.keyDown(button("loss"), { key: "ArrowLeft", ctrlKey: true });
    button("seed").focus();
    fireEvent.keyDown(button("seed"), { key: "ArrowRight", ctrlKey: true });
    button("status").focus();
    fireEvent.keyDown(button("status"), { key: "ArrowRight", metaKey: true });
    expect(onMove.mock.calls).toEqual([["lr", -1]]);
  });

  test("opens its menu, which gives the focus back", async () => {
    table();
    button("loss").focus();
    fireEvent.keyDown(button("loss"), { key: "ArrowDown", altKey: true });
    const menu = screen.getByRole("button", { name: "Menu of loss" });
    expect(document.activeElement).toBe(menu);
    fireEvent.keyDown(menu, { key: "Escape" });
    await waitFor(() => expect(screen.queryByRole("button", { name: "Menu of loss" })).toBeNull());
    expect(document.activeElement).toBe(button("loss"));
  });
});

describe("by the pointer a column", () => {
  test("opens its menu where a menu is asked for, and closes it again", () => {
    table();
    fireEvent.contextMenu(button("lr"));
    expect(screen.getByRole("button", { name: "Menu of lr" })).toBeTruthy();
    const dots = header("lr").querySelector(".column-menu") as HTMLElement;
    pointer("pointerdown", 0, dots);
    fireEvent.click(dots);
    expect(screen.queryByRole("button", { name: "Menu of lr" })).toBeNull();
    expect(header("above").querySelector(".column-menu")).toBeNull();
  });

  test("is dragged by its header to where another is, and is not sorted by then", () => {
    vi.useFakeTimers();
    const { onMove, onSort } = table();
    for (const cell of document.querySelectorAll<HTMLElement>("[data-header]")) {
      const left = 200 + 100 * Number(cell.ariaColIndex ?? cell.getAttribute("aria-colindex"));
      vi.spyOn(cell, "getBoundingClientRect").mockReturnValue(new DOMRect(left, 0, 100, 30));
    }
    pointer("pointerdown", 750, header("lr"));
    pointer("pointermove", 752);
    pointer("pointermove", 880);
    expect([header("lr").dataset["dragged"], header("seed").dataset["after"]]).toEqual(["true", "true"]);
    pointer("pointerup", 880);
    fireEvent.click(button("lr"));
    expect(onMove.mock.calls).toEqual([["lr", 1]]);
    expect(onSort).not.toHaveBeenCalled();
    act(() => vi.runAllTimers());
    fireEvent.click(button("lr"));
    expect(onSort.mock.calls).toEqual([["lr"]]);
    vi.useRealTimers();
  });
});

test("columns that are pinned come first, whichever others are on screen", () => {
  table([column("a", { isPinned: true }), ...Array.from({ length: 100 }, (_, i) => column(`c${i}`))]);
  const shown = screen.getAllByRole("columnheader").map((cell) => cell.textContent);
  expect(shown.slice(0, 3)).toEqual(["Run", "a", "c0"]);
  expect(shown.length).toBeLessThan(30);
});
