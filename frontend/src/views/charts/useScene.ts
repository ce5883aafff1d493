/** From lines and a view of them to what is drawn and said of it. */
import { useMemo } from "react";
import type { ChartView } from "../../model/chartView";
import type { Interval } from "../../model/interval";
import { xExtent, yExtent } from "./bounds";
import { countMisfits, type Misfits } from "./lines";
import type { Scene } from "./scene";
import type { ChartLines } from "./useChartLines";

/** A scene with its surroundings. */
export interface ShownScene {
  scene: Scene;
  /** The whole x axis, zoomed or not. */
  whole: Interval;
  misfits: Misfits;
}

/** Axes that show nothing need an interval all the same. */
const NOTHING: Record<Scene["yScale"], Interval> = { linear: { min: 0, max: 1 }, log: { min: 0.1, max: 1 } };

/** The same objects while lines and view are the same: what is drawn depends on them. */
export function useScene(tag: string, shown: ChartLines, { xAxis, yScale, zoom }: ChartView): ShownScene {
  const { lines } = shown;
  const whole = useMemo(() => xExtent(shown.whole, xAxis), [shown.whole, xAxis]);
  const x = zoom.x ?? whole;
  const scene = useMemo(() => {
    const y = zoom.y ?? yExtent(lines, x, yScale) ?? NOTHING[yScale];
    return { tag, lines, x, y, xAxis, yScale, isWhole: x === whole };
  }, [tag, lines, x, whole, zoom.y, xAxis, yScale]);
  const misfits = useMemo(() => countMisfits(lines, x), [lines, x]);
  return { scene, whole, misfits };
}
