/**
 * Where the view stands in the browser's address.
 *
 * The tab is a frame inside TensorBoard's page, whose fragment reads "#runhistory&p.runhistory.sort=name": first the
 * tab's name, then what belongs to it, each key with TensorBoard's own prefix for this plugin's data. TensorBoard
 * keeps such keys when it changes the fragment. Without a page around it, the frame's own fragment is used.
 */
const PLUGIN = "runhistory";
const PREFIX = `p.${PLUGIN}.`;

/** The window whose address a person sees and copies. */
export function addressWindow(): Window {
  try {
    void window.parent.location.hash;
    return window.parent;
  } catch {
    // The page around is of another origin.
    return window;
  }
}

/** What the fragment says for this tab. */
export function readFragment(hash: string): URLSearchParams {
  const own = new URLSearchParams();
  for (const part of partsOf(hash)) {
    if (part.startsWith(PREFIX)) {
      const [key = "", value = ""] = part.slice(PREFIX.length).split("=", 2);
      own.set(key, decoded(value));
    }
  }
  return own;
}

/** The fragment with this tab's parameters in place of those it had; all others stay. */
export function writeFragment(hash: string, parameters: URLSearchParams): string {
  const others = partsOf(hash).filter((part) => !part.startsWith(PREFIX));
  const own = [...parameters].map(([key, value]) => `${PREFIX}${key}=${encoded(value)}`);
  const [tab = PLUGIN, ...rest] = others;
  return `#${[tab, ...rest, ...own].join("&")}`;
}

/** Whether the fragment names another tab: TensorBoard keeps this one's frame, hidden, while that is shown. */
export function isElsewhere(hash: string): boolean {
  const [tab = PLUGIN] = partsOf(hash);
  return tab !== PLUGIN && !tab.startsWith(PREFIX);
}

/** Commas may stand in a fragment as they are, where they keep a list of runs short. */
function encoded(value: string): string {
  return encodeURIComponent(value).replaceAll("%2C", ",");
}

function partsOf(hash: string): string[] {
  return hash
    .replace(/^#/, "")
    .split("&")
    .filter((part) => part !== "");
}

/** What a percent-encoded text says; one that is damaged as it stands. */
export function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
