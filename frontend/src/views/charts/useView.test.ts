import { act, cleanup, renderHook } from "@testing-library/react";
import { afterEach, expect, test } from "vitest";
import { NO_ZOOM } from "./axis";
import { useView } from "./useView";

afterEach(cleanup);

const X = { min: 1, max: 2 };
const Y = { min: 3, max: 4 };

function viewOf(tag = "loss") {
  return renderHook((props: { tag: string }) => useView(props.tag), { initialProps: { tag } });
}

test("a chart begins with steps, linear, and everything in sight", () => {
  expect(viewOf().result.current).toMatchObject({ xAxis: "step", yScale: "linear", zoom: NO_ZOOM });
});

test("a zoom along one axis leaves the other as it was", () => {
  const { result } = viewOf();
  act(() => result.current.zoomTo(X, null));
  expect(result.current.zoom).toEqual({ x: X, y: null });
  act(() => result.current.zoomTo(null, Y));
  expect(result.current.zoom).toEqual({ x: X, y: Y });
});

test("after a reset there is no zoom, as at first", () => {
  const { result } = viewOf();
  act(() => result.current.zoomTo(X, Y));
  act(() => result.current.reset());
  expect(result.current.zoom).toBe(NO_ZOOM);
});

test("another axis takes its own zoom away and keeps that of the other", () => {
  const { result } = viewOf();
  act(() => result.current.zoomTo(X, Y));
  act(() => result.current.setXAxis("wall"));
  expect(result.current.zoom).toEqual({ x: null, y: Y });
  act(() => result.current.setYScale("log"));
  expect(result.current.zoom).toBe(NO_ZOOM);
  expect(result.current).toMatchObject({ xAxis: "wall", yScale: "log" });
});

test("axes stay for another metric, a zoom does not", () => {
  const { result, rerender } = viewOf();
  act(() => result.current.setYScale("log"));
  act(() => result.current.zoomTo(X, Y));
  rerender({ tag: "accuracy" });
  expect(result.current).toMatchObject({ yScale: "log", zoom: NO_ZOOM });
  act(() => result.current.zoomTo(X, null));
  expect(result.current.zoom).toEqual({ x: X, y: null });
});
