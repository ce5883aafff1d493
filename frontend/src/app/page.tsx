/** The page: the tab with its store and what it knows of the server. */
import { QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { newQueryClient } from "../data/liveQuery";
import { followAddress, storeAtAddress } from "../state/followAddress";
import { StoreContext } from "../state/store";
import { ErrorBoundary } from "../ui/ErrorBoundary";
import { Shell } from "./Shell";

/** Puts the tab into the document that imports this module. To be called once. */
export function showPage(): void {
  document.documentElement.lang = "en";
  document.title = "Run History";
  const store = storeAtAddress();
  followAddress(store);
  const root = document.createElement("main");
  document.body.append(root);
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={newQueryClient()}>
        <StoreContext.Provider value={store}>
          <ErrorBoundary name="The Run History tab">
            <Shell />
          </ErrorBoundary>
        </StoreContext.Provider>
      </QueryClientProvider>
    </StrictMode>,
  );
}
