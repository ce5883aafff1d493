import { cleanup, fireEvent, render, screen, within } from "@testing-library/react";
import { afterEach, describe, expect, test, vi } from "vitest";
import { Banner, EmptyExperiment, NoRuns, Trouble } from "./notices";

afterEach(cleanup);

describe("notices", () => {
  test("an empty store shows code that fits its own location, with quotes escaped", () => {
    render(<NoRuns location={'sqlite:///C:\\my "runs".db'} />);
    expect(screen.getByText(/Workspace\("sqlite:\/\/\/C:\\\\my \\"runs\\".db"\)/)).toBeTruthy();
  });

  test("an empty experiment is named", () => {
    render(<EmptyExperiment experiment="mnist <1>" />);
    expect(screen.getByText("The experiment mnist <1> has no run.")).toBeTruthy();
    render(<EmptyExperiment experiment="" />);
    expect(screen.getByText("No experiment has a run yet.")).toBeTruthy();
  });

  test("trouble is read out at once, and offers what can be done", () => {
    const [onRetry, onAll] = [vi.fn(), vi.fn()];
    render(<Trouble problem="The store is gone." onRetry={onRetry} onAll={onAll} />);
    const alert = within(screen.getByRole("alert"));
    fireEvent.click(alert.getByRole("button", { name: "Try again" }));
    fireEvent.click(alert.getByRole("button", { name: "Show all experiments" }));
    expect([onRetry.mock.calls.length, onAll.mock.calls.length]).toEqual([1, 1]);
    cleanup();
    render(<Trouble problem="The store is gone." onRetry={onRetry} />);
    expect(screen.getAllByRole("button")).toHaveLength(1);
  });

  test("a banner says why, and that what is shown may be old", () => {
    render(<Banner problem="TensorBoard does not answer." />);
    expect(screen.getByRole("alert").textContent).toBe(
      "TensorBoard does not answer. What is shown is the last that was read.",
    );
  });
});
