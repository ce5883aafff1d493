/** What stands below the filter box while somebody writes: what may stand at the caret, and why it is no filter yet. */
import { useEffect, useRef } from "react";
import type { FilterProblem } from "../../../model/filters";
import type { CompletionList } from "./useCompletionList";

interface BelowProps {
  /** Of the list; its options have it with their number. */
  id: string;
  offered: CompletionList;
  problem: FilterProblem | null;
  problemId: string;
}

/** Over the table, so that no row moves. */
export function Below({ id, offered, problem, problemId }: BelowProps) {
  const active = useRef<HTMLDivElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another option is to be in sight.
  useEffect(() => {
    active.current?.scrollIntoView?.({ block: "nearest" });
  }, [offered.current]);
  const isOpen = offered.texts.length > 0;
  return (
    <div className="filter-below" hidden={!isOpen && problem === null}>
      <div id={id} className="options" role="listbox" aria-label="What may stand here" hidden={!isOpen}>
        {offered.texts.map((option, place) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the box has the keys of all that is offered.
          <div
            key={option}
            id={`${id}-${place}`}
            ref={place === offered.current ? active : undefined}
            role="option"
            className="option"
            aria-selected={place === offered.current}
            data-current={place === offered.current}
            onPointerMove={() => offered.onPoint(place)}
            // The box keeps the focus.
            onPointerDown={(event) => event.preventDefault()}
            onMouseDown={(event) => event.preventDefault()}
            onClick={() => offered.onTake(place)}
          >
            <bdi>{option}</bdi>
          </div>
        ))}
      </div>
      {problem !== null && (
        <p id={problemId} className="filter-quiet">
          {problem.sentence}
        </p>
      )}
    </div>
  );
}
