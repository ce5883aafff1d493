import { describe, expect, test } from "vitest";
import { seededRandom } from "../testing/random";
import { type Selection, selectionOf, withoutRuns, withRuns } from "./selection";

function pick<Item>(random: () => number, items: readonly Item[]): Item {
  return items[Math.floor(random() * items.length)] as Item;
}

function some<Item>(random: () => number, items: readonly Item[]): Item[] {
  return items.filter(() => random() < 0.4);
}

describe("a selection", () => {
  const ALL = Array.from({ length: 12 }, (_, i) => `run${i}`);

  /** What must hold after each change, and who had which colour before. */
  function expectSound(next: Selection, before: Selection) {
    expect(new Set(next.values()).size).toBe(next.size);
    for (const [runId, number] of next) {
      expect(number).toBeGreaterThanOrEqual(0);
      if (before.has(runId)) {
        expect(number).toBe(before.get(runId));
      }
    }
  }

  test("never gives two runs one colour, and never changes the colour of a run that stays", () => {
    const random = seededRandom(36);
    let selection: Selection = new Map();
    for (let round = 0; round < 1000; round++) {
      const runs = some(random, ALL);
      const next = random() < 0.5 ? withRuns(selection, runs) : withoutRuns(selection, runs);
      expectSound(next, selection);
      selection = next;
    }
  });

  test("uses the lowest colours that are free, so that colours do not run out while few are selected", () => {
    const random = seededRandom(37);
    let selection: Selection = new Map();
    for (let round = 0; round < 500; round++) {
      const most = Math.max(-1, ...selection.values());
      const added = pick(random, ALL);
      const next = withRuns(selection, [added]);
      expect(Math.max(...next.values())).toBeLessThanOrEqual(Math.max(most, next.size - 1));
      selection = withoutRuns(next, some(random, ALL));
    }
  });

  test("is in the order of its colours; to select again changes nothing", () => {
    const selection = selectionOf(["c", "a", "b"]);
    expect([...withRuns(selection, ["b", "c"])]).toEqual([...selection]);
    expect([...withRuns(selection, ["d", "a"]).keys()]).toEqual(["c", "a", "b", "d"]);
    expect([...withRuns(withoutRuns(selection, ["c"]), ["d"]).keys()]).toEqual(["d", "a", "b"]);
  });

  test("is a new one after each change: what was given is untouched", () => {
    const selection = selectionOf(["a", "b"]);
    withRuns(selection, ["c"]);
    withoutRuns(selection, ["a"]);
    expect([...selection]).toEqual([
      ["a", 0],
      ["b", 1],
    ]);
  });

  test("to take out what is not in it does nothing", () => {
    expect([...withoutRuns(selectionOf(["a"]), ["z", "__proto__"])]).toEqual([["a", 0]]);
  });
});
