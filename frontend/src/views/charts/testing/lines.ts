/** Lines made by hand, for tests. */
import { makeSeries, type SeriesInput } from "../../../data/points/testing/answers";
import type { XAxis, YScale } from "../../../model/chartView";
import { type Line, originsOf, toLines } from "../lines";

/** One line for each input, named after its run. */
export function makeLines(inputs: readonly SeriesInput[], xAxis: XAxis = "step", yScale: YScale = "linear"): Line[] {
  const series = inputs.map(makeSeries);
  const runs = inputs.map(({ runId }) => ({ runId, name: `run ${runId}`, color: "#1f77b4" }));
  return toLines(series, runs, originsOf(series), xAxis, yScale);
}

/** A line of the values, at steps 0, 1, 2 and so on. */
export function makeLine(values: readonly number[], runId = "a", yScale: YScale = "linear"): Line {
  const steps = values.map((_, i) => i);
  return makeLines([{ runId, steps, values }], "step", yScale)[0] as Line;
}
