// @vitest-environment node
import { expect, test } from "vitest";
import { type ChartView, FIRST_VIEW, NO_ZOOM } from "../../model/chartView";
import { changeable, isZoomed, type View } from "./view";

const X = { min: 1, max: 2 };
const Y = { min: 3, max: 4 };

/** The view after changes, each of them of the view that the one before left. */
function after(...changes: ((view: View) => void)[]): ChartView {
  let view = FIRST_VIEW;
  for (const change of changes) {
    change(
      changeable(view, (next) => {
        view = next;
      }),
    );
  }
  return view;
}

test("a zoom along one axis leaves the other as it was", () => {
  const first = (view: View) => view.zoomTo({ x: X });
  expect(after(first).zoom).toEqual({ x: X, y: null });
  expect(after(first, (view) => view.zoomTo({ y: Y })).zoom).toEqual({ x: X, y: Y });
});

test("after a reset there is no zoom, as at first", () => {
  expect(isZoomed(after((view) => view.zoomTo({ x: X, y: Y })).zoom)).toBe(true);
  expect(isZoomed(after((view) => view.zoomTo({ y: Y })).zoom)).toBe(true);
  const reset = after(
    (view) => view.zoomTo({ x: X, y: Y }),
    (view) => view.zoomTo(NO_ZOOM),
  );
  expect(reset).toEqual(FIRST_VIEW);
  expect(isZoomed(reset.zoom)).toBe(false);
});

test("another axis takes its own zoom away and keeps that of the other", () => {
  const zoom = (view: View) => view.zoomTo({ x: X, y: Y });
  expect(after(zoom, (view) => view.setXAxis("wall"))).toEqual({
    xAxis: "wall",
    yScale: "linear",
    zoom: { x: null, y: Y },
  });
  expect(after(zoom, (view) => view.setYScale("log"))).toEqual({
    xAxis: "step",
    yScale: "log",
    zoom: { x: X, y: null },
  });
});
