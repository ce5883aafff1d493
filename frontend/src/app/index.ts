/**
 * What TensorBoard loads: it imports this module inside the tab's frame and calls `render`. The page is a module of its
 * own, so that where it cannot be had the frame is not blank.
 */
const SENTENCE =
  "The Run History tab could not be loaded: TensorBoard may have ended, or been updated while this page was open. Start it, then reload the page.";

/** Puts the tab into the document that imports this module. To be called once. */
export function render(): Promise<void> {
  return import("./page").then(
    ({ showPage }) => showPage(),
    () => {
      const told = document.createElement("p");
      told.setAttribute("role", "alert");
      told.style.cssText = "max-width: 40em; margin: 3em auto; padding: 0 1em; font: 15px/1.5 sans-serif";
      told.textContent = SENTENCE;
      document.body.append(told);
    },
  );
}
