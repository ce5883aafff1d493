// @vitest-environment node
import { describe, expect, test } from "vitest";
import { canExpand, ROOTS, type Row, RowIndex } from "../model/rows";
import { allRows, arrived, asRows, samplePage, samplePages, sampleRun } from "../testing/runs";
import { type Action, actionOf, type Cursor, type KeyPress } from "./keyboard";

/** Every kind of row: open and closed parents, leaves, children of two levels, and runs that have not arrived. */
const PAGES = samplePages({
  [ROOTS]: [
    arrived(
      samplePage(
        [
          sampleRun("open", { children: 3 }),
          sampleRun("closed", { children: 2 }),
          sampleRun("unknown", { children: 2 }),
          sampleRun("leaf"),
        ],
        { total: 120 },
      ),
    ),
  ],
  open: [arrived(samplePage([sampleRun("inner", { children: 1 }), sampleRun("b"), sampleRun("c")]))],
  inner: [arrived(samplePage([sampleRun("deep")]))],
});
const ROWS: readonly Row[] = allRows(PAGES, new Set(["open", "inner", "unknown"])).slice(0, 14);
const INDEX = asRows(ROWS);
const EXTENT = { columns: 3, rowsOnScreen: 5 };
const KEYS = [
  "ArrowUp",
  "ArrowDown",
  "ArrowLeft",
  "ArrowRight",
  "Home",
  "End",
  "PageUp",
  "PageDown",
  "Enter",
  " ",
  "a",
];
const HELD = [false, true].flatMap((shift) => [false, true].map((control) => ({ shift, control })));

interface Case {
  press: KeyPress;
  cursor: Cursor;
  row: Row;
  action: Action | null;
}

/** Every key at every place, with Shift and Control held or not. */
const CASES: Case[] = ROWS.flatMap((row, index) =>
  Array.from({ length: EXTENT.columns + 1 }, (_, column) => column).flatMap((column) =>
    KEYS.flatMap((key) =>
      HELD.map((held) => {
        const cursor = { row: index, column };
        const press = { key, ...held };
        return { press, cursor, row, action: actionOf(press, cursor, INDEX, EXTENT) };
      }),
    ),
  ),
);

function moves(cases: readonly Case[]) {
  return cases.flatMap((one) => (one.action?.kind === "move" ? [{ ...one, action: one.action }] : []));
}

function having(key: string, cases = CASES) {
  return cases.filter(({ press }) => press.key === key);
}

describe("wherever the cursor is, and whatever is held", () => {
  test("a key never leads out of the table", () => {
    for (const { action } of moves(CASES)) {
      expect(ROWS[action.to.row]).toBeDefined();
      expect(action.to.column).toBeGreaterThanOrEqual(0);
      expect(action.to.column).toBeLessThanOrEqual(EXTENT.columns);
    }
  });

  test("only what can be opened is opened, and only what is open is closed", () => {
    for (const { action } of CASES) {
      if (action?.kind === "expand" || action?.kind === "collapse") {
        const row = ROWS[action.row];
        expect(row).toMatchObject({ kind: "run", expanded: action.kind === "collapse" });
        expect(row?.kind === "run" && row.run.children).toBeGreaterThan(0);
      }
    }
  });

  test("the selection is extended only by Shift with an arrow up or down", () => {
    for (const { press, action } of moves(CASES)) {
      expect(action.extend).toBe(press.shift && ["ArrowUp", "ArrowDown"].includes(press.key));
    }
  });

  test("every key but a letter has a meaning everywhere", () => {
    for (const { press, action } of CASES) {
      expect(action === null).toBe(press.key === "a" && !press.control);
    }
  });

  test("what is selected, opened or closed is the row of the cursor", () => {
    for (const { action, cursor } of CASES) {
      if (action !== null && "row" in action) {
        expect(action.row).toBe(cursor.row);
      }
    }
  });
});

