/** What the colours of runs mean, below the chart: each run's own, or by a column with its legend. */
import { useState } from "react";
import type { Cell, Overview } from "../api/messages";
import type { Coloring } from "../data/useColoring";
import { useColumnSearch } from "../data/useColumnSearch";
import { MOST_CATEGORIES } from "../model/colorScale";
import { nameOf } from "../model/columns";
import { valueInWords } from "../model/groups";
import { formatValue } from "../model/numbers";
import { BY_RUN } from "../state/codecs";
import { coloredBy } from "../state/page";
import { useChange, usePage } from "../state/store";
import { shadeOf, type Theme } from "../theme/palette";
import { type Option, SelectBox } from "../ui/SelectBox";

interface ColorBarProps {
  overview: Overview;
  coloring: Coloring;
  theme: Theme;
}

/** It is always there, so that nothing moves when colours get another meaning. */
export function ColorBar({ overview, coloring, theme }: ColorBarProps) {
  return (
    <div className="color-bar">
      <ColorChoice overview={overview} />
      {coloring.scale?.kind === "categories" && <Categories values={coloring.scale.values} coloring={coloring} />}
      {coloring.scale?.kind === "gradient" && <Shades {...coloring.scale} theme={theme} />}
    </div>
  );
}

const FIELDS: readonly string[] = ["status", "experiment", "depth"];

function ColorChoice({ overview }: { overview: Overview }) {
  const change = useChange();
  const column = usePage(coloredBy);
  const experiment = usePage((page) => page.experiment);
  const [text, setText] = useState("");
  const all = overview.metric_count + overview.parameter_count;
  const isAsked = text !== "" && all > overview.columns.length;
  const { content } = useColumnSearch(experiment, "", text, isAsked);
  const found = isAsked ? (content?.columns ?? []) : overview.columns;
  const columns = [...FIELDS, ...found.map((one) => one.column)];
  const offered = column === null || columns.includes(column) ? columns : [column, ...columns];
  const options: Option[] = [
    { id: BY_RUN, name: "Color: each run" },
    ...offered.map((id) => ({ id, name: `Color: ${nameOf(id)}` })),
  ].filter(({ name }) => name.toLowerCase().includes(text.toLowerCase()));
  return (
    <SelectBox
      label="Color"
      options={options}
      value={column ?? BY_RUN}
      onChange={(id) => change(() => ({ colorBy: id }))}
      onSearch={setText}
    />
  );
}

function Categories({ values, coloring }: { values: readonly Cell[]; coloring: Coloring }) {
  const shown = values.slice(0, MOST_CATEGORIES);
  return (
    <ul className="color-legend" aria-label={`Colors of ${nameOf(coloring.column ?? "")}`}>
      {shown.map((value) => (
        <Entry key={JSON.stringify(value)} name={valueInWords(value ?? "")} color={coloring.ofValue(value)} />
      ))}
      <Entry name={values.length > shown.length ? "none, others" : "none"} color={coloring.ofValue(null)} />
    </ul>
  );
}

function Entry({ name, color }: { name: string; color: string }) {
  return (
    <li title={name}>
      <span className="color-square" style={{ background: color }} />
      <bdi className="chart-ellipsis">{name}</bdi>
    </li>
  );
}

const STEPS = [0, 0.25, 0.5, 0.75, 1];

function Shades({ min, max, isLog, theme }: { min: number; max: number; isLog: boolean; theme: Theme }) {
  const shades = STEPS.map((share) => shadeOf(share, theme)).join(", ");
  return (
    <p className="color-legend" title={isLog ? "By magnitude" : undefined}>
      {formatValue(min)}
      <span className="color-shades" style={{ background: `linear-gradient(to right, ${shades})` }} />
      {formatValue(max)}
    </p>
  );
}
