import { expect, test } from "vitest";
import { seededRandom } from "../testing/random";
import {
  ATTRIBUTES,
  type Column,
  columnText,
  FACTS,
  metricNamed,
  ownText,
  RELATIONS,
  readColumn,
  STATISTICS,
} from "./columnText";

const TEXTS: [string, Column][] = [
  ["metrics.loss", metricNamed("loss")],
  ["metrics.loss.min", { ...metricNamed("loss"), fact: "min" }],
  ["metrics.val/acc@1:x-y.argmax", { ...metricNamed("val/acc@1:x-y"), fact: "argmax" }],
  ["metrics.a.b", metricNamed("a.b")],
  ["metrics.min", metricNamed("min")],
  ["metrics.`a.min`", metricNamed("a.min")],
  ["metrics.`a.Argmax`", metricNamed("a.Argmax")],
  ["metrics.`a.min`.min", { ...metricNamed("a.min"), fact: "min" }],
  ["metrics.`learning rate`", metricNamed("learning rate")],
  ["metrics.`-x`", metricNamed("-x")],
  ["metrics.Verlust_ä", metricNamed("Verlust_ä")],
  ["metrics.`a``b`", metricNamed("a`b")],
  ["metrics.```) or (`", metricNamed("`) or (")],
  [
    "coalesce(metrics.loss.min, median(repeats.metrics.loss.min))",
    { kind: "metric", name: "loss", fact: "min", statistic: "median", over: "repeats" },
  ],
  ["inherited.params.lr", { kind: "parameter", name: "lr", inherited: true }],
  ["params.`a,b`", { kind: "parameter", name: "a,b", inherited: false }],
  ["params.optimizer.lr", { kind: "parameter", name: "optimizer.lr", inherited: false }],
  ["tags.team", { kind: "tag", name: "team" }],
  ["properties.commit", { kind: "property", name: "commit" }],
  ["duration", { kind: "field", name: "duration" }],
  ["parent.params.lr", { kind: "other", name: "parent.params.lr" }],
  ["mean(leaves.metrics.loss)", { kind: "other", name: "mean(leaves.metrics.loss)" }],
  ["count(children)", { kind: "other", name: "count(children)" }],
  ["count(leaves[status = 'Failed'])", { kind: "other", name: "count(leaves[status = 'Failed'])" }],
];

test.each(TEXTS)("the column %s is read, and written as it was", (text, column) => {
  expect(readColumn(text)).toEqual(column);
  expect(columnText(column)).toBe(text);
});

test.each([
  "",
  "metric:loss",
  "param:lr",
  "metrics.",
  "metrics.a b",
  "metrics.`a",
  "stauts",
  "mean(leaves.x)",
  "params",
])("%s is no column", (text) => expect(readColumn(text)).toBeNull());

test("a metric that is filled as all are need not say so", () => {
  const text = "coalesce(metrics.loss.min, best(leaves.metrics.loss.min))";
  expect(columnText(readColumn(text) as Column)).toBe("metrics.loss.min");
});

test("any name of a metric or a parameter is read back from its text", () => {
  const random = seededRandom(7);
  const some = (letters: string | readonly string[]) => letters[Math.floor(random() * letters.length)] as string;
  for (let i = 0; i < 2000; i++) {
    const name = Array.from({ length: 1 + Math.floor(random() * 8) }, () => some("ab.`' \"()[],min_/-:@é漢\n")).join(
      "",
    );
    const [fact, statistic, over] = [some(FACTS), some(STATISTICS), some(RELATIONS)];
    const metric = { ...metricNamed(name), fact, statistic, over } as Column;
    const parameter: Column = { kind: "parameter", name, inherited: random() < 0.5 };
    expect([readColumn(columnText(metric)), readColumn(columnText(parameter))]).toEqual([metric, parameter]);
  }
});

test("what a run has itself of a metric says nothing of relatives", () => {
  expect(ownText({ name: "a b", fact: "max" })).toBe("metrics.`a b`.max");
  expect(ATTRIBUTES).toContain("host");
});
