/** A panel over the page, beside what opened it. */
import { type CSSProperties, type KeyboardEvent, type ReactNode, useEffect, useRef, useState } from "react";

const GAP = 4;
const MARGIN = 8;
const LEAST_HEIGHT = 200;

interface PopoverProps {
  /** What opened it: the panel stands below it, or above. */
  anchor: HTMLElement;
  /** Escape, a press outside, leaving by the keyboard; `isByKey` where the focus is to go back. */
  onClose: (isByKey: boolean) => void;
  children: ReactNode;
}

/** While it is there the element with `data-first-focus` in it has the focus, at first. */
export function Popover({ anchor, onClose, children }: PopoverProps) {
  const root = useRef<HTMLDivElement>(null);
  const [place] = useState(() => placeBelow(anchor));
  const latest = useRef(onClose);
  useEffect(() => {
    latest.current = onClose;
  });
  useEffect(() => {
    root.current?.querySelector<HTMLElement>("[data-first-focus]")?.focus();
    const shut = () => latest.current(false);
    const onPress = ({ target }: PointerEvent) => {
      if (!root.current?.contains(target as Node) && !anchor.contains(target as Node)) {
        shut();
      }
    };
    document.addEventListener("pointerdown", onPress);
    window.addEventListener("resize", shut);
    return () => {
      document.removeEventListener("pointerdown", onPress);
      window.removeEventListener("resize", shut);
    };
  }, [anchor]);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Escape") {
      event.stopPropagation();
      onClose(true);
    }
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: keys and focus of what is inside.
    <div
      ref={root}
      className="popover"
      style={place}
      onKeyDown={onKeyDown}
      onBlur={({ relatedTarget }) => {
        if (relatedTarget !== null && !root.current?.contains(relatedTarget) && !anchor.contains(relatedTarget)) {
          onClose(false);
        }
      }}
    >
      {children}
    </div>
  );
}

/** Where there is room: below the button, or above it. */
function placeBelow(button: HTMLElement): CSSProperties {
  const box = button.getBoundingClientRect();
  const right = window.innerWidth - MARGIN;
  const across = box.left > right / 2 ? { right: Math.max(MARGIN, right - box.right) } : { left: box.left };
  const below = window.innerHeight - box.bottom - GAP - MARGIN;
  return below >= LEAST_HEIGHT || below >= box.top
    ? { ...across, top: box.bottom + GAP, maxHeight: below }
    : { ...across, bottom: window.innerHeight - box.top + GAP, maxHeight: box.top - GAP - MARGIN };
}
