/** The one store of what views share. A component reads of it what a selector says, and is drawn again when that changes. */
import { createContext, useContext, useSyncExternalStore } from "react";
import { type PageState, pageAt } from "./page";

/** Changes what the given function returns, from the state as it is by then; all else stays. */
export type Change = (change: (state: PageState) => Partial<PageState>) => void;

/** Holds a state, and tells whoever asked when it has become another. */
export class Store {
  private readonly listeners = new Set<() => void>();

  constructor(private state: PageState) {}

  readonly get = (): PageState => this.state;

  readonly change: Change = (change) => {
    const changed = change(this.state);
    const names = Object.keys(changed) as (keyof PageState)[];
    if (names.some((name) => changed[name] !== this.state[name])) {
      this.state = { ...this.state, ...changed };
      for (const listener of [...this.listeners]) {
        listener();
      }
    }
  };

  /** Calls back after each change. Returns what ends it. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };
}

/** The page's store, for what is below. */
export const StoreContext = createContext(new Store(pageAt(new URLSearchParams())));

/** A part of the state. The selector must give the same object while the part is the same. */
export function usePage<Part>(selector: (state: PageState) => Part): Part {
  const store = useContext(StoreContext);
  return useSyncExternalStore(store.subscribe, () => selector(store.get()));
}

/** The only way to change the state, always the same function. */
export function useChange(): Change {
  return useContext(StoreContext).change;
}
