/** The view, begun from the address and written back to it. */
import { useCallback, useEffect, useState } from "react";
import { addressWindow, isElsewhere, readFragment, writeFragment } from "./address";
import { formatView, parseView, type View } from "./view";

/** Changes what the given function returns, from the view as it is by then; all else stays. */
export type ChangeView = (change: (view: View) => Partial<View>) => void;

/** The view and its only way to change. Changes replace the address: they are no steps for the back button. */
export function useView(): [View, ChangeView] {
  const [view, setView] = useState(() => parseView(readFragment(addressWindow().location.hash)));
  const change = useCallback<ChangeView>((changes) => setView((before) => ({ ...before, ...changes(before) })), []);
  useEffect(() => {
    const { location, history } = addressWindow();
    const hash = writeFragment(location.hash, formatView(view));
    if (hash !== location.hash && !isElsewhere(location.hash)) {
      history.replaceState(history.state, "", hash);
    }
  }, [view]);
  return [view, change];
}
