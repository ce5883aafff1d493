/** A button that opens a panel below it. */
import { type KeyboardEvent, type ReactNode, useRef, useState } from "react";
import { Popover } from "./Popover";

interface DropdownProps {
  /** What the button says to a screen reader, where that is more than what it shows. */
  label?: string;
  /** What is in the panel: a list to choose from, or more. */
  kind: "listbox" | "dialog";
  button: ReactNode;
  className?: string;
  /** Whether there is nothing to choose now. It stays where it is. */
  isOff?: boolean;
  /** The panel's content, which may close it. It is made when the panel opens. */
  children: (close: () => void) => ReactNode;
}

/** When the panel closes by a key or a choice the button has the focus again. */
export function Dropdown({ label, kind, button, className = "button", isOff = false, children }: DropdownProps) {
  const opener = useRef<HTMLButtonElement>(null);
  const [isOpen, setIsOpen] = useState(false);
  const close = () => {
    setIsOpen(false);
    opener.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "ArrowDown" && !isOpen && !isOff) {
      event.preventDefault();
      setIsOpen(true);
    } else if (event.key === "Escape" && isOpen) {
      event.stopPropagation();
      close();
    }
  };
  return (
    <span className="dropdown">
      <button
        ref={opener}
        type="button"
        className={className}
        aria-label={label}
        aria-haspopup={kind}
        aria-expanded={isOpen}
        aria-disabled={isOff}
        onClick={() => setIsOpen(!isOpen && !isOff)}
        onKeyDown={onKeyDown}
      >
        {button}
      </button>
      {isOpen && opener.current !== null && (
        <Popover anchor={opener.current} onClose={(isByKey) => (isByKey ? close() : setIsOpen(false))}>
          {children(close)}
        </Popover>
      )}
    </span>
  );
}
