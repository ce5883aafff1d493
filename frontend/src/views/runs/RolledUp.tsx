/** A value that is not the run's own but that of the best run below it, and leads there. */
import { CornerDownRight } from "lucide-react";
import type { MouseEvent } from "react";
import type { RolledUp as RolledUpCell } from "../../api/messages";
import { cellText, rolledUpInWords } from "../../model/cells";
import { formatValue } from "../../model/numbers";

interface RolledUpProps {
  cell: RolledUpCell;
  goTo: (runId: string) => void;
}

/** Slanted, with a sign and the number of leaves at the other end of the cell, so that numbers stay in line. */
export function RolledUp({ cell, goTo }: RolledUpProps) {
  const { text, title } = cellText(cell, false);
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
      title={`${title}\nClick or Enter: go to that run`}
      onClick={onClick}
      onDoubleClick={(event) => event.stopPropagation()}
    >
      <span className="rolled-up-over" aria-hidden>
        <CornerDownRight size={11} />
        {formatValue(cell.over)}
      </span>
      <span className="rolled-up-value">{text}</span>
      <span className="hidden">{rolledUpInWords(cell)}</span>
    </button>
  );
}
