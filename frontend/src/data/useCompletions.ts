/** What may stand in a filter at a place: words of the language, and the names and values that the store has. */
import { useMemo } from "react";
import { getCompletions } from "../api/client";
import type { Completions } from "../api/messages";
import { charactersBefore, indexAt, isTooLong } from "../model/filters";
import { useLiveQuery } from "./liveQuery";

/** Nobody comes back to a half-written word. */
const KEEP_UNUSED = 10_000;

/** What is offered. */
export interface Offer extends Completions {
  /** It is what was offered before the latest letter: to be looked at, and not to be taken. */
  isEarlier: boolean;
}

/**
 * What may be offered at an index of the text, `start` and `stop` being indexes of it as well; null while that is not
 * known. A question that is overtaken by the next letter is given up.
 */
export function useCompletions(experiment: string, text: string, index: number, isWanted: boolean): Offer | null {
  const position = charactersBefore(text, index);
  const { content, isEarlier } = useLiveQuery({
    key: ["completions", experiment, text, position],
    ask: async (signal) => {
      const { start, stop, texts } = await getCompletions(experiment, text, position, signal);
      return { start: indexAt(text, start), stop: indexAt(text, stop), texts };
    },
    isWanted: isWanted && !isTooLong(text),
    keeps: () => true,
    keepUnused: KEEP_UNUSED,
  });
  return useMemo(
    () => (isWanted && content !== undefined ? { ...content, isEarlier } : null),
    [isWanted, content, isEarlier],
  );
}
