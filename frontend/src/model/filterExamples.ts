/** Filters to begin with, about what the runs at hand have. */
import type { Column } from "../api/messages";
import { columnOf } from "./columns";
import { columnText, metricNamed, ownText } from "./columnText";

/** A filter, and what it asks for in words. */
export interface Example {
  filter: string;
  meaning: string;
}

/** Longer names make no example that can be read at a glance. */
const MOST_CHARACTERS = 60;

/** Six filters, which name a metric and a parameter of the store where it has any. */
export function filterExamples(columns: readonly Column[]): readonly Example[] {
  const metric = metricNamed(firstName(columns, "metric") ?? "loss");
  const parameter = firstName(columns, "parameter") ?? "lr";
  return [
    { filter: "status = 'Failed'", meaning: "runs that failed" },
    {
      filter: `${ownText({ ...metric, fact: "min" })} < 0.5`,
      meaning: "by a metric: its last value, or min, max, mean, first",
    },
    {
      filter: `${columnText({ kind: "parameter", name: parameter, inherited: true })} IS NOT NULL`,
      meaning: "by a parameter, the run's own or one set above it",
    },
    { filter: "any(children.status = 'Failed')", meaning: "by the runs below: any, all or count of them" },
    { filter: `mean(leaves.${ownText(metric)}) < 0.5`, meaning: "by a statistic over the runs below" },
    { filter: "duration > '1h' or name ~ '^fold-[0-4]'", meaning: "by time and name; ~ is a regular expression" },
  ];
}

function firstName(columns: readonly Column[], kind: string): string | undefined {
  const named = columns.map(({ column }) => columnOf(column));
  return named.find((column) => column.kind === kind && column.name.length <= MOST_CHARACTERS)?.name;
}
