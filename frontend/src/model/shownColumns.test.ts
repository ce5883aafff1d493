import { expect, test } from "vitest";
import { seededRandom } from "../testing/random";
import { isPinnedIn, moved, movedBy, pinnedOver, replaced, type ShownColumns, withMore, without } from "./shownColumns";

const SHOWN: ShownColumns = { columns: ["a", "b", "c", "d"], pinned: 2 };

test("a column moves among those that are pinned, or among the others", () => {
  expect(moved(SHOWN, "a", 3)).toEqual({ columns: ["b", "a", "c", "d"], pinned: 2 });
  expect(movedBy(SHOWN, "d", -1)).toEqual({ columns: ["a", "b", "d", "c"], pinned: 2 });
  expect(moved(SHOWN, "d", 0)).toEqual({ columns: ["a", "b", "d", "c"], pinned: 2 });
  expect(moved(SHOWN, "gone", 0)).toEqual(SHOWN);
});

test("a column is pinned behind those that are, and goes back in front of the others", () => {
  expect(pinnedOver(SHOWN, "d")).toEqual({ columns: ["a", "b", "d", "c"], pinned: 3 });
  expect(pinnedOver(SHOWN, "a")).toEqual({ columns: ["b", "a", "c", "d"], pinned: 1 });
  expect([isPinnedIn(SHOWN, "b"), isPinnedIn(SHOWN, "c"), isPinnedIn(SHOWN, "gone")]).toEqual([true, false, false]);
});

test("hidden columns are no longer pinned, and more come before what stands at the end", () => {
  expect(without(SHOWN, ["a", "d"])).toEqual({ columns: ["b", "c"], pinned: 1 });
  expect(withMore(SHOWN, ["a", "x"], ["d"])).toEqual({ columns: ["a", "b", "c", "x", "d"], pinned: 2 });
  expect(withMore({ columns: ["d"], pinned: 1 }, ["x"], ["d"])).toEqual({ columns: ["d", "x"], pinned: 1 });
  expect(withMore({ columns: [], pinned: 0 }, ["x"], ["d"])).toEqual({ columns: ["x"], pinned: 0 });
});

test("another column takes the place of one, or leaves it where it is shown already", () => {
  expect(replaced(SHOWN, "b", "x")).toEqual({ columns: ["a", "x", "c", "d"], pinned: 2 });
  expect(replaced(SHOWN, "b", "d")).toEqual({ columns: ["a", "c", "d"], pinned: 1 });
  expect(replaced(SHOWN, "b", "b")).toEqual(SHOWN);
});

test("whatever is moved and pinned, the columns are the same and so many are pinned as were asked for", () => {
  const random = seededRandom(3);
  let shown: ShownColumns = { columns: [..."abcdefg"], pinned: 0 };
  const isPinned = new Set<string>();
  for (let i = 0; i < 500; i++) {
    const column = shown.columns[Math.floor(random() * 7)] as string;
    if (random() < 0.5) {
      shown = moved(shown, column, Math.floor(random() * 9) - 1);
    } else {
      shown = pinnedOver(shown, column);
      isPinned[isPinned.has(column) ? "delete" : "add"](column);
    }
    expect(shown.columns.toSorted().join("")).toBe("abcdefg");
    expect(shown.columns.filter((each) => isPinnedIn(shown, each)).toSorted()).toEqual([...isPinned].toSorted());
  }
});
