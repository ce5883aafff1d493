/** Small curves beside the values of metrics. */
import { useMemo } from "react";
import { useCurve } from "../../../data/points/curves";
import { cellOf, isRolledUp } from "../../../model/cells";
import { metricOf } from "../../../model/columns";
import type { TableColumn } from "../../../table/columns";
import type { ColumnWidths } from "../useColumnWidths";
import { curvePath, HEIGHT, WIDTH } from "./curvePath";
import "./curves.css";

/** The columns with a curve beside each value that a run has of a metric itself, if that is wanted. */
export function withCurves(
  columns: readonly TableColumn[],
  isWanted: boolean,
  widths: ColumnWidths,
): readonly TableColumn[] {
  return isWanted ? columns.map((column) => withCurve(column, !widths.has(column.id))) : columns;
}

/** Wider by a curve, where nobody has said how wide it is to be. */
function withCurve(column: TableColumn, isWider: boolean): TableColumn {
  const tag = metricOf(column.id);
  if (tag === null) {
    return column;
  }
  return {
    ...column,
    width: column.width + (isWider ? WIDTH : 0),
    cell: (row) => {
      const cell = cellOf(row.run, row.columns, column.id);
      const hasOwn = cell !== null && !isRolledUp(cell);
      return (
        <>
          {hasOwn && <Curve tag={tag} runId={row.run.run_id} />}
          {column.cell(row)}
        </>
      );
    },
  };
}

/** What the value beside it says in a number; so it is a picture only. */
function Curve({ tag, runId }: { tag: string; runId: string }) {
  const series = useCurve(tag, runId);
  const path = useMemo(() => (series === null ? "" : curvePath(series.steps, series.values)), [series]);
  return (
    <svg className="curve" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
      <path d={path} vectorEffect="non-scaling-stroke" />
    </svg>
  );
}
