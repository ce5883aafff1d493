/** What the x axes of a chart count. */
import type { XAxis } from "../../model/chartView";
import type { ScaleKind } from "../../plot/interval";

/** What each x axis counts, and what is written beside it. */
export const X_AXES: Record<XAxis, { kind: ScaleKind; title: string }> = {
  step: { kind: "step", title: "Step" },
  wall: { kind: "time", title: "Local time" },
  relative: { kind: "duration", title: "Time since the run's first point" },
};
