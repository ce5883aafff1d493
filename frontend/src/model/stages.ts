/** What is shown of runs that are put away: archived, or deleted and not removed yet. */
import type { Stages } from "../api/client";

/** What can be shown, with the words for it. */
export const STAGES: readonly { id: Stages; name: string }[] = [
  { id: "active", name: "Active runs" },
  { id: "archived", name: "With archived runs" },
  { id: "all", name: "With deleted runs, too" },
];

/** What the page begins with. */
export const FIRST_STAGES: Stages = "active";
