/** The columns that are shown, in order: to be moved by the pointer or the arrow keys, pinned and hidden. */
import { GripVertical, Pin, X } from "lucide-react";
import { type KeyboardEvent, type PointerEvent, useState } from "react";
import { nameOf } from "../../../model/columns";
import { isPinnedIn, moved, movedBy, pinnedOver, type ShownColumns, without } from "../../../model/shownColumns";
import { ColumnName } from "./ColumnOptions";

/** As in choice.css. */
const ROW_HEIGHT = 28;

interface ShownListProps {
  shown: ShownColumns;
  onChange: (shown: ShownColumns) => void;
}

export function ShownList({ shown, onChange }: ShownListProps) {
  const { dragged, onPointerDown } = useDrag(shown, onChange);
  const onKeyDown = (event: KeyboardEvent, column: string) => {
    const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (by !== undefined) {
      event.preventDefault();
      onChange(movedBy(shown, column, by));
    }
  };
  return (
    <fieldset>
      <legend>Shown, in this order</legend>
      {shown.columns.length === 0 && <p className="quiet">None.</p>}
      {shown.columns.map((column) => (
        <div key={column} className="shown-column" data-dragged={column === dragged}>
          <button
            type="button"
            className="shown-grip"
            aria-label={`Move ${nameOf(column)}`}
            title="Drag it, or press the arrow keys up and down"
            onKeyDown={(event) => onKeyDown(event, column)}
            onPointerDown={(event) => onPointerDown(event, column)}
          >
            <GripVertical size={14} aria-hidden />
          </button>
          <span className="shown-name">
            <ColumnName column={column} />
          </span>
          <button
            type="button"
            className="shown-pin"
            aria-pressed={isPinnedIn(shown, column)}
            aria-label={`Pin ${nameOf(column)}`}
            title="Pinned columns stay in sight"
            onClick={() => onChange(pinnedOver(shown, column))}
          >
            <Pin size={13} aria-hidden />
          </button>
          <button
            type="button"
            className="shown-pin"
            aria-label={`Hide ${nameOf(column)}`}
            onClick={() => onChange(without(shown, [column]))}
          >
            <X size={13} aria-hidden />
          </button>
        </div>
      ))}
    </fieldset>
  );
}

/** The column that the pointer moves: the others make room for it as it goes. */
function useDrag(shown: ShownColumns, onChange: ShownListProps["onChange"]) {
  const [dragged, setDragged] = useState<string | null>(null);
  const onPointerDown = (event: PointerEvent, column: string) => {
    if (event.button !== 0) {
      return;
    }
    const from = shown.columns.indexOf(column);
    const begin = event.clientY;
    let at = from;
    setDragged(column);
    const onMove = ({ clientY }: globalThis.PointerEvent) => {
      const to = from + Math.round((clientY - begin) / ROW_HEIGHT);
      if (to !== at) {
        at = to;
        onChange(moved(shown, column, to));
      }
    };
    const onEnd = () => {
      setDragged(null);
      document.removeEventListener("pointermove", onMove);
      document.removeEventListener("pointerup", onEnd);
      document.removeEventListener("pointercancel", onEnd);
    };
    document.addEventListener("pointermove", onMove);
    document.addEventListener("pointerup", onEnd);
    document.addEventListener("pointercancel", onEnd);
  };
  return { dragged, onPointerDown };
}
