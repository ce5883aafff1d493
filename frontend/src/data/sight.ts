/** Whether anybody can see the page. */

/**
 * Whether the page is on screen: its window is, and TensorBoard has not hidden the tab's frame, which it does by giving
 * it no height while another dashboard is shown.
 */
function isInSight(): boolean {
  return document.visibilityState !== "hidden" && window.innerHeight > 0 && window.innerWidth > 0;
}

/** Tells now and at each change whether the page is in sight. Returns what ends it. */
export function watchSight(tell: (inSight: boolean) => void): () => void {
  const look = () => tell(isInSight());
  look();
  document.addEventListener("visibilitychange", look);
  window.addEventListener("resize", look);
  return () => {
    document.removeEventListener("visibilitychange", look);
    window.removeEventListener("resize", look);
  };
}
