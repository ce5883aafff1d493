/** What opens the menu of a row with the pointer; the menu key does it for the row that has the focus. */
import { EllipsisVertical } from "lucide-react";
import type { RowCommands } from "./props";

interface RowMenuButtonProps {
  name: string;
  place: number;
  commands: RowCommands;
}

/** It has its room when it is not shown, too, so that nothing moves when somebody points at the row. */
export function RowMenuButton({ name, place, commands }: RowMenuButtonProps) {
  return (
    <button
      type="button"
      className="tree-menu"
      tabIndex={-1}
      aria-label={`Menu of ${name}`}
      aria-haspopup="menu"
      onClick={(event) => {
        event.stopPropagation();
        const { left, bottom } = event.currentTarget.getBoundingClientRect();
        commands.onFocus(place, 0);
        commands.onMenu(place, { x: left, y: bottom });
      }}
      onDoubleClick={(event) => event.stopPropagation()}
    >
      <EllipsisVertical size={14} aria-hidden />
    </button>
  );
}
