/** A page's store around a part of it, for tests. */
import { QueryClientProvider } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { newQueryClient } from "../data/liveQuery";
import { type PageState, pageOf } from "../state/page";
import { Store, StoreContext } from "../state/store";

/** A store in a state, and what puts it and a query cache around what is rendered. */
export function newPage(state: Partial<PageState> = {}) {
  const store = new Store({ ...pageOf(state.experiment ?? ""), ...state });
  const client = newQueryClient();
  const wrapper = ({ children }: { children: ReactNode }) => (
    <QueryClientProvider client={client}>
      <StoreContext.Provider value={store}>{children}</StoreContext.Provider>
    </QueryClientProvider>
  );
  return { store, client, wrapper };
}
