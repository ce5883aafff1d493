/** What the page chooses by itself when nobody has: the metric that most runs have, and the first runs with it. */
import { useEffect } from "react";
import type { Column } from "../api/messages";
import { selectionOf } from "../state/selection";
import type { ChangeView } from "../state/useView";
import type { View } from "../state/view";
import { cellOf } from "../tree/format";
import type { Row, RunRow } from "../tree/rows";

/** As many lines as can still be told apart at a glance. */
const FIRST_RUNS = 5;
/** How far down to look for runs that have the metric. */
const DEEPEST = 4;

/** Chooses a metric once there is one and, until anybody has selected or cleared, runs that have it. */
export function useFirstChoice(view: View, change: ChangeView, columns: readonly Column[], rows: readonly Row[]): void {
  const { metric, selected } = view;
  useEffect(() => {
    const first = columns.find(({ column }) => column.startsWith("metric:"));
    if (metric === "" && first !== undefined) {
      change(() => ({ metric: first.column.slice("metric:".length) }));
    }
  }, [metric, columns, change]);
  useEffect(() => {
    if (selected !== null || metric === "") {
      return;
    }
    const choice = firstChoice(rows, metric);
    if (choice.kind === "select") {
      change(() => ({ selected: selectionOf(choice.runIds) }));
    } else if (choice.kind === "expand") {
      change(({ expanded }) => ({ expanded: new Set([...expanded, choice.runId]) }));
    }
  }, [selected, metric, rows, change]);
}

/** What to do next to have lines in the chart: select, look below a parent, or wait for pages. */
export type FirstChoice = { kind: "select"; runIds: string[] } | { kind: "expand"; runId: string } | { kind: "wait" };

/** The first runs with the metric; where none is in sight, the parent to look below. */
export function firstChoice(rows: readonly Row[], metric: string): FirstChoice {
  const runs = rows.filter((row): row is RunRow => row.kind === "run");
  if (runs.length === 0) {
    return { kind: "wait" };
  }
  const having = runs.filter(({ run, page }) => cellOf(run, page.columns, `metric:${metric}`) !== null);
  // A sweep often logs the metric of its best trial: its trials say more than that one point.
  const level = having.some((row) => row.run.children === 0) ? having.filter((row) => row.run.children === 0) : having;
  if (level.length > 0) {
    return { kind: "select", runIds: level.slice(0, FIRST_RUNS).map(({ run }) => run.run_id) };
  }
  const opened = runs.filter((row) => row.expanded).at(-1);
  if (opened !== undefined && rows.some((row) => row.kind === "pending" && row.parent === opened.run.run_id)) {
    return { kind: "wait" };
  }
  const parent = runs.find(
    (row) => row.run.children > 0 && row.level === (opened?.level ?? 0) + 1 && row.level < DEEPEST,
  );
  return parent === undefined ? { kind: "wait" } : { kind: "expand", runId: parent.run.run_id };
}
