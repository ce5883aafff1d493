/** What TensorBoard loads: it imports this module inside the tab's frame and calls `render`. */
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Page } from "./page/Page";

/** Puts the tab into the document that imports this module. To be called once. */
export function render(): void {
  document.documentElement.lang = "en";
  document.title = "Run History";
  const queries = new QueryClient({ defaultOptions: { queries: { retry: false, refetchOnWindowFocus: false } } });
  const root = document.createElement("main");
  document.body.append(root);
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={queries}>
        <Page />
      </QueryClientProvider>
    </StrictMode>,
  );
}
