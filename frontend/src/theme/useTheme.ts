/** Light or dark, as TensorBoard's page around the tab is; without one, as the system is. */
import { useLayoutEffect, useSyncExternalStore } from "react";
import type { Theme } from "./palette";

/** TensorBoard's own class on the body of its page while it is dark. */
const DARK_CLASS = "dark-mode";

/** The theme now, followed while it changes; the document's `data-theme` says it to the style sheets. */
export function useTheme(): Theme {
  const theme = useSyncExternalStore(watch, read);
  useLayoutEffect(() => {
    document.documentElement.dataset["theme"] = theme;
  }, [theme]);
  return theme;
}

function surroundingBody(): HTMLElement | null {
  try {
    return window.parent === window ? null : window.parent.document.body;
  } catch {
    // The page around is of another origin, so it is not TensorBoard's.
    return null;
  }
}

function read(): Theme {
  const body = surroundingBody();
  const dark = body ? body.classList.contains(DARK_CLASS) : matchMedia("(prefers-color-scheme: dark)").matches;
  return dark ? "dark" : "light";
}

function watch(changed: () => void): () => void {
  const body = surroundingBody();
  if (body) {
    const observer = new MutationObserver(changed);
    observer.observe(body, { attributes: true, attributeFilter: ["class"] });
    return () => observer.disconnect();
  }
  const scheme = matchMedia("(prefers-color-scheme: dark)");
  scheme.addEventListener("change", changed);
  return () => scheme.removeEventListener("change", changed);
}
