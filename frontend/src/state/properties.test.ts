import { describe, expect, test } from "vitest";
import { metricColumn } from "../model/columns";
import { columnText } from "../model/columnText";
import { filterOf } from "../model/filters";
import { groupKey, MOST_LEVELS } from "../model/groups";
import type { Interval } from "../model/interval";
import { NO_RUNS, type SelectionQuery, selectionOf } from "../model/selection";
import { seededRandom } from "../testing/random";
import { isElsewhere, readFragment, writeFragment } from "./address";
import { MOST_IDS } from "./codecs";
import { type Linked, readLinked, writeLinked } from "./page";

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

function tagColumn(name: string): string {
  return columnText({ kind: "tag", name });
}

function someView(random: () => number): Linked {
  return {
    experiment: pick(random, HOSTILE),
    ...someSelection(random),
    sort: pick(random, ["name", "created", ...HOSTILE.filter(Boolean).map(metricColumn)]),
    order: pick(random, ["asc", "desc"] as const),
    expanded: random() < 0.3 ? null : new Set(some(random, [...RUN_IDS, groupKey("", "tags.a = 'b,c%'")])),
    metric: random() < 0.3 ? null : pick(random, HOSTILE),
    columns: random() < 0.3 ? null : some(random, HOSTILE.filter(Boolean)).map(metricColumn),
    pinned: Math.floor(random() * 4),
    filter: filterOf(pick(random, ["", ...HOSTILE])),
    show: pick(random, ["ancestors", "subtrees", "flat"] as const),
    stages: pick(random, ["active", "archived", "all"] as const),
    colorBy: pick(random, [null, "run", "depth", ...HOSTILE.filter(Boolean).map(tagColumn)]),
    curves: random() < 0.5,
    groupBy: some(random, ["status", ...HOSTILE.filter(Boolean).map(tagColumn)]).slice(0, MOST_LEVELS),
    chart: {
      xAxis: pick(random, ["step", "wall", "relative"] as const),
      yScale: pick(random, ["linear", "log"] as const),
      zoom: { x: someInterval(random), y: someInterval(random) },
    },
  };
}

/** Runs by their ids, or by a question that has not been asked. */
function someSelection(random: () => number): Pick<Linked, "selected" | "selectedBy"> {
  if (random() < 0.6) {
    return { selected: random() < 0.3 ? null : selectionOf(some(random, RUN_IDS)), selectedBy: null };
  }
  const query: SelectionQuery = {
    filter: filterOf(pick(random, ["", ...HOSTILE])),
    below: pick(random, ["", ...RUN_IDS]),
    sort: pick(random, ["created", ...HOSTILE.filter(Boolean).map(metricColumn)]),
    order: pick(random, ["asc", "desc", "best"] as const),
    limit: pick(random, [1, 10_000]),
  };
  return { selected: NO_RUNS, selectedBy: { query, selection: NO_RUNS, isAsked: false } };
}

/** An interval of values above zero, which every axis can show. */
function someInterval(random: () => number): Interval | null {
  const min = random() * 10 ** (random() * 40 - 20);
  return random() < 0.3 || min === 0 ? null : { min, max: min * (1 + random() + 1e-9) };
}

describe("a view in the address", () => {
  test("comes back as it was, whatever people call their things", () => {
    const random = seededRandom(31);
    for (let round = 0; round < 500; round++) {
      const view = someView(random);
      expect(readLinked(readFragment(writeFragment("", writeLinked(view))))).toEqual(view);
    }
  });

  test("comes back from a real address too, as the browser writes it", () => {
    const random = seededRandom(32);
    for (let round = 0; round < 100; round++) {
      const view = someView(random);
      window.location.hash = writeFragment("#runhistory", writeLinked(view));
      expect(readLinked(readFragment(window.location.hash))).toEqual(view);
    }
    window.location.hash = "";
  });

  test("is written in one way only: to write it again changes nothing", () => {
    const random = seededRandom(33);
    for (let round = 0; round < 200; round++) {
      const parameters = writeLinked(someView(random));
      const hash = writeFragment("#runhistory&other=1", parameters);
      expect(writeFragment(hash, parameters)).toBe(hash);
    }
  });

  test("never touches what belongs to others", () => {
    const random = seededRandom(34);
    const others = ["runhistory", "_smoothing=0.6", "p.scalars.tag=loss", "runSelectionState=e30%3D", "x"];
    for (let round = 0; round < 200; round++) {
      const before = `#${others.join("&")}&p.runhistory.sort=name`;
      const after = writeFragment(before, writeLinked(someView(random)));
      const parts = after.slice(1).split("&");
      expect(parts.filter((part) => !part.startsWith("p.runhistory."))).toEqual(others);
    }
  });

  test("any text at all is read without an error", () => {
    const random = seededRandom(35);
    const signs = [..."%&=#,.pärunhistory2Fselcdxm", "p.runhistory.", "selected=", "columns=", "%E0"];
    for (let round = 0; round < 1000; round++) {
      const text = `#${Array.from({ length: 20 }, () => pick(random, signs)).join("")}`;
      const view = readLinked(readFragment(text));
      expect(["asc", "desc"]).toContain(view.order);
      expect(view.expanded === null || view.expanded instanceof Set).toBe(true);
      expect(typeof isElsewhere(text)).toBe("boolean");
    }
  });

  test("names the first of many runs, in their order", () => {
    const ids = Array.from({ length: 3 * MOST_IDS }, (_, i) => `run${i}`);
    const view = { ...readLinked(new URLSearchParams()), selected: selectionOf(ids), expanded: new Set(ids) };
    const back = readLinked(readFragment(writeFragment("", writeLinked(view))));
    expect([...(back.selected?.keys() ?? [])]).toEqual(ids.slice(0, MOST_IDS));
    expect([...(back.expanded ?? [])]).toEqual(ids.slice(0, MOST_IDS));
  });
});
