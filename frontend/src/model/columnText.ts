/**
 * Columns as typed values, and their texts: those of the server's language, of which each column has one. So the same
 * text stands in a link, in a question to the server, and in a filter.
 *
 * A metric at a run that has no such series is a statistic over the runs below it. The server is asked to fill a metric
 * by `FILL`, so that only what is filled in another way says so.
 */

/** What is known of a metric, the first where its text says nothing. */
export const FACTS = ["last", "first", "min", "max", "mean", "count", "argmin", "argmax"] as const;
export type Fact = (typeof FACTS)[number];

export const STATISTICS = ["best", "min", "max", "mean", "median", "std", "count"] as const;
export type Statistic = (typeof STATISTICS)[number];

/** Relatives; repeats are leaves that are averaged by their parent first. */
export const RELATIONS = ["leaves", "repeats", "children", "descendants"] as const;
export type Relation = (typeof RELATIONS)[number];

/** What every run has of itself. */
export const ATTRIBUTES = [
  ..."id name status stage experiment depth number created started ended duration steps progress host description error".split(
    " ",
  ),
];

export interface MetricColumn {
  kind: "metric";
  name: string;
  fact: Fact;
  /** What a run without such a series shows. */
  statistic: Statistic;
  over: Relation;
}

export interface ParameterColumn {
  kind: "parameter";
  name: string;
  /** Whether a run without it shows that of its nearest ancestor. */
  inherited: boolean;
}

/** A label is a tag or a property; a field is what every run has; any other column is only its text. */
export type Column = MetricColumn | ParameterColumn | { kind: "tag" | "property" | "field" | "other"; name: string };

/** What the server fills a metric with that says nothing else. */
export const FILL = "best(leaves)";

/** A metric as its column is at first. */
export function metricNamed(name: string): MetricColumn {
  return { kind: "metric", name, fact: "last", statistic: "best", over: "leaves" };
}

/** The text of a column, which `readColumn` reads back as the same. */
export function columnText(column: Column): string {
  switch (column.kind) {
    case "metric": {
      const { statistic, over } = column;
      const own = ownText(column);
      return `${statistic}(${over})` === FILL ? own : `coalesce(${own}, ${statistic}(${over}.${own}))`;
    }
    case "parameter":
      return `${column.inherited ? "inherited." : ""}params.${nameText(column.name)}`;
    case "tag":
      return `tags.${nameText(column.name)}`;
    case "property":
      return `properties.${nameText(column.name)}`;
    default:
      return column.name;
  }
}

/** The text of a metric that a run has itself. */
export function ownText({ name, fact }: Pick<MetricColumn, "name" | "fact">): string {
  return `metrics.${metricText(name)}${fact === "last" ? "" : `.${fact}`}`;
}

const PLAIN = /^[\p{L}\p{N}_][\p{L}\p{N}_/@:-]*(?:\.[\p{L}\p{N}_][\p{L}\p{N}_/@:-]*)*$/u;

/** A name as the language writes it: in back-ticks where it is no plain word. */
function nameText(name: string): string {
  return PLAIN.test(name) ? name : `\`${name.replaceAll("`", "``")}\``;
}

/** In back-ticks, too, where the end of the name would be read as a fact. */
function metricText(name: string): string {
  const end = name.lastIndexOf(".");
  const hasFact = end > 0 && isFact(name.slice(end + 1).toLowerCase());
  return hasFact && !name.includes("`") ? `\`${name}\`` : nameText(name);
}

const RELATIVES = RELATIONS.join("|");
const OVER = `(${STATISTICS.join("|")})\\((${RELATIVES})`;
const COALESCE = new RegExp(`^coalesce\\((metrics\\..+), ${OVER}\\.\\1\\)\\)$`, "s");
const ROLL_UP = new RegExp(`^${OVER}\\.(.+)\\)$`, "s");
const COUNT = new RegExp(`^count\\((${RELATIVES})(\\[.+\\])?\\)$`, "s");
const OF_ANCESTOR = /^(?:parent|root)\.(.+)$/s;

/** The column that a text is; null for a text that is none. */
export function readColumn(text: string): Column | null {
  const own = readOwn(text);
  if (own !== null) {
    return own;
  }
  const [, metric = "", statistic, over] = COALESCE.exec(text) ?? [];
  const filled = readOwn(metric);
  if (filled?.kind === "metric") {
    return { ...filled, statistic: statistic as Statistic, over: over as Relation };
  }
  const within = ROLL_UP.exec(text)?.[3] ?? OF_ANCESTOR.exec(text)?.[1] ?? "";
  return readOwn(within) !== null || COUNT.test(text) ? { kind: "other", name: text } : null;
}

/** A column of the run itself. */
function readOwn(text: string): Column | null {
  if (ATTRIBUTES.includes(text)) {
    return { kind: "field", name: text };
  }
  const [, word = "", rest = ""] = /^(metrics|params|inherited\.params|tags|properties)\.(.+)$/s.exec(text) ?? [];
  const parts = partsOf(rest);
  if (parts === null) {
    return null;
  }
  const name = parts.join(".");
  switch (word) {
    case "metrics": {
      const fact = parts.at(-1)?.toLowerCase() ?? "";
      return parts.length > 1 && isFact(fact)
        ? { ...metricNamed(parts.slice(0, -1).join(".")), fact }
        : metricNamed(name);
    }
    case "tags":
      return { kind: "tag", name };
    case "properties":
      return { kind: "property", name };
    default:
      return { kind: "parameter", name, inherited: word !== "params" };
  }
}

const PART = /([\p{L}\p{N}_][\p{L}\p{N}_/@:-]*)|`((?:[^`]|``)+)`/uy;

/** The parts of a written name, between dots; null where it is none. */
function partsOf(text: string): string[] | null {
  const parts: string[] = [];
  for (let at = 0; ; at = PART.lastIndex + 1) {
    PART.lastIndex = at;
    const [, plain, quoted] = PART.exec(text) ?? [];
    if (plain === undefined && quoted === undefined) {
      return null;
    }
    parts.push(plain ?? (quoted as string).replaceAll("``", "`"));
    if (PART.lastIndex === text.length) {
      return parts;
    }
    if (text[PART.lastIndex] !== ".") {
      return null;
    }
  }
}

function isFact(word: string): word is Fact {
  return (FACTS as readonly string[]).includes(word);
}
