/** The box in which a filter is written, with what may stand at the caret and what is wrong with it. */
import { Search, X } from "lucide-react";
import { type KeyboardEvent, type ReactNode, type RefObject, useEffect, useId, useRef } from "react";
import { Below } from "./Below";
import { Marked } from "./Problem";
import { type CompletionList, useCompletionList } from "./useCompletionList";
import type { FilterText } from "./useFilterText";

interface FilterBoxProps {
  filter: FilterText;
  /** Of what says aloud what is wrong. */
  problemId: string;
  /** Stands at the end of the box. */
  help: ReactNode;
}

/** A combobox: arrows go through what is offered, Tab and Enter take it, Escape closes, and then clears. */
export function FilterBox({ filter, problemId, help }: FilterBoxProps) {
  const { text, problem, isLoud, onText, onEnter } = filter;
  const list = useId();
  const input = useRef<HTMLInputElement>(null);
  const mirror = useRef<HTMLDivElement>(null);
  const offered = useCompletionList(input, text, onText);
  const isOpen = offered.texts.length > 0;
  useSlash(input);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another text may have moved the box's own scroll.
  useEffect(follow, [text, problem]);
  function follow() {
    if (mirror.current !== null && input.current !== null) {
      mirror.current.scrollLeft = input.current.scrollLeft;
    }
  }
  const onKeyDown = useBoxKeys(filter, offered);
  return (
    <div className="filter-box" data-wrong={problem !== null && isLoud}>
      <Search size={14} aria-hidden className="filter-sign" />
      <div className="filter-line">
        <div ref={mirror} className="filter-mirror" aria-hidden>
          {problem?.at != null && <Marked text={text} at={problem.at} />}
        </div>
        <input
          ref={input}
          type="text"
          role="combobox"
          className="filter-input"
          aria-label="Filter"
          aria-autocomplete="list"
          aria-expanded={isOpen}
          aria-controls={list}
          aria-activedescendant={offered.current < 0 ? undefined : `${list}-${offered.current}`}
          aria-invalid={problem !== null && isLoud}
          aria-describedby={problem === null ? undefined : problemId}
          placeholder="Filter runs, such as metrics.loss < 0.1"
          title="Press / to write here"
          autoComplete="off"
          autoCapitalize="off"
          spellCheck={false}
          value={text}
          onChange={({ target }) => {
            onText(target.value);
            offered.onCaret(target);
          }}
          onScroll={follow}
          onKeyDown={onKeyDown}
          onBlur={offered.onClose}
        />
      </div>
      <ClearButton
        isThere={text !== ""}
        onClear={() => {
          onEnter("");
          input.current?.focus();
        }}
      />
      {help}
      <Below id={list} offered={offered} problem={isLoud ? null : problem} problemId={problemId} />
    </div>
  );
}

function ClearButton({ isThere, onClear }: { isThere: boolean; onClear: () => void }) {
  return (
    <button
      type="button"
      className="filter-button"
      aria-label="Clear the filter"
      title="Clear the filter"
      data-there={isThere}
      onClick={onClear}
    >
      <X size={14} aria-hidden />
    </button>
  );
}

/** The keys that the list of what is offered does not take. */
function useBoxKeys({ text, problem, onEnter, onHush }: FilterText, offered: CompletionList) {
  return (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) {
      return;
    }
    if (!offered.onKey(event)) {
      if (event.key === "Enter") {
        offered.onClose();
        onEnter();
      } else if (event.key === "Escape" && (offered.texts.length > 0 || problem !== null)) {
        offered.onClose();
        onHush();
      } else if (event.key === "Escape" && text !== "") {
        onEnter("");
      } else {
        return;
      }
    }
    event.preventDefault();
    event.stopPropagation();
  };
}

/** A slash leads to the box from everywhere but where somebody writes. */
function useSlash(input: RefObject<HTMLInputElement | null>) {
  useEffect(() => {
    const onKey = (event: globalThis.KeyboardEvent) => {
      const isWriting = (event.target as Element).closest?.(
        "input:not([type=checkbox]), textarea, select, [contenteditable]",
      );
      if (event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey && !isWriting) {
        event.preventDefault();
        input.current?.focus();
        input.current?.select();
      }
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, [input]);
}
