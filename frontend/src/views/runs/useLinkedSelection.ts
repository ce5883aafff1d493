/** The runs that a link selects by a question in place of their ids. */
import { useEffect } from "react";
import { getMatching } from "../../api/client";
import { selectionOf } from "../../model/selection";
import { useChange, usePage } from "../../state/store";

/** Asks for them, once. Whoever selects something else before they are there has that. */
export function useLinkedSelection(tell: (sentence: string | null) => void): void {
  const change = useChange();
  const experiment = usePage((page) => page.experiment);
  const stages = usePage((page) => page.stages);
  const linked = usePage(({ selected, selectedBy }) =>
    selectedBy !== null && !selectedBy.isAsked && selectedBy.selection === selected ? selectedBy : null,
  );
  useEffect(() => {
    if (linked === null) {
      return;
    }
    const giveUp = new AbortController();
    getMatching({ experiment, stages }, linked.query, giveUp.signal).then(
      ({ run_ids }) =>
        change(({ selectedBy }) => {
          const selected = selectionOf(run_ids);
          return selectedBy === linked
            ? { selected, selectedBy: { query: linked.query, selection: selected, isAsked: true } }
            : {};
        }),
      (error) => giveUp.signal.aborted || tell(error instanceof Error ? error.message : String(error)),
    );
    return () => giveUp.abort();
  }, [linked, experiment, stages, change, tell]);
}
