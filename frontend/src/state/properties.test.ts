import { describe, expect, test } from "vitest";
import { seededRandom } from "../data/points/testing/answers";
import { isElsewhere, readFragment, writeFragment } from "./address";
import { type Selection, selectionOf, withoutRuns, withRuns } from "./selection";
import { formatView, MOST_IDS, parseView, type View } from "./view";

/** Texts that people give to experiments, metrics and parameters, by accident or on purpose. */
const HOSTILE = [
  "loss",
  "",
  " ",
  "a b",
  "a,b",
  ",",
  "a=b&c=d",
  "#",
  "%",
  "%20",
  "%E0%A4%A",
  "100%",
  "+",
  "a+b",
  "?x",
  "/train/loss",
  "\\",
  "\"'`",
  "<script>alert(1)</script>",
  "javascript:alert(1)",
  "p.runhistory.sort=name",
  "&p.runhistory.selected=",
  "ünïcödé",
  "日本語",
  "👩‍👩‍👧‍👦",
  "\u202Eevil",
  "\u0000",
  "line\nbreak\ttab",
  "__proto__",
  "constructor",
  "x".repeat(2000),
];

const RUN_IDS = ["01hz", "01hy", "02ab", "03cd", "04ef", "05gh"];

function pick<Item>(random: () => number, items: readonly Item[]): Item {
  return items[Math.floor(random() * items.length)] as Item;
}

function some<Item>(random: () => number, items: readonly Item[]): Item[] {
  return items.filter(() => random() < 0.4);
}

function someView(random: () => number): View {
  return {
    experiment: pick(random, HOSTILE),
    sort: pick(random, ["name", "created", ...HOSTILE.map((text) => `metric:${text}`)]),
    order: pick(random, ["asc", "desc"] as const),
    expanded: new Set(some(random, RUN_IDS)),
    selected: random() < 0.3 ? null : selectionOf(some(random, RUN_IDS)),
    metric: pick(random, HOSTILE),
    columns: random() < 0.3 ? null : some(random, HOSTILE).map((text) => `param:${text}`),
  };
}

describe("a view in the address", () => {
  test("comes back as it was, whatever people call their things", () => {
    const random = seededRandom(31);
    for (let round = 0; round < 500; round++) {
      const view = someView(random);
      expect(parseView(readFragment(writeFragment("", formatView(view))))).toEqual(view);
    }
  });

  test("comes back from a real address too, as the browser writes it", () => {
    const random = seededRandom(32);
    for (let round = 0; round < 100; round++) {
      const view = someView(random);
      window.location.hash = writeFragment("#runhistory", formatView(view));
      expect(parseView(readFragment(window.location.hash))).toEqual(view);
    }
    window.location.hash = "";
  });

  test("is written in one way only: to write it again changes nothing", () => {
    const random = seededRandom(33);
    for (let round = 0; round < 200; round++) {
      const parameters = formatView(someView(random));
      const hash = writeFragment("#runhistory&other=1", parameters);
      expect(writeFragment(hash, parameters)).toBe(hash);
    }
  });

  test("never touches what belongs to others", () => {
    const random = seededRandom(34);
    const others = ["runhistory", "_smoothing=0.6", "p.scalars.tag=loss", "runSelectionState=e30%3D", "x"];
    for (let round = 0; round < 200; round++) {
      const before = `#${others.join("&")}&p.runhistory.sort=name`;
      const after = writeFragment(before, formatView(someView(random)));
      const parts = after.slice(1).split("&");
      expect(parts.filter((part) => !part.startsWith("p.runhistory."))).toEqual(others);
    }
  });

  test("any text at all is read without an error", () => {
    const random = seededRandom(35);
    const signs = [..."%&=#,.pärunhistory2Fselcdxm", "p.runhistory.", "selected=", "columns=", "%E0"];
    for (let round = 0; round < 1000; round++) {
      const text = `#${Array.from({ length: 20 }, () => pick(random, signs)).join("")}`;
      const view = parseView(readFragment(text));
      expect(["asc", "desc"]).toContain(view.order);
      expect(view.expanded).toBeInstanceOf(Set);
      expect(typeof isElsewhere(text)).toBe("boolean");
    }
  });

  test("names the first of many runs, in their order", () => {
    const ids = Array.from({ length: 3 * MOST_IDS }, (_, i) => `run${i}`);
    const view = { ...parseView(new URLSearchParams()), selected: selectionOf(ids), expanded: new Set(ids) };
    const back = parseView(readFragment(writeFragment("", formatView(view))));
    expect([...(back.selected?.keys() ?? [])]).toEqual(ids.slice(0, MOST_IDS));
    expect([...back.expanded]).toEqual(ids.slice(0, MOST_IDS));
  });
});

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

  test("keeps the order in which runs were selected; to select again changes nothing", () => {
    const selection = selectionOf(["c", "a", "b"]);
    expect([...withRuns(selection, ["b", "c"])]).toEqual([...selection]);
    expect([...withRuns(selection, ["d", "a"]).keys()]).toEqual(["c", "a", "b", "d"]);
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
