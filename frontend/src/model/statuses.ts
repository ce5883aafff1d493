/** What there is to say of the runs below one. */
import type { Run, StatusCount } from "../api/messages";

/** A state of runs by its word, as it stands in a sentence. */
const WORDS: Record<StatusCount["status"], string> = {
  Running: "running",
  Failed: "failed",
  NotResponding: "not responding",
  NotStarted: "not started",
  Queued: "queued",
  Preparing: "preparing",
  Canceled: "canceled",
  Completed: "completed",
};

/** Those that somebody who looks at the run above wants to know of, in the order in which they are shown. */
const TOLD = ["Running", "Failed", "NotResponding"] as const;

/** The states of runs below that are worth a sign beside the run's own. */
export function toldBelow({ descendants }: { descendants: readonly StatusCount[] }): readonly StatusCount[] {
  return TOLD.flatMap((status) => descendants.filter((count) => count.status === status));
}

/** All that is below in words: "Of 90 below: 3 running, 2 failed, 85 completed". Empty where nothing is. */
export function belowInWords({ descendants }: Pick<Run, "descendants">): string {
  return statusesInWords(descendants, "below");
}

/** Counts of states in words, of which `where` says whose they are. */
export function statusesInWords(descendants: readonly StatusCount[], where: string): string {
  if (descendants.length === 0) {
    return "";
  }
  const known = Object.keys(WORDS) as StatusCount["status"][];
  const inOrder = descendants.toSorted((a, b) => known.indexOf(a.status) - known.indexOf(b.status));
  const all = descendants.reduce((sum, { runs }) => sum + runs, 0);
  const parts = inOrder.map(({ status, runs }) => `${runs.toLocaleString("en")} ${wordOf(status)}`);
  return `Of ${all.toLocaleString("en")} ${where}: ${parts.join(", ")}`;
}

/** A server that is newer than the page may have states that it does not know. */
function wordOf(status: StatusCount["status"]): string {
  return Object.hasOwn(WORDS, status) ? WORDS[status] : "in another state";
}
