import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { lazy, Suspense } from "react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ErrorBoundary } from "./ErrorBoundary";

beforeEach(() => {
  // React writes what a boundary catches to the console.
  vi.spyOn(console, "error").mockImplementation(() => undefined);
});

afterEach(cleanup);

let isBroken = true;

function Part() {
  if (isBroken) {
    throw new Error("no such colour");
  }
  return <p>part</p>;
}

const page = (content: string) => (
  <>
    <ErrorBoundary name="The chart of loss" content={content}>
      <Part />
    </ErrorBoundary>
    <p>the rest</p>
  </>
);

test("a part that breaks says so in its place, and the rest lives", () => {
  isBroken = true;
  render(page("loss"));
  expect(screen.getByRole("alert").textContent).toContain(
    "The chart of loss cannot be shown: it has met an error of its own (no such colour).",
  );
  expect(screen.getByText("the rest")).toBeTruthy();
});

test("it is tried again on demand, and when it is to show something else", () => {
  isBroken = true;
  const { rerender } = render(page("loss"));
  fireEvent.click(screen.getByRole("button", { name: "Try again" }));
  expect(screen.getByRole("alert")).toBeTruthy();
  isBroken = false;
  fireEvent.click(screen.getByRole("button", { name: "Try again" }));
  expect(screen.getByText("part")).toBeTruthy();
  isBroken = true;
  rerender(page("loss"));
  expect(screen.getByRole("alert")).toBeTruthy();
  isBroken = false;
  rerender(page("accuracy"));
  expect(screen.getByText("part")).toBeTruthy();
});

test("a part that cannot be loaded says what to do", async () => {
  const Missing = lazy(() => Promise.reject(new TypeError("Failed to fetch dynamically imported module: x.js")));
  render(
    <ErrorBoundary name="The plot">
      <Suspense fallback={null}>
        <Missing />
      </Suspense>
    </ErrorBoundary>,
  );
  expect((await screen.findByRole("alert")).textContent).toContain("Reload the page");
});
