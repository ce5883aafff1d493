/** One stop of the tab key for a whole toolbar, and the arrow keys within it, as ARIA's pattern has it. */
import { type KeyboardEvent, type RefObject, useCallback, useLayoutEffect } from "react";

/** What can be reached: buttons, but for those within a panel that one of them has opened. */
const ITEMS = "button:not(.popover *)";

/** A handler for the keys of the toolbar. */
export function useRovingFocus(toolbar: RefObject<HTMLElement | null>): (event: KeyboardEvent) => void {
  const items = useCallback(() => [...(toolbar.current?.querySelectorAll<HTMLElement>(ITEMS) ?? [])], [toolbar]);
  useLayoutEffect(() => {
    const all = items();
    const stop =
      all.find((item) => item === document.activeElement) ?? all.find((item) => item.tabIndex === 0) ?? all[0];
    for (const item of all) {
      item.tabIndex = item === stop ? 0 : -1;
    }
  });
  return useCallback(
    (event) => {
      const all = items();
      const at = all.indexOf(event.target as HTMLElement);
      const next = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: all.length - 1 }[event.key];
      const item = next === undefined || at < 0 ? undefined : all[(next + all.length) % all.length];
      if (item !== undefined) {
        event.preventDefault();
        for (const other of all) {
          other.tabIndex = other === item ? 0 : -1;
        }
        item.focus();
      }
    },
    [items],
  );
}
