import { describe, expect, test } from "vitest";
import {
  charactersBefore,
  columnsIn,
  filterOf,
  indexAt,
  isContinued,
  isTooLong,
  isUnfinished,
  MOST_BYTES,
  problemOfText,
  tooLong,
  wordEnd,
} from "./filters";

describe("a text is only the beginning of a filter", () => {
  test.each([
    "metrics.",
    "metrics.loss <",
    "metrics.loss < ",
    "metrics.loss IS NOT",
    "depth = 1 and",
    "not",
    "name in ('a',",
    "name = 'it''s",
    'params."learning rate',
    "any(children.status = 'Failed'",
    "count(leaves[depth = 1",
    "name = ')' and (",
  ])("%s", (text) => expect(isUnfinished(text)).toBe(true));

  test.each(["", "depth = 1", "name = '('", "name = 'and'", "params.`a(b` = 1", "name like '%brand'", "any(x) ) = 1"])(
    "and not %s",
    (text) => expect(isUnfinished(text)).toBe(false),
  );
});

test("a filter is one line of whole characters, as it can be sent", () => {
  expect(filterOf("  depth\n= 1\t")).toBe("depth = 1");
  expect(filterOf("name = '\ud83d'")).toBe("name = '\ufffd'");
  expect(filterOf("name = '😀'")).toBe("name = '😀'");
});

test("what is too long to be sent is told by the bytes that are sent, and says how long it is", () => {
  expect(isTooLong("a".repeat(MOST_BYTES - 10))).toBe(false);
  expect(isTooLong("(".repeat(MOST_BYTES / 2))).toBe(true);
  expect(tooLong("x".repeat(1_000_000)).sentence).toContain("it takes 1,000,007 characters of an address");
});

test("the server's characters and the browser's indexes lead to one another", () => {
  const text = "a😀b😀c";
  for (let characters = 0; characters <= 5; characters++) {
    expect(charactersBefore(text, indexAt(text, characters))).toBe(characters);
  }
  expect(indexAt(text, 4)).toBe(6);
  expect(indexAt(text, 99)).toBe(text.length);
});

test("the place of a problem is moved by the blanks that were not sent", () => {
  const problem = { sentence: "Wrong.", at: 4 };
  expect(problemOfText(problem, "  depth").at).toBe(6);
  expect(problemOfText(problem, "depth")).toBe(problem);
});

test("what is marked is a word, a text in quotes or one sign", () => {
  const text = "metrics.loss < 'low' )😀";
  expect(text.slice(0, wordEnd(text, 0))).toBe("metrics.loss");
  expect(text.slice(15, wordEnd(text, 15))).toBe("'low'");
  expect(text.slice(13, wordEnd(text, 13))).toBe("<");
  expect(text.slice(22, wordEnd(text, 22))).toBe("😀");
  expect(wordEnd(text, text.length)).toBe(text.length);
});

test("a filter is written on where one begins with the other", () => {
  expect([isContinued("a", "ab"), isContinued("ab", "a"), isContinued("", "a"), isContinued("ab", "ac")]).toEqual([
    true,
    true,
    false,
    false,
  ]);
});

test("a filter speaks of the columns whose whole names stand in it", () => {
  const columns = [
    "metrics.loss",
    "metrics.loss/val",
    "inherited.params.loss",
    "inherited.params.`learning rate`",
    "metrics.`x``y`",
  ];
  expect(columnsIn("metrics.loss.min < 1 and params.`learning rate` = 2", columns)).toEqual([
    "metrics.loss",
    "inherited.params.`learning rate`",
  ]);
  expect(columnsIn("metrics.loss/val < 1 or metrics.loss2 > 1", columns)).toEqual(["metrics.loss/val"]);
});
