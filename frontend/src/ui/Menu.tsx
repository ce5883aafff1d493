/** A menu at a place of the page, for what a click or a key asks of one thing. */
import { type KeyboardEvent, type RefObject, useEffect, useLayoutEffect, useRef, useState } from "react";

const MARGIN = 8;

/** A place in the window, in CSS pixels. */
export interface MenuPlace {
  x: number;
  y: number;
}

export interface MenuItem {
  label: string;
  onChoose: () => void;
}

interface MenuProps {
  label: string;
  at: MenuPlace;
  items: readonly MenuItem[];
  onClose: () => void;
}

/** The arrow keys move in it; Escape, Tab and a press elsewhere close it, and what had the focus has it again. */
export function Menu({ label, at, items, onClose }: MenuProps) {
  const menu = useRef<HTMLDivElement>(null);
  const place = usePlaceInside(menu, at);
  useFocusInside(menu);
  usePressElsewhere(menu, onClose);
  return (
    <div
      ref={menu}
      className="popover menu"
      role="menu"
      aria-label={label}
      tabIndex={-1}
      style={{ left: place.x, top: place.y }}
      onKeyDown={(event) => onKey(event, onClose)}
      onContextMenu={(event) => event.preventDefault()}
    >
      {items.map((item) => (
        <button
          key={item.label}
          type="button"
          role="menuitem"
          className="option"
          tabIndex={-1}
          onClick={() => {
            onClose();
            item.onChoose();
          }}
        >
          {item.label}
        </button>
      ))}
    </div>
  );
}

type Element = RefObject<HTMLDivElement | null>;

/** The place, or one near it from which nothing of the menu is out of the window. */
function usePlaceInside(menu: Element, at: MenuPlace): MenuPlace {
  const [place, setPlace] = useState(at);
  useLayoutEffect(() => {
    const { width = 0, height = 0 } = menu.current?.getBoundingClientRect() ?? {};
    const inside = (start: number, size: number, whole: number) =>
      Math.max(MARGIN, Math.min(start, whole - size - MARGIN));
    setPlace({ x: inside(at.x, width, window.innerWidth), y: inside(at.y, height, window.innerHeight) });
  }, [menu, at]);
  return place;
}

/** The first item has the focus; what had it before gets it back at the end. */
function useFocusInside(menu: Element): void {
  useEffect(() => {
    const before = document.activeElement;
    menu.current?.querySelector<HTMLElement>("[role=menuitem]")?.focus();
    return () => {
      if (before instanceof HTMLElement && before.isConnected) {
        before.focus({ preventScroll: true });
      }
    };
  }, [menu]);
}

function usePressElsewhere(menu: Element, onClose: () => void): void {
  useEffect(() => {
    const onPress = ({ target }: Event) => menu.current?.contains(target as Node) || onClose();
    document.addEventListener("pointerdown", onPress);
    window.addEventListener("resize", onClose);
    return () => {
      document.removeEventListener("pointerdown", onPress);
      window.removeEventListener("resize", onClose);
    };
  }, [menu, onClose]);
}

function onKey(event: KeyboardEvent<HTMLElement>, onClose: () => void) {
  const items = [...event.currentTarget.querySelectorAll<HTMLElement>("[role=menuitem]")];
  const at = items.indexOf(document.activeElement as HTMLElement);
  const last = items.length - 1;
  const next = { ArrowDown: at === last ? 0 : at + 1, ArrowUp: at <= 0 ? last : at - 1, Home: 0, End: last }[event.key];
  event.stopPropagation();
  if (next !== undefined) {
    event.preventDefault();
    items[next]?.focus();
  } else if (event.key === "Escape" || event.key === "Tab") {
    event.preventDefault();
    onClose();
  }
}
