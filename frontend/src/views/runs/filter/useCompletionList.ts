/** The list below the filter box: what may stand at the caret, as ARIA's pattern of a combobox has it. */
import { type KeyboardEvent, type RefObject, useEffect, useRef, useState } from "react";
import { useCompletions } from "../../../data/useCompletions";
import { recentFilters } from "../../../state/recentFilters";
import { usePage } from "../../../state/store";

/** How long somebody has stopped writing when it is asked what may follow, in milliseconds. */
const ASK_AFTER = 60;
/** What leads on from where a filter may end. */
const GOES_ON: readonly string[] = ["AND", "OR"];
const NOTHING: readonly string[] = [];

/** What is offered, and what the box does with it. */
export interface CompletionList {
  texts: readonly string[];
  /** The one that the arrow keys are at, -1 for none. */
  current: number;
  onPoint: (place: number) => void;
  onTake: (place: number) => void;
  /** Opens the list at the caret, when somebody has written or moved it. */
  onCaret: (input: HTMLInputElement) => void;
  onClose: () => void;
  /** Whether a key was the list's. */
  onKey: (event: KeyboardEvent) => boolean;
}

interface Place {
  text: string;
  caret: number;
  /** Whether somebody wants to see what may stand there. */
  isWanted?: boolean;
}

/** `onText` is told the text with what was taken in it, behind which the caret then stands. */
export function useCompletionList(
  input: RefObject<HTMLInputElement | null>,
  text: string,
  onText: (text: string) => void,
): CompletionList {
  const { place, openAt, close } = usePlace();
  const [current, setCurrent] = useState(-1);
  const setCaret = useCaret(input, text);
  const offer = useOffer(place, text);
  const { texts } = offer;
  const onTake = (number: number) => {
    const option = texts[number];
    if (option !== undefined && offer.typed !== null) {
      const caret = offer.start + option.length;
      const next = { text: text.slice(0, offer.start) + option + text.slice(offer.stop), caret };
      setCaret(next);
      setCurrent(-1);
      openAt(next, 0);
      onText(next.text);
    }
  };
  const onArrow = (step: number) => {
    if (texts.length > 0) {
      // Round through the box itself, where none is chosen.
      const places = texts.length + 1;
      setCurrent(((current + 1 + step + places) % places) - 1);
    } else {
      openAt({ text, caret: input.current?.selectionStart ?? text.length, isWanted: true }, 0);
    }
    return true;
  };
  const onKey = ({ key, shiftKey }: KeyboardEvent) => {
    if (key === "ArrowDown" || key === "ArrowUp") {
      return onArrow(key === "ArrowDown" ? 1 : -1);
    }
    if (texts.length === 0 || (key !== "Enter" && key !== "Tab") || shiftKey) {
      return false;
    }
    // The tab key takes what completes a word, and leads on where there is none: it never stays in the box.
    const number = key === "Tab" && current < 0 && completes(texts[0], offer.typed) ? 0 : current;
    onTake(number);
    return number >= 0;
  };
  const onCaret = ({ value, selectionStart }: HTMLInputElement) => {
    setCurrent(-1);
    openAt({ text: value, caret: selectionStart ?? value.length }, ASK_AFTER);
  };
  const onClose = () => {
    setCurrent(-1);
    close();
  };
  return { texts, current: Math.min(current, texts.length - 1), onPoint: setCurrent, onTake, onCaret, onClose, onKey };
}

/** Where the list is open, if it is; it opens after a while. */
function usePlace() {
  const [place, setPlace] = useState<Place | null>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const openAt = (next: Place, after: number) => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setPlace(next), after);
  };
  const close = () => {
    clearTimeout(timer.current);
    setPlace(null);
  };
  return { place, openAt, close };
}

/** What sets the caret, which can be done only once the box has the new text. */
function useCaret(input: RefObject<HTMLInputElement | null>, text: string) {
  const [wanted, setWanted] = useState<Place | null>(null);
  useEffect(() => {
    if (wanted !== null && wanted.text === text) {
      input.current?.setSelectionRange(wanted.caret, wanted.caret);
      setWanted(null);
    }
  }, [input, wanted, text]);
  return setWanted;
}

/** What is offered in place of what is `typed` from `start` to `stop`; null where that is of an earlier text. */
function useOffer(place: Place | null, text: string) {
  const experiment = usePage((page) => page.experiment);
  const found = useCompletions(experiment, place?.text ?? "", place?.caret ?? 0, place !== null);
  if (found === null) {
    return { start: 0, stop: 0, typed: null, texts: NOTHING };
  }
  const { start, stop } = found;
  const recent = place?.text === "" && text === "" ? recentFilters() : NOTHING;
  const typed = !found.isEarlier && place?.text === text ? text.slice(start, stop) : null;
  if (typed !== null && recent.length > 0) {
    return { start, stop, typed, texts: [...new Set([...recent, ...found.texts])] };
  }
  return { start, stop, typed, texts: isNoHelp(found.texts, typed, place) ? NOTHING : found.texts };
}

/** What is written is offered again, or nothing but to go on where a filter may end: that would only hide the table. */
function isNoHelp(texts: readonly string[], typed: string | null, place: Place | null): boolean {
  const isEnd = typed === "" && place?.isWanted !== true && texts.every((text) => GOES_ON.includes(text));
  return isEnd || (texts.length === 1 && texts[0] === typed);
}

function completes(option: string | undefined, typed: string | null): boolean {
  return option !== undefined && !!typed && option !== typed && option.toLowerCase().startsWith(typed.toLowerCase());
}
