/** A chart whose view is held beside it, as the page holds it, for tests. */
import { useState } from "react";
import { FIRST_VIEW } from "../../../model/chartView";
import { MetricChart, type MetricChartProps } from "../MetricChart";

/** What a test says of a chart. */
export type HeldChartProps = Omit<MetricChartProps, "view" | "onView">;

export function HeldChart(props: HeldChartProps) {
  const [view, setView] = useState(FIRST_VIEW);
  return <MetricChart {...props} view={view} onView={setView} />;
}
