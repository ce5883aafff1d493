/** The state of a run: a sign, in the one colour that means it, with its word for who does not see or know the sign. */
import {
  Ban,
  CircleCheck,
  CircleDashed,
  CircleHelp,
  CircleX,
  LoaderCircle,
  type LucideIcon,
  TriangleAlert,
} from "lucide-react";
import type { Run, StatusCount } from "../../api/messages";
import { percentOf } from "../../model/progress";
import { belowInWords, statusesInWords, toldBelow } from "../../model/statuses";

interface State {
  word: string;
  tone: string;
  icon: LucideIcon;
}

const STATES: Record<Run["status"], State> = {
  NotStarted: { word: "Not started", tone: "waiting", icon: CircleDashed },
  Queued: { word: "Queued", tone: "waiting", icon: CircleDashed },
  Preparing: { word: "Preparing", tone: "waiting", icon: CircleDashed },
  Running: { word: "Running", tone: "running", icon: LoaderCircle },
  NotResponding: { word: "Not responding", tone: "warning", icon: TriangleAlert },
  Completed: { word: "Completed", tone: "completed", icon: CircleCheck },
  Failed: { word: "Failed", tone: "failed", icon: CircleX },
  Canceled: { word: "Canceled", tone: "waiting", icon: Ban },
};

/** The state of a server that is newer than the page. */
const UNKNOWN: State = { word: "Unknown", tone: "waiting", icon: CircleHelp };

/** Why a run failed, how many of its points were lost, and all that is below it stand in the title. */
export function Status({ run, progress = null }: { run: Run; progress?: number | null }) {
  const { word, tone, icon: Icon } = stateOf(run.status);
  const lost = run.dropped === 0 ? "" : `${run.dropped} points were not kept: no room in the journal.`;
  const below = belowInWords(run);
  const told = toldBelow(run);
  const done = progress === null ? "" : `${percentOf(progress)} of its steps`;
  const title = [word, done, run.error, lost, below].filter((line) => line !== "").join("\n");
  return (
    <span className="status" data-tone={tone} title={title}>
      <Icon size={15} aria-hidden />
      <span className="hidden">{word}</span>
      {progress !== null && (
        <>
          <span className="hidden">, {done}</span>
          <span className="status-progress" aria-hidden>
            <span style={{ width: `${progress * 100}%` }} />
          </span>
        </>
      )}
      {lost !== "" && <TriangleAlert size={11} className="status-lost" aria-label={lost} />}
      {told.length > 0 && <span className="hidden">. {below}</span>}
      {told.map((count) => (
        <Below key={count.status} {...count} />
      ))}
    </span>
  );
}

/** What there is to know of the states of a group's runs; a sign for all where that is nothing in particular. */
export function GroupStatus({ statuses }: { statuses: readonly StatusCount[] }) {
  const told = toldBelow({ descendants: statuses });
  const words = statusesInWords(statuses, "in the group");
  const [only] = statuses;
  const { tone, icon: Icon } = stateOf(only?.status ?? "Completed");
  return (
    <span className="status" data-tone={told.length === 0 ? tone : undefined} title={words}>
      <span className="hidden">{words}</span>
      {told.length === 0 && statuses.length === 1 && <Icon size={15} aria-hidden />}
      {told.map((count) => (
        <Below key={count.status} {...count} />
      ))}
    </span>
  );
}

function Below({ status, runs }: StatusCount) {
  const { tone, icon: Icon } = stateOf(status);
  return (
    <span className="status status-below" data-tone={tone} aria-hidden>
      <Icon size={11} />
      {runs < 1000 ? runs : `${Math.floor(runs / 1000)}k`}
    </span>
  );
}

function stateOf(status: StatusCount["status"]): State {
  return Object.hasOwn(STATES, status) ? STATES[status] : UNKNOWN;
}
