/** How far runs are that say how many steps they are going to log. */
import type { Run } from "../api/messages";
import { cellOf, numberOf } from "./cells";

const OWN = "progress";
const BELOW = "mean(leaves.progress)";

/** What is asked for of each run, where runs say it: how far it is itself, and what is below it. */
export const PROGRESS_COLUMNS: readonly string[] = [OWN, BELOW];

/** From 0 to 1, of what is below a run where anything is; null where it is not known, and of what is over. */
export function progressOf(run: Run, columns: readonly string[]): number | null {
  const isGoing = [run, ...run.descendants].some(({ status }) => status === "Running");
  return isGoing ? (numberOf(cellOf(run, columns, BELOW)) ?? numberOf(cellOf(run, columns, OWN))) : null;
}

/** As a person reads it. */
export function percentOf(progress: number): string {
  return `${Math.floor(progress * 100)} %`;
}
