/** The text of the filter box: what somebody writes, when it is asked for, and what is wrong with it. */
import { useEffect, useMemo, useRef, useState } from "react";
import type { Listing } from "../../../data/useRunPages";
import { type FilterProblem, filterOf, isTooLong, isUnfinished, problemOfText, tooLong } from "../../../model/filters";
import { rememberFilter } from "../../../state/recentFilters";
import { useChange, usePage } from "../../../state/store";
import { useFilterQuestion } from "./useFilterQuestion";

/** How long somebody has stopped writing when the text is asked for, in milliseconds. */
const ASK_AFTER = 350;

interface Draft {
  text: string;
  problem: FilterProblem | null;
  /** Whether the problem is to be told aloud: somebody wants an answer, and is not about to write on. */
  isLoud: boolean;
  /** Whether somebody does not want to hear more of it. */
  isHushed: boolean;
}

/** What the box shows, and what can be done with it. */
export interface FilterText extends Pick<Draft, "text" | "problem" | "isLoud">, FilterActions {
  /** Whether the text is the filter that is shown. */
  isApplied: boolean;
}

interface FilterActions {
  /** The text has become another; what it says is asked for when that may be a filter. */
  onText: (text: string) => void;
  /** Asks for the text, or another, at once, and says aloud what is wrong with it. */
  onEnter: (text?: string) => void;
  /** Says nothing more of what is wrong. */
  onHush: () => void;
}

/**
 * Only a filter that the server has answered becomes the page's. `refusal` is why that of the address is not shown: it
 * is told aloud.
 */
export function useFilterText(listing: Listing, refusal: FilterProblem | null): FilterText {
  const applied = usePage((page) => page.filter);
  const [draft, setDraft] = useState<Draft>(draftOf(applied));
  const [before, setBefore] = useState(applied);
  if (before !== applied) {
    setBefore(applied);
    setDraft(draftOf(filterOf(draft.text) === applied ? draft.text : applied));
  }
  const actions = useActions(listing, draft.text, setDraft);
  const isSame = filterOf(draft.text) === applied;
  const isRefused = isSame && refusal !== null && draft.problem === null && !draft.isHushed;
  const problem = isRefused ? refusal : draft.problem;
  return {
    text: draft.text,
    problem: problem && problemOfText(problem, draft.text),
    isLoud: isRefused || draft.isLoud,
    isApplied: isSame && refusal === null,
    ...actions,
  };
}

function draftOf(text: string): Draft {
  return { text, problem: null, isLoud: false, isHushed: false };
}

/** Always the same functions. */
function useActions(listing: Listing, text: string, setDraft: (change: (before: Draft) => Draft) => void) {
  const change = useChange();
  const { ask, giveUp } = useFilterQuestion(listing);
  const latest = useRef(text);
  useEffect(() => {
    latest.current = text;
  });
  return useMemo((): FilterActions => {
    const askFor = (asked: string, after: number, isLoud: boolean) =>
      ask(filterOf(asked), after, (problem) => {
        if (problem === null) {
          change(() => ({ filter: filterOf(asked) }));
          rememberFilter(filterOf(asked));
        }
        setDraft((before) => ({ ...before, problem, isLoud }));
      });
    return {
      onText: (next) => {
        giveUp();
        if (isTooLong(filterOf(next)) && next.length > latest.current.length) {
          // What the page cannot ask for is not taken: a megabyte in a line of text would only make it slow.
          setDraft((before) => ({ ...before, problem: tooLong(filterOf(next)), isLoud: true }));
          return;
        }
        setDraft(() => draftOf(next));
        if (!isUnfinished(next)) {
          askFor(next, ASK_AFTER, false);
        }
      },
      onEnter: (next = latest.current) => {
        setDraft(() => draftOf(next));
        askFor(next, 0, true);
      },
      onHush: () => setDraft((before) => ({ ...draftOf(before.text), isHushed: true })),
    };
  }, [ask, giveUp, change, setDraft]);
}
