/** The colours and the font that the canvas takes from the page's style sheets, read when it draws. */

/** CSS colours as a canvas takes them, and the font. */
export interface Theme {
  text: string;
  grid: string;
  background: string;
  /** A CSS font for tick labels. */
  font: string;
}

/** Reads the custom properties that chart.css sets, as they hold at `element` now. */
export function readTheme(element: Element): Theme {
  const style = getComputedStyle(element);
  const property = (name: string, fallback: string) => style.getPropertyValue(name).trim() || fallback;
  return {
    text: property("--chart-text", "#5f6368"),
    grid: property("--chart-grid", "rgba(128, 128, 128, 0.2)"),
    background: property("--chart-background", "#fff"),
    font: `11px ${style.fontFamily || "sans-serif"}`,
  };
}

/** Calls back when light may have become dark or the reverse. Returns how to stop. */
export function watchTheme(changed: () => void): () => void {
  const scheme = matchMedia("(prefers-color-scheme: dark)");
  const observer = new MutationObserver(changed);
  for (const element of [document.documentElement, document.body]) {
    observer.observe(element, {
      attributes: true,
      attributeFilter: ["class", "style", "data-theme", "data-color-scheme"],
    });
  }
  scheme.addEventListener("change", changed);
  return () => {
    observer.disconnect();
    scheme.removeEventListener("change", changed);
  };
}
