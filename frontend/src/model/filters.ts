/** Filters as texts: what can be told of one without the server, and how what the server says of one is read. */

import type { RunPageRequest } from "../api/client";
import { ownColumn } from "./columns";

/** What of the tree a filter leaves. */
export type Shown = Exclude<RunPageRequest["show"], "tops">;

/** What can be shown, with the words for it. The first is what the page begins with. */
export const SHOWN: readonly { id: Shown; name: string }[] = [
  { id: "ancestors", name: "With ancestors" },
  { id: "subtrees", name: "Whole subtrees" },
  { id: "flat", name: "Flat list" },
];

/** What the page begins with. */
export const FIRST_SHOWN: Shown = "ancestors";

/** Why a filter is not shown, for the person who wrote it. */
export interface FilterProblem {
  sentence: string;
  /** The character that is wrong, as an index of the text; null where it is none in particular. */
  at: number | null;
}

/** An address that is longer is refused by some of the servers on the way. */
export const MOST_BYTES = 6000;

const QUOTES = "'\"`";
const OPENING = "([";
const CLOSING = ")]";
const UNFINISHED_END = /([=<>!~.,]|\b(and|or|not|in|like|ilike|is))$/i;

/** Whether a text is only the beginning of a filter: it is not worth asking for yet. */
export function isUnfinished(text: string): boolean {
  let quote: string | null = null;
  let depth = 0;
  for (const character of text) {
    if (quote !== null) {
      quote = character === quote ? null : quote;
    } else if (QUOTES.includes(character)) {
      quote = character;
    } else if (OPENING.includes(character)) {
      depth++;
    } else if (CLOSING.includes(character)) {
      depth--;
    }
  }
  return quote !== null || depth > 0 || UNFINISHED_END.test(text.trimEnd());
}

/** A text as a filter: without blanks around it, on one line, and without halves of characters. */
export function filterOf(text: string): string {
  return text
    .replaceAll(/[\r\n\t]/g, " ")
    .replaceAll(/\p{Surrogate}/gu, "\ufffd")
    .trim();
}

/** Whether a filter is too long for an address. */
export function isTooLong(filter: string): boolean {
  return filter.length > MOST_BYTES || bytesOf(filter) > MOST_BYTES;
}

/** What there is to say of a filter that is too long. */
export function tooLong(filter: string): FilterProblem {
  const [bytes, most] = [bytesOf(filter), MOST_BYTES].map((count) => count.toLocaleString("en"));
  const sentence = `This filter is too long for the page: it takes ${bytes} characters of an address, and ${most} is the most. Python and the command line take longer ones.`;
  return { sentence, at: null };
}

function bytesOf(filter: string): number {
  return String(new URLSearchParams({ filter })).length;
}

/** What there is to say, of the text that a filter is made from: there may be blanks in front. */
export function problemOfText(problem: FilterProblem, text: string): FilterProblem {
  const blanks = text.length - text.trimStart().length;
  return problem.at === null || blanks === 0 ? problem : { ...problem, at: problem.at + blanks };
}

/** The index of a text at which so many characters are before it: the server counts whole ones, a browser halves. */
export function indexAt(text: string, characters: number): number {
  let index = 0;
  for (let left = characters; left > 0 && index < text.length; left--) {
    index += (text.codePointAt(index) as number) > 0xffff ? 2 : 1;
  }
  return index;
}

const WORD = /[\w.]+|'[^']*'?|"[^"]*"?|`[^`]*`?|[\s\S]/uy;

/** Where the word ends that begins at an index of a text: what is marked as wrong. */
export function wordEnd(text: string, index: number): number {
  WORD.lastIndex = index;
  return WORD.test(text) ? WORD.lastIndex : index;
}

/** How many whole characters stand before an index of a text. */
export function charactersBefore(text: string, index: number): number {
  return [...text.slice(0, index)].length;
}

/** Whether one filter is the other while somebody goes on writing it, or takes some of it back. */
export function isContinued(before: string, after: string): boolean {
  return before !== "" && after !== "" && (after.startsWith(before) || before.startsWith(after));
}

/** Those of some columns that a filter speaks of. */
export function columnsIn(filter: string, columns: readonly string[]): string[] {
  return columns.filter((column) => {
    const behind = filter.split(ownColumn(column).replace(/^inherited\./, "")).slice(1);
    return behind.some((rest) => !/^[\w/-]/.test(rest));
  });
}
