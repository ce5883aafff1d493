import { expect, test } from "vitest";
import { arrived, samplePage, samplePages, sampleRun } from "../testing/runs";
import { FEW_MATCHES, wayToMatches } from "./wayToMatches";

const above = (id: string, children = 1) => sampleRun(id, { children, is_match: false });
const match = (id: string, children = 0) => sampleRun(id, { children });
const page = (...runs: ReturnType<typeof sampleRun>[]) => [arrived(samplePage(runs))];

const LOADED = samplePages({
  "": page(above("a"), above("b"), match("c")),
  a: page(above("aa")),
  aa: page(match("aaa")),
  b: page(match("ba", 2)),
});

test("to few matches every way is unfolded, as far as it is known", () => {
  expect([...wayToMatches(LOADED, "ancestors", 3)]).toEqual(["a", "aa", "b", "ba"]);
});

test("below a match that is shown with its subtree nothing is unfolded", () => {
  expect([...wayToMatches(LOADED, "subtrees", 3)]).toEqual(["a", "aa", "b"]);
});

test("to many matches only the first way is, down to the first match", () => {
  expect([...wayToMatches(LOADED, "ancestors", FEW_MATCHES + 1)]).toEqual(["a", "aa"]);
  const first = samplePages({ "": page(match("c"), above("a")) });
  expect([...wayToMatches(first, "ancestors", FEW_MATCHES + 1)]).toEqual([]);
});

test("a flat list has its matches in sight", () => {
  const flat = samplePages({ "": page(match("c", 10), match("d")) });
  expect([...wayToMatches(flat, "flat", 2)]).toEqual([]);
});
