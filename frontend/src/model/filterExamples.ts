/** Filters to begin with, about what the runs at hand have. */
import type { Column } from "../api/messages";
import { kindOf, nameOf } from "./columns";
import { nameInFilter } from "./filters";

/** A filter, and what it asks for in words. */
export interface Example {
  filter: string;
  meaning: string;
}

/** Six filters, which name a metric and a parameter of the store where it has any. */
export function filterExamples(columns: readonly Column[]): readonly Example[] {
  const metric = firstName(columns, "metric") ?? "loss";
  const parameter = firstName(columns, "parameter") ?? "lr";
  return [
    { filter: "status = 'Failed'", meaning: "runs that failed" },
    { filter: `metrics.${metric}.min < 0.5`, meaning: "by a metric: its last value, or min, max, mean, first" },
    {
      filter: `inherited.params.${parameter} IS NOT NULL`,
      meaning: "by a parameter, the run's own or one set above it",
    },
    { filter: "any(children.status = 'Failed')", meaning: "by the runs below: any, all or count of them" },
    { filter: `mean(leaves.metrics.${metric}) < 0.5`, meaning: "by a statistic over the runs below" },
    { filter: "duration > '1h' or name ~ '^fold-[0-4]'", meaning: "by time and name; ~ is a regular expression" },
  ];
}

function firstName(columns: readonly Column[], kind: string): string | null {
  for (const { column } of columns) {
    const name = kindOf(column) === kind ? nameInFilter(nameOf(column)) : null;
    if (name !== null) {
      return name;
    }
  }
  return null;
}
