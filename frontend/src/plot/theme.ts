/** The colours and the font that a canvas takes from the page's style sheets, read when it draws. */

/** CSS colours as a canvas takes them, and the font. */
export interface Theme {
  text: string;
  grid: string;
  background: string;
  /** A CSS font for labels. */
  font: string;
}

/** Reads the custom properties of plot.css, as they hold at `element` now. */
export function readTheme(element: Element): Theme {
  const style = getComputedStyle(element);
  const property = (name: string, fallback: string) => style.getPropertyValue(name).trim() || fallback;
  return {
    text: property("--plot-text", "#5f6368"),
    grid: property("--plot-grid", "rgba(128, 128, 128, 0.2)"),
    background: property("--plot-background", "#fff"),
    font: `11px ${style.fontFamily || "sans-serif"}`,
  };
}

/** Calls back when light may have become dark, or colours forced, or the reverse. Returns how to stop. */
export function watchTheme(changed: () => void): () => void {
  const queries = ["(prefers-color-scheme: dark)", "(forced-colors: active)"].map((query) => matchMedia(query));
  const observer = new MutationObserver(changed);
  for (const element of [document.documentElement, document.body]) {
    observer.observe(element, {
      attributes: true,
      attributeFilter: ["class", "style", "data-theme", "data-color-scheme"],
    });
  }
  for (const query of queries) {
    query.addEventListener("change", changed);
  }
  return () => {
    observer.disconnect();
    for (const query of queries) {
      query.removeEventListener("change", changed);
    }
  };
}
