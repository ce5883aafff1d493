/** The edge of a column, to be taken by the pointer. The keyboard has the arrow keys of the header. */
import type { PointerEvent } from "react";
import { boundedWidth } from "./columns";

interface ResizeHandleProps {
  width: number;
  /** The width in CSS pixels; null for the column's own. */
  onResize: (width: number | null) => void;
}

export function ResizeHandle({ width, onResize }: ResizeHandleProps) {
  const onPointerDown = (event: PointerEvent<HTMLElement>) => {
    if (event.button !== 0) {
      return;
    }
    event.stopPropagation();
    const handle = event.currentTarget;
    const from = event.clientX;
    const onMove = ({ clientX }: globalThis.PointerEvent) => onResize(boundedWidth(width + clientX - from));
    const onEnd = () => {
      handle.removeEventListener("pointermove", onMove);
      handle.removeEventListener("lostpointercapture", onEnd);
    };
    handle.setPointerCapture(event.pointerId);
    handle.addEventListener("pointermove", onMove);
    handle.addEventListener("lostpointercapture", onEnd);
  };
  return (
    <span
      className="column-edge"
      aria-hidden
      title="Drag to resize; a double click gives the column its own width"
      onPointerDown={onPointerDown}
      onDoubleClick={() => onResize(null)}
    />
  );
}
