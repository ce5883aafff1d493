/** A button that opens a panel below it. */
import { type CSSProperties, type KeyboardEvent, type ReactNode, useEffect, useRef, useState } from "react";

const GAP = 4;
const MARGIN = 8;
const LEAST_HEIGHT = 200;

interface DropdownProps {
  /** What the button says to a screen reader, where that is more than what it shows. */
  label?: string;
  /** What is in the panel: a list to choose from, or more. */
  kind: "listbox" | "dialog";
  button: ReactNode;
  className?: string;
  /** The panel's content, which may close it. It is made when the panel opens. */
  children: (close: () => void) => ReactNode;
}

/**
 * Escape, a press outside and leaving by the keyboard close the panel. When it opens the element with
 * `data-first-focus` gets the focus; when it closes by a key or a choice the button has it again.
 */
export function Dropdown({ label, kind, button, className = "button", children }: DropdownProps) {
  const root = useRef<HTMLSpanElement>(null);
  const opener = useRef<HTMLButtonElement>(null);
  const [place, setPlace] = useState<CSSProperties | null>(null);
  const isOpen = place !== null;
  const close = () => {
    setPlace(null);
    opener.current?.focus();
  };
  useEffect(() => {
    if (!isOpen) {
      return;
    }
    root.current?.querySelector<HTMLElement>("[data-first-focus]")?.focus();
    const shut = () => setPlace(null);
    const onPress = ({ target }: PointerEvent) => {
      if (!root.current?.contains(target as Node)) {
        shut();
      }
    };
    document.addEventListener("pointerdown", onPress);
    window.addEventListener("resize", shut);
    return () => {
      document.removeEventListener("pointerdown", onPress);
      window.removeEventListener("resize", shut);
    };
  }, [isOpen]);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Escape" && isOpen) {
      event.stopPropagation();
      close();
    } else if (event.key === "ArrowDown" && !isOpen) {
      event.preventDefault();
      setPlace(placeBelow(opener.current));
    }
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: keys and focus of what is inside.
    <span
      ref={root}
      className="dropdown"
      onKeyDown={onKeyDown}
      onBlur={({ relatedTarget }) => {
        if (relatedTarget !== null && !root.current?.contains(relatedTarget)) {
          setPlace(null);
        }
      }}
    >
      <button
        ref={opener}
        type="button"
        className={className}
        aria-label={label}
        aria-haspopup={kind}
        aria-expanded={isOpen}
        onClick={() => setPlace(isOpen ? null : placeBelow(opener.current))}
      >
        {button}
      </button>
      {isOpen && (
        <div className="popover" style={place}>
          {children(close)}
        </div>
      )}
    </span>
  );
}

/** Where there is room: below the button, or above it. */
function placeBelow(button: HTMLElement | null): CSSProperties {
  const box = button?.getBoundingClientRect() ?? new DOMRect();
  const right = window.innerWidth - MARGIN;
  const across = box.left > right / 2 ? { right: Math.max(MARGIN, right - box.right) } : { left: box.left };
  const below = window.innerHeight - box.bottom - GAP - MARGIN;
  return below >= LEAST_HEIGHT || below >= box.top
    ? { ...across, top: box.bottom + GAP, maxHeight: below }
    : { ...across, bottom: window.innerHeight - box.top + GAP, maxHeight: box.top - GAP - MARGIN };
}
