import { describe, expect, test } from "vitest";
import { ROOTS, RowIndex } from "../model/rows";
import { arrived, manyRuns, samplePage, samplePages, sampleRun } from "../testing/runs";
import { type Action, actionOf, type Cursor } from "./keyboard";

const rows = RowIndex.of(
  samplePages({
    [ROOTS]: [
      arrived(samplePage([sampleRun("a", { children: 2 }), sampleRun("b", { children: 1 }), ...manyRuns("r", 50)])),
    ],
    a: [arrived(samplePage([sampleRun("c"), sampleRun("d")]))],
  }),
  new Set(["a"]),
);
const [OPEN, CHILD, SECOND_CHILD, CLOSED, LEAF] = [0, 1, 2, 3, 4];
const LAST = rows.count - 1;
const EXTENT = { columns: 5, rowsOnScreen: 11 };

function press(
  key: string,
  cursor: Partial<Cursor> = {},
  keys: { shift?: boolean; control?: boolean } = {},
): Action | null {
  const at = { row: LEAF as number, column: 0, ...cursor };
  return actionOf({ key, shift: false, control: false, ...keys }, at, rows, EXTENT);
}

function to(row: number, column: number, extend = false): Action {
  return { kind: "move", to: { row, column }, extend };
}

describe("right", () => {
  test("opens what is closed", () =>
    expect(press("ArrowRight", { row: CLOSED })).toEqual({ kind: "expand", row: CLOSED }));
  test("goes into the cells of what is open or has no children", () => {
    expect(press("ArrowRight", { row: OPEN })).toEqual(to(0, 1));
    expect(press("ArrowRight")).toEqual(to(LEAF as number, 1));
  });
  test("stops at the last cell", () => expect(press("ArrowRight", { column: 5 })).toEqual(to(LEAF as number, 5)));
  test("does not open from within the cells", () => {
    expect(press("ArrowRight", { row: CLOSED, column: 2 })).toEqual(to(CLOSED as number, 3));
  });
});

describe("left", () => {
  test("closes what is open", () => expect(press("ArrowLeft", { row: OPEN })).toEqual({ kind: "collapse", row: OPEN }));
  test("goes from a child to its parent", () => expect(press("ArrowLeft", { row: SECOND_CHILD })).toEqual(to(0, 0)));
  test("stays at a root", () => expect(press("ArrowLeft")).toEqual(to(LEAF as number, 0)));
  test("goes from the cells back to the row", () => {
    expect(press("ArrowLeft", { row: OPEN, column: 1 })).toEqual(to(0, 0));
  });
});

describe("up and down", () => {
  test("go by one row and stay in their column", () => {
    expect(press("ArrowDown", { column: 3 })).toEqual(to(5, 3));
    expect(press("ArrowUp", { column: 3 })).toEqual(to(3, 3));
  });
  test("end at the last row, and above the first at the header", () => {
    expect(press("ArrowDown", { row: LAST })).toEqual(to(LAST, 0));
    expect(press("ArrowUp", { row: 0, column: 2 })).toEqual({ kind: "to header", column: 2 });
  });
  test("take the selection along with shift", () =>
    expect(press("ArrowDown", {}, { shift: true })).toEqual(to(5, 0, true)));
  test("by a screen keep one row in sight", () => {
    expect(press("PageDown")).toEqual(to(14, 0));
    expect(press("PageUp", { row: 30 })).toEqual(to(20, 0));
    expect(press("PageUp")).toEqual(to(0, 0));
  });
});

test("home and end are of the column from a row, and of the row from a cell", () => {
  expect(press("Home")).toEqual(to(0, 0));
  expect(press("End")).toEqual(to(LAST, 0));
  expect(press("Home", { column: 3 })).toEqual(to(LEAF as number, 1));
  expect(press("End", { column: 3 })).toEqual(to(LEAF as number, 5));
  expect(press("End", { column: 3 }, { control: true })).toEqual(to(LAST, 3));
});

test("enter opens and closes a parent, and selects any other run", () => {
  expect(press("Enter", { row: CLOSED })).toEqual({ kind: "expand", row: CLOSED });
  expect(press("Enter", { row: OPEN })).toEqual({ kind: "collapse", row: OPEN });
  expect(press("Enter", { row: CHILD })).toEqual({ kind: "select", row: CHILD, range: false });
});

test("space selects, with shift a range; control and a selects all", () => {
  expect(press(" ")).toEqual({ kind: "select", row: LEAF, range: false });
  expect(press(" ", {}, { shift: true })).toEqual({ kind: "select", row: LEAF, range: true });
  expect(press("a", {}, { control: true })).toEqual({ kind: "select all" });
});

test("other keys, and keys where there is no row, are left to the browser", () => {
  expect(press("a")).toBeNull();
  expect(press("Tab")).toBeNull();
  expect(
    actionOf({ key: "ArrowDown", shift: false, control: false }, { row: 0, column: 0 }, RowIndex.EMPTY, EXTENT),
  ).toBeNull();
});
