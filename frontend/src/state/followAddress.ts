/** Keeps the page and the address in step, both ways: links, the back button and what somebody types all work. */
import { addressWindow, isElsewhere, readFragment, writeFragment } from "./address";
import { isStep, pageAt } from "./page";
import { Store } from "./store";
import { addressOf, pageFollowing } from "./view";

/** How long changes are gathered before they are written, in milliseconds: browsers refuse to be told too often. */
const WRITE_AFTER = 50;

/** A store that begins as the address says. */
export function storeAtAddress(): Store {
  return new Store(pageAt(readFragment(addressWindow().location.hash)));
}

/** Writes each change of the store into the address, and takes up each change of the address. Returns what ends it. */
export function followAddress(store: Store): () => void {
  const around = addressWindow();
  let known = ownPart(around.location.hash);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const read = () => {
    const { hash } = around.location;
    if (isElsewhere(hash) || ownPart(hash) === known) {
      return;
    }
    known = ownPart(hash);
    // What the page itself is about to write goes lost: whoever went to another address wants that one.
    clearTimeout(timer);
    timer = undefined;
    store.change((page) => pageFollowing(readFragment(hash), page));
  };
  const write = () => {
    timer = undefined;
    const { hash } = around.location;
    if (ownPart(hash) !== known) {
      // The address has changed, and nobody has told yet.
      read();
      return;
    }
    const parameters = addressOf(store.get());
    const next = writeFragment(hash, parameters);
    if (next !== hash && !isElsewhere(hash)) {
      const step = isStep(readFragment(hash), parameters);
      around.history[step ? "pushState" : "replaceState"](around.history.state, "", next);
      known = ownPart(next);
    }
  };
  const end = store.subscribe(() => {
    timer ??= setTimeout(write, WRITE_AFTER);
  });
  around.addEventListener("hashchange", read);
  around.addEventListener("popstate", read);
  return () => {
    end();
    clearTimeout(timer);
    around.removeEventListener("hashchange", read);
    around.removeEventListener("popstate", read);
  };
}

/** What a fragment says for this tab, as a text to compare. */
function ownPart(hash: string): string {
  return String(readFragment(hash));
}
