import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, describe, expect, test } from "vitest";
import { ClippedText } from "./ClippedText";

afterEach(cleanup);

describe("a name on one line", () => {
  function clipped(text: string) {
    const { container } = render(<ClippedText text={text} />);
    const part = (name: string) => container.querySelector(name)?.textContent ?? "";
    return { whole: container.textContent, tail: part(".clipped-tail") };
  }

  test.each(["", "loss", "x".repeat(20), "experiment-with-a-long-name-fold-0", "日".repeat(40), "👩‍👩‍👧".repeat(10)])(
    "loses no character: %s",
    (text) => expect(clipped(text).whole).toBe(text),
  );

  test("keeps its end in sight when it is long, by which a family's names differ", () => {
    expect(clipped("train/very/long/name/of/a/metric/fold-07").tail).toBe("ic/fold-07");
    expect(clipped("short").tail).toBe("");
  });

  test("is never cut inside a sign of two parts", () => {
    expect([...clipped(`${"a".repeat(20)}${"🙂".repeat(10)}`).tail]).toHaveLength(10);
  });

  test("has the whole in its title, or what is given instead", () => {
    render(<ClippedText text="a metric with a rather long name" />);
    expect(screen.getByTitle("a metric with a rather long name")).toBeTruthy();
    render(<ClippedText text="loss" title="Last value of metric loss" />);
    expect(screen.getByTitle("Last value of metric loss")).toBeTruthy();
  });
});
