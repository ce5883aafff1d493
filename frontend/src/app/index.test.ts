import { afterEach, expect, test, vi } from "vitest";
import { render } from "./index";

afterEach(() => {
  document.body.replaceChildren();
  vi.resetModules();
});

test("a page that cannot be had leaves a sentence, and no blank tab", async () => {
  vi.doMock("./page", () => {
    throw new TypeError("Failed to fetch dynamically imported module: page.js");
  });
  await render();
  expect(document.querySelector("[role=alert]")?.textContent).toContain("reload the page");
});
