import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";
import { areSingleValues, SingleValues } from "./SingleValues";
import { makeLines } from "./testing/lines";

afterEach(cleanup);

const linesOf = (...values: number[]) =>
  makeLines(values.map((value, i) => ({ runId: `r${i}`, steps: [0], values: [value] })));

function list(values: number[]) {
  const onHover = vi.fn();
  render(<SingleValues tag="test/accuracy" lines={linesOf(...values)} emphasized="r1" onHover={onHover} />);
  return { onHover, items: screen.getAllByRole("listitem") };
}

test("is for several runs of which each has logged one value, and no more than that", () => {
  expect(areSingleValues(linesOf(1, 2))).toBe(true);
  expect(areSingleValues(linesOf(1))).toBe(false);
  expect(
    areSingleValues(
      makeLines([
        { runId: "a", steps: [0, 1], values: [1, 2] },
        { runId: "b", steps: [0], values: [1] },
      ]),
    ),
  ).toBe(false);
  expect(areSingleValues(makeLines(["a", "b"].map((runId) => ({ runId, steps: [0], values: [1], total: 50 }))))).toBe(
    false,
  );
});

test("runs stand by their value from the highest down, NaN last", () => {
  const { items } = list([0.5, Number.NaN, 0.9, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]);
  expect(items.map((item) => item.textContent)).toEqual(["run r4∞", "run r20.9", "run r00.5", "run r3−∞", "run r1NaN"]);
  expect(screen.getByText(/5 runs has logged test\/accuracy once/)).toBeTruthy();
});

test("a dot shows where a value lies between the lowest and the highest, however far these are apart", () => {
  const { items } = list([-1e308, 1e308, 0]);
  const places = items.map((item) => item.querySelector<HTMLElement>(".chart-single-track span")?.style.left);
  expect(places).toEqual(["100%", "50%", "0%"]);
});

test("values that are all the same lie in the middle", () => {
  const { items } = list([3, 3]);
  expect(items[0]?.querySelector<HTMLElement>(".chart-single-track span")?.style.left).toBe("50%");
});

test("the run that is pointed at is told, and stands out", () => {
  const { items, onHover } = list([3, 2]);
  expect(items.map((item) => item.dataset["emphasized"])).toEqual(["false", "true"]);
  fireEvent.pointerEnter(items[0] as HTMLElement);
  expect(onHover).toHaveBeenLastCalledWith("r0");
  fireEvent.pointerLeave(items[0] as HTMLElement);
  expect(onHover).toHaveBeenLastCalledWith(null);
});
