/** A value that is not the run's own but made of those of the runs below it; where it is that of one, it leads there. */
import { CornerDownRight } from "lucide-react";
import type { MouseEvent } from "react";
import type { RolledUp as RolledUpCell } from "../../api/messages";
import { type Alignment, padOf } from "../../model/alignment";
import { cellText, rolledUpInWords } from "../../model/cells";
import { formatValue } from "../../model/numbers";

interface RolledUpProps {
  cell: RolledUpCell;
  column: string;
  alignment: Alignment;
  goTo: (runId: string) => void;
}

/** Slanted, with a sign and the number of runs at the other end of the cell, so that numbers stay in line. */
export function RolledUp({ cell, column, alignment, goTo }: RolledUpProps) {
  const { text, title } = cellText(cell, false, alignment.digits);
  const words = rolledUpInWords(cell, column);
  const content = (
    <>
      <span className="rolled-up-over" aria-hidden>
        <CornerDownRight size={11} />
        {formatValue(cell.over)}
      </span>
      <span className="rolled-up-value" data-pad={padOf(alignment, text)}>
        {text}
      </span>
      <span className="hidden">{words}</span>
    </>
  );
  if (cell.best === "") {
    return (
      <span className="rolled-up" title={`${words}\n${title}`}>
        {content}
      </span>
    );
  }
  const onClick = (event: MouseEvent) => {
    // With a key held a click selects the row, as elsewhere in it.
    if (!event.shiftKey && !event.ctrlKey && !event.metaKey) {
      event.stopPropagation();
      goTo(cell.best);
    }
  };
  return (
    <button
      type="button"
      className="rolled-up"
      tabIndex={-1}
      title={`${words}\n${title}\nClick or Enter: go to that run`}
      onClick={onClick}
      onDoubleClick={(event) => event.stopPropagation()}
    >
      {content}
    </button>
  );
}
