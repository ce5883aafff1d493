/** The tab: a toolbar, the tree of runs, and the chart of one metric over those that are selected. */
import { useMemo, useState } from "react";
import type { Overview } from "../api/messages";
import { useOverview, useVersion } from "../api/useLive";
import { useView } from "../state/useView";
import { useTheme } from "../theme/useTheme";
import { Banner, Trouble } from "./notices";
import { Runs } from "./Runs";
import "../theme/theme.css";
import "./page.css";

/** All of the tab. Once an overview has arrived it stays, with a banner above it while the server does not answer. */
export function Page() {
  const theme = useTheme();
  const [view, change] = useView();
  const live = useVersion();
  const { data, error, refetch } = useOverview(view.experiment, live.version);
  const overview = useSettled(data);
  const problem = live.problem ?? error?.message ?? null;
  return (
    <>
      <h1 className="chart-hidden">Run History</h1>
      {live.problem !== null && overview !== undefined && <Banner problem={live.problem} />}
      {overview !== undefined ? (
        <Runs overview={overview} view={view} change={change} theme={theme} live={live} />
      ) : problem !== null ? (
        <Trouble
          problem={problem}
          onRetry={() => {
            live.retry();
            void refetch();
          }}
          onAll={view.experiment === "" ? undefined : () => change(() => ({ experiment: "" }))}
        />
      ) : (
        <div className="toolbar" aria-busy="true" />
      )}
    </>
  );
}

/** The last overview there was, whatever happened since. The same columns stay the same object. */
function useSettled(data: Overview | undefined): Overview | undefined {
  const [last, setLast] = useState(data);
  if (data !== undefined && data !== last) {
    setLast(data);
  }
  const overview = data ?? last;
  const columns = JSON.stringify(overview?.columns);
  // biome-ignore lint/correctness/useExhaustiveDependencies: equal columns are the same columns.
  return useMemo(() => overview, [overview, columns]);
}
