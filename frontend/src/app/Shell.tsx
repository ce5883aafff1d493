/** The tab: a toolbar, the table of runs, and the chart of one metric over those that are selected. */
import { useEffect } from "react";
import type { Overview } from "../api/messages";
import { useOverview } from "../data/useOverview";
import { type StoreState, useVersion } from "../data/useVersion";
import { pageOf } from "../state/page";
import { useChange, usePage } from "../state/store";
import { begunWith } from "../state/view";
import type { Theme } from "../theme/palette";
import { useTheme } from "../theme/useTheme";
import { ErrorBoundary } from "../ui/ErrorBoundary";
import { Banner, EmptyExperiment, NoRuns, Trouble } from "../ui/notices";
import { RunsView } from "../views/runs/RunsView";
import { useListing } from "../views/runs/useListing";
import { ChartsPanel } from "./ChartsPanel";
import { Split } from "./Split";
import { Toolbar } from "./Toolbar";
import "../theme/theme.css";
import "../ui/ui.css";
import "./app.css";

/** All of the tab. Once an overview has arrived it stays, with a banner over it while the server does not answer. */
export function Shell() {
  const theme = useTheme();
  const store = useVersion();
  const change = useChange();
  const experiment = usePage((page) => page.experiment);
  const answer = useOverview(experiment);
  const hasBegun = useBeginning(answer.content, experiment);
  const problem = store.problem ?? answer.problem;
  const retry = () => {
    store.retry();
    answer.retry();
  };
  return (
    <>
      <h1 className="hidden">Run History</h1>
      {answer.content !== undefined && hasBegun ? (
        <Runs key={experiment} overview={answer.content} experiment={experiment} theme={theme} store={store} />
      ) : problem !== null ? (
        <Trouble
          problem={problem}
          onRetry={retry}
          onAll={experiment === "" ? undefined : () => change(() => pageOf(""))}
        />
      ) : (
        <div className="toolbar" aria-busy="true" />
      )}
      {answer.content !== undefined && problem !== null && <Banner problem={problem} />}
    </>
  );
}

/** Whether the page shows the experiment as it is to begin: in the experiment's own view, if it has one. */
function useBeginning(overview: Overview | undefined, experiment: string): boolean {
  const change = useChange();
  const isBegun = usePage((page) => page.base.view !== null);
  const experiments = overview?.experiments ?? [];
  const only = experiments.length === 1 ? experiments[0] : experiments.find(({ name }) => name === experiment);
  const view = overview === undefined ? null : (only?.view ?? "");
  useEffect(() => {
    if (view !== null && !isBegun) {
      change((page) => begunWith(page, view));
    }
  }, [change, view, isBegun]);
  return isBegun || view === "";
}

interface RunsProps {
  overview: Overview;
  experiment: string;
  theme: Theme;
  store: StoreState;
}

/** What there is of one experiment. */
function Runs({ overview, experiment, theme, store }: RunsProps) {
  const table = useListing(overview);
  return (
    <>
      <Toolbar overview={overview} shown={table.shown} connection={store.connection} />
      {overview.runs > 0 ? (
        <Split
          first={
            <ErrorBoundary name="The table of runs">
              <RunsView overview={overview} table={table} theme={theme} />
            </ErrorBoundary>
          }
          second={
            <ErrorBoundary name="The chart">
              <ChartsPanel overview={overview} theme={theme} />
            </ErrorBoundary>
          }
        />
      ) : overview.experiments.length === 0 ? (
        <NoRuns location={overview.location} />
      ) : (
        <EmptyExperiment experiment={experiment} />
      )}
    </>
  );
}