describe("arrows", () => {
  test("up and down keep the column", () => {
    for (const { cursor, action } of moves([...having("ArrowUp"), ...having("ArrowDown")])) {
      expect(action.to.column).toBe(cursor.column);
    }
  });

  test("down then up leads back, but at the last row", () => {
    for (const { cursor, action } of moves(having("ArrowDown"))) {
      if (cursor.row < ROWS.length - 1) {
        const back = actionOf({ key: "ArrowUp", shift: false, control: false }, action.to, INDEX, EXTENT);
        expect(back).toMatchObject({ kind: "move", to: cursor });
      }
    }
  });

  test("up from the first row leads to the header of the same column", () => {
    for (const { cursor, action } of having("ArrowUp").filter(({ cursor }) => cursor.row === 0)) {
      expect(action).toEqual({ kind: "to header", column: cursor.column });
    }
  });

  test("left from any place, pressed often enough, ends at a root, with its row as a whole", () => {
    for (const start of CASES.filter(({ press }) => press.key === "ArrowLeft" && !press.shift && !press.control)) {
      let at = start.cursor;
      const closed = new Set<number>();
      for (let i = 0; i < 10; i++) {
        const rows = ROWS.map((row, index) =>
          row.kind === "run" && closed.has(index) ? { ...row, expanded: false } : row,
        );
        const action = actionOf(start.press, at, asRows(rows), EXTENT);
        if (action?.kind === "collapse") {
          closed.add(action.row);
        } else if (action?.kind === "move") {
          at = action.to;
        }
      }
      expect(at.column).toBe(0);
      expect(ROWS[at.row]?.level).toBe(1);
    }
  });

  test("left from a child's row leads to its parent", () => {
    for (const { cursor, row, action } of having("ArrowLeft")) {
      if (cursor.column === 0 && row.level > 1 && !(row.kind === "run" && row.expanded)) {
        expect(action).toMatchObject({ kind: "move", to: { row: INDEX.parentOf(cursor.row), column: 0 } });
      }
    }
  });

  test("right from the row as a whole opens what is closed, else goes to the first cell", () => {
    for (const { cursor, row, action } of having("ArrowRight").filter(({ cursor }) => cursor.column === 0)) {
      const isClosed = row.kind === "run" && row.run.children > 0 && !row.expanded;
      expect(action).toMatchObject(
        isClosed ? { kind: "expand" } : { kind: "move", to: { row: cursor.row, column: 1 } },
      );
    }
  });

  test("right and left inside the cells stay in their row", () => {
    for (const { cursor, action } of moves([...having("ArrowLeft"), ...having("ArrowRight")])) {
      if (cursor.column > 0) {
        expect(action.to.row).toBe(cursor.row);
      }
    }
  });
});

describe("far keys", () => {
  test("Page keys move by less than a screen, so that one row stays in sight", () => {
    for (const { cursor, action } of moves([...having("PageUp"), ...having("PageDown")])) {
      expect(Math.abs(action.to.row - cursor.row)).toBeLessThan(EXTENT.rowsOnScreen);
      expect(action.to.column).toBe(cursor.column);
    }
  });

  test("Page keys move at least by one row on the smallest screen", () => {
    const press = { key: "PageDown", shift: false, control: false };
    for (const rowsOnScreen of [0, 1, 2]) {
      const action = actionOf(press, { row: 3, column: 0 }, INDEX, { ...EXTENT, rowsOnScreen });
      expect(action).toMatchObject({ to: { row: 4 } });
    }
  });

  test("with Control, Home and End lead to the first and the last row from anywhere", () => {
    for (const { press, cursor, action } of moves([...having("Home"), ...having("End")])) {
      if (press.control || cursor.column === 0) {
        expect(action.to).toEqual({ row: press.key === "Home" ? 0 : ROWS.length - 1, column: cursor.column });
      } else {
        expect(action.to).toEqual({ row: cursor.row, column: press.key === "Home" ? 1 : EXTENT.columns });
      }
    }
  });
});

describe("selecting", () => {
  test("Space selects, with Shift a range", () => {
    for (const { press, cursor, action } of having(" ")) {
      expect(action).toEqual({ kind: "select", row: cursor.row, range: press.shift });
    }
  });

  test("Enter selects what has no children and what has not arrived", () => {
    for (const { cursor, row, action } of having("Enter")) {
      if (!canExpand(row)) {
        expect(action).toEqual({ kind: "select", row: cursor.row, range: false });
      }
    }
  });

  test("no key does anything in a table without rows", () => {
    for (const key of KEYS) {
      expect(actionOf({ key, shift: false, control: true }, { row: 0, column: 0 }, RowIndex.EMPTY, EXTENT)).toBeNull();
    }
  });
});
