/** The state of a run: an icon and a word, in the one colour that means it. */
import { Ban, CircleCheck, CircleDashed, CircleX, LoaderCircle, type LucideIcon, TriangleAlert } from "lucide-react";
import type { Run } from "../api/messages";

const STATES: Record<Run["status"], { word: string; tone: string; icon: LucideIcon }> = {
  NotStarted: { word: "Not started", tone: "waiting", icon: CircleDashed },
  Queued: { word: "Queued", tone: "waiting", icon: CircleDashed },
  Preparing: { word: "Preparing", tone: "waiting", icon: CircleDashed },
  Running: { word: "Running", tone: "running", icon: LoaderCircle },
  NotResponding: { word: "Not responding", tone: "warning", icon: TriangleAlert },
  Completed: { word: "Completed", tone: "completed", icon: CircleCheck },
  Failed: { word: "Failed", tone: "failed", icon: CircleX },
  Canceled: { word: "Canceled", tone: "waiting", icon: Ban },
};

/** Why a run failed, and how many of its points were lost, stand in the title. */
export function Status({ run }: { run: Run }) {
  const { word, tone, icon: Icon } = STATES[run.status];
  const lost = run.dropped === 0 ? "" : `${run.dropped} points were not kept: no room in the journal.`;
  return (
    <span
      className="status"
      data-tone={tone}
      title={[run.error, lost].filter((line) => line !== "").join("\n") || word}
    >
      <Icon size={14} aria-hidden />
      {word}
      {lost !== "" && <TriangleAlert size={13} className="status-lost" aria-label={lost} />}
    </span>
  );
}
