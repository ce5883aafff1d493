"""What ``Run.get_metrics`` gives: each metric in the shape in which it was logged."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from tb_runhistory.records.changes import DataClass, MetricShape

if TYPE_CHECKING:
    from tb_runhistory.records.columns import Scope
    from tb_runhistory.store.base import RunHistoryReader

Cell: TypeAlias = float | str | None
MetricResult: TypeAlias = Cell | list[Cell] | dict[str, Cell] | dict[str, list[Cell]]
"""One value, several, one row by column, or several rows by column."""

_Values: TypeAlias = dict[int, Cell]
"""The values of a series by step, in the order of steps."""


def metrics_by_run(reader: RunHistoryReader, scope: Scope, name: str | None) -> dict[str, dict[str, MetricResult]]:
    """The metrics of the runs in scope, by run id and metric name; all, or the one named ``name``."""
    found: dict[str, dict[str, dict[str, _Values]]] = {}
    shapes: dict[tuple[str, str], MetricShape] = {}
    for data_class in DataClass:
        columns = reader.series(scope, data_class)
        rows = [row for row, metric in enumerate(columns.metric) if name is None or metric == name]
        keys = [columns.key[row] for row in rows]
        if data_class is DataClass.SCALAR:
            points = [sampled.points for sampled in reader.read_points(keys)]
            series: list[_Values] = [
                dict(zip(each.steps.tolist(), each.values.tolist(), strict=True)) for each in points
            ]
        else:
            texts = reader.read_texts(keys)
            series = [dict(zip(each.step.tolist(), each.text, strict=True)) for each in texts]
        for row, key, values in zip(rows, keys, series, strict=True):
            metric = columns.metric[row]
            found.setdefault(key.run_id, {}).setdefault(metric, {})[columns.column[row]] = values
            shapes[key.run_id, metric] = columns.shape[row]
    return {
        run: {metric: _shaped(columns, shapes[run, metric]) for metric, columns in metrics.items()}
        for run, metrics in found.items()
    }


def _shaped(columns: dict[str, _Values], shape: MetricShape) -> MetricResult:
    if shape is not MetricShape.ROW:
        values = [value for column in columns.values() for value in column.values()]
        return values[0] if shape is MetricShape.SCALAR and len(values) == 1 else values
    steps = sorted({step for column in columns.values() for step in column})
    if len(steps) == 1:
        return {name: column.get(steps[0]) for name, column in columns.items()}
    # A row that had no value in a column has None there, so that rows can be read across.
    return {name: [column.get(step) for step in steps] for name, column in columns.items()}
