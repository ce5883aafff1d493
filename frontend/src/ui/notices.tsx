/** What stands in place of runs where there are none, and above them where something is wrong. */
import { TriangleAlert } from "lucide-react";

function example(location: string): string {
  return `from tb_runhistory import Experiment, Workspace

with Experiment(Workspace(${JSON.stringify(location)}), "first").start_logging() as run:
    for step in range(100):
        run.log("loss", 1 / (step + 1), step=step)`;
}

/** A store without any run: how to record one. */
export function NoRuns({ location }: { location: string }) {
  return (
    <div className="notice">
      <h2>No runs yet</h2>
      <p>Runs appear here as soon as they are recorded. For example:</p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what may scroll must be reachable by keyboard. */}
      <pre tabIndex={0}>{example(location)}</pre>
    </div>
  );
}

/** An experiment without runs, in a store that has some; an empty name stands for all experiments. */
export function EmptyExperiment({ experiment }: { experiment: string }) {
  return (
    <div className="notice">
      <h2>No runs</h2>
      <p>{experiment === "" ? "No experiment has a run yet." : `The experiment ${experiment} has no run.`}</p>
    </div>
  );
}

interface TroubleProps {
  problem: string;
  onRetry: () => void;
  /** Goes where there is something to show. */
  onAll?: (() => void) | undefined;
}

/** Why nothing can be shown. */
export function Trouble({ problem, onRetry, onAll }: TroubleProps) {
  return (
    <div className="notice" role="alert">
      <TriangleAlert size={20} aria-hidden className="notice-icon" />
      <p>{problem}</p>
      <button type="button" className="button" onClick={onRetry}>
        Try again
      </button>
      {onAll && (
        <button type="button" className="button" onClick={onAll}>
          Show all experiments
        </button>
      )}
    </div>
  );
}

/** Why what is shown may be old. */
export function Banner({ problem }: { problem: string }) {
  return (
    <p className="banner" role="alert">
      <TriangleAlert size={16} aria-hidden />
      <span>{problem} What is shown is the last that was read.</span>
    </p>
  );
}
