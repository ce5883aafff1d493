"""The cells of runs that are shown: what each of them has itself, inherits, or its parent or root has."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from sqlalchemy import Connection, Table, and_, bindparam, func, select

from tb_runhistory.query.terms import (
    TOTAL_STEPS,
    Ancestor,
    Attribute,
    Column,
    Fact,
    Field,
    Label,
    LabelKind,
    Metric,
    OfAncestor,
    OwnColumn,
    Parameter,
)
from tb_runhistory.records.changes import DataClass, ParameterValue
from tb_runhistory.records.columns import RunColumns
from tb_runhistory.records.status import RunStatus, shown_status
from tb_runhistory.store.evaluation.evaluator import progress
from tb_runhistory.store.sql.codes import DATA_CLASS_CODES, TEXT
from tb_runhistory.store.sql.columns import MAX_CELL, TextBudget, as_text, cut_in_store, parameter_value
from tb_runhistory.store.sql.paths import ids_of
from tb_runhistory.store.sql.runs.run_reading import run_columns, runs_by_id
from tb_runhistory.store.sql.runs.scope import RunPlace
from tb_runhistory.store.sql.same import same_run
from tb_runhistory.store.sql.schema import params, properties, runs, series, tags
from tb_runhistory.store.sql.types import Id, storable
from tb_runhistory.store.sql.wanted import Lookup

RunKey: TypeAlias = tuple[str, str]
"""A run's root_id and run_id."""

CellValues: TypeAlias = list[ParameterValue | None]

_NAMED: Any = bindparam("names", expanding=True)


def _of_run(table: Table, *cells: Any, meant: Any) -> Lookup:
    return Lookup(
        {"root_id": Id, "run_id": Id},
        lambda wanted: (
            select(table.c.run_id, *cells).select_from(wanted.join(table, same_run(table, wanted))).where(meant)
        ),
    )


_FACTS = (
    "last_value",
    "first_value",
    "minimum",
    "maximum",
    "sum",
    "count",
    "non_finite",
    "minimum_step",
    "maximum_step",
)
_PARAMETERS = _of_run(
    params,
    params.c.name,
    params.c.kind,
    params.c.number,
    cut_in_store(params.c.text, MAX_CELL),
    meant=params.c.name.in_(_NAMED),
)
_SERIES = _of_run(
    series,
    series.c.tag,
    *(series.c[name] for name in _FACTS),
    meant=and_(series.c.data_class == DATA_CLASS_CODES[DataClass.SCALAR], series.c.tag.in_(_NAMED), series.c.count > 0),
)
_LABELS = {
    kind: _of_run(table, table.c.name, cut_in_store(table.c.value, MAX_CELL), meant=table.c.name.in_(_NAMED))
    for kind, table in ((LabelKind.TAG, tags), (LabelKind.PROPERTY, properties))
}
_HOSTS = _of_run(runs, cut_in_store(runs.c.host, MAX_CELL), meant=runs.c.host.is_not(None))
_LAST_STEPS = Lookup(
    {"root_id": Id, "run_id": Id},
    lambda wanted: (
        select(series.c.run_id, func.max(series.c.last_step))
        .select_from(wanted.join(series, same_run(series, wanted)))
        .where(series.c.data_class == DATA_CLASS_CODES[DataClass.SCALAR], series.c.count > 0)
        .group_by(series.c.run_id)
    ),
)
_RUNS_BY_ID = runs_by_id(MAX_CELL)
_TEXT_PLACE = 4


@dataclass(frozen=True, slots=True)
class StoredParameter:
    """A parameter as its row holds it: its kind, the number to compare by, and a text."""

    kind: Any
    number: Any
    text: Any

    @property
    def word(self) -> str | None:
        """What a text is compared by; None for a number."""
        return self.text if self.kind == TEXT else None

    @property
    def value(self) -> ParameterValue | None:
        """The value that it stands for; None where it stands for none."""
        return parameter_value(self.kind, self.number, self.text)


@dataclass(frozen=True, slots=True)
class RunCells:
    """Cells by column, a value a run. ``sources`` has, for parameters that may be inherited, the ids of the runs above
    that they are of, "" where they are the run's own or missing.
    """

    values: dict[Column, CellValues]
    sources: dict[Column, list[str]]


Inherited: TypeAlias = Mapping[str, Mapping[str, StoredParameter]]
"""By parameter name and parent's run id, what the children of the parent inherit."""


def inherited_parameters(connection: Connection, parents: Sequence[RunPlace], names: Sequence[str]) -> Inherited:
    """What the children of each parent inherit of the parameters ``names``: the value of the nearest run above."""
    found: dict[str, dict[str, StoredParameter]] = defaultdict(dict)
    if not parents or not names:
        return found
    lines = {parent.run_id: [parent.root_id, *ids_of(parent.path)] for parent in parents}
    above = {(parent.root_id, run_id) for parent in parents for run_id in lines[parent.run_id]}
    own = _own_parameters(connection, sorted(above), names)
    for parent_id, line in lines.items():
        for name in names:
            nearest = _nearest(own, line, name)
            if nearest is not None:
                _, found[name][parent_id] = nearest
    return found


def read_cells(connection: Connection, shown: RunColumns, columns: Iterable[Column], now: float) -> RunCells:
    """Those of the columns that are of the runs themselves or of one above them, for the runs that are shown."""
    own = _own_cells(connection, shown, {column for column in columns if isinstance(column, OwnColumn)}, now)
    found = dict(own.values)
    of_ancestors: dict[Ancestor, list[OfAncestor]] = defaultdict(list)
    for column in columns:
        if isinstance(column, OfAncestor):
            of_ancestors[column.ancestor].append(column)
    for ancestor, asked in of_ancestors.items():
        ids = shown.parent_id if ancestor is Ancestor.PARENT else shown.root_id
        above = runs_named(connection, [run_id for run_id in set(ids) if run_id])
        rows = {run_id: row for row, run_id in enumerate(above.run_id)}
        cells = _own_cells(connection, above, {column.column for column in asked}, now).values
        for column in asked:
            values = cells[column.column]
            found[column] = [values[rows[run_id]] if run_id in rows else None for run_id in ids]
    return RunCells(found, own.sources)


def runs_named(connection: Connection, run_ids: Sequence[str]) -> RunColumns:
    """The runs with these ids, those that there are, in their order."""
    rows = {row.run_id: row for row in _RUNS_BY_ID.rows(connection, [(run_id,) for run_id in run_ids])}
    return run_columns(connection, [rows[run_id] for run_id in run_ids if run_id in rows], MAX_CELL)


def _own_cells(connection: Connection, shown: RunColumns, columns: Iterable[OwnColumn], now: float) -> RunCells:
    members = list(zip(shown.root_id, shown.run_id, strict=True))
    found = _parameter_cells(connection, shown, members, [one for one in columns if isinstance(one, Parameter)])
    found.values.update(
        (column, _field(connection, members, shown, column, now)) for column in columns if isinstance(column, Field)
    )
    if Field(Attribute.PROGRESS) in found.values:
        found.values[Field(Attribute.PROGRESS)] = _progress(connection, shown, members)
    found.values.update(_label_cells(connection, members, [one for one in columns if isinstance(one, Label)]).items())
    found.values.update(_metric_cells(connection, members, [one for one in columns if isinstance(one, Metric)]).items())
    return found


def _parameter_cells(
    connection: Connection, shown: RunColumns, members: Sequence[RunKey], columns: Sequence[Parameter]
) -> RunCells:
    lines = {path: path.split("/") for path in set(shown.path)} if any(one.inherited for one in columns) else {}
    above = {(line[0], run_id) for line in lines.values() for run_id in line}
    own = _own_parameters(connection, sorted(above.union(members)), [column.name for column in columns])

    found = RunCells({}, {})
    for column in columns:
        cells = [
            _nearest(own, lines[path] if column.inherited else [run_id], column.name)
            for path, run_id in zip(shown.path, shown.run_id, strict=True)
        ]
        found.values[column] = [None if cell is None else cell[1].value for cell in cells]
        if column.inherited:
            found.sources[column] = [
                "" if cell is None or cell[0] == run_id else cell[0]
                for cell, run_id in zip(cells, shown.run_id, strict=True)
            ]
    return found


def _nearest(
    own: Mapping[tuple[str, str], StoredParameter], line: Sequence[str], name: str
) -> tuple[str, StoredParameter] | None:
    """The last run of the line that has the parameter, and what it has."""
    return next(((run_id, own[run_id, name]) for run_id in reversed(line) if (run_id, name) in own), None)


def _own_parameters(
    connection: Connection, members: Sequence[RunKey], names: Sequence[str]
) -> dict[tuple[str, str], StoredParameter]:
    """By run id and name, the parameters ``names`` of the runs."""
    wanted = {storable(name): name for name in names}
    if not wanted:
        return {}
    rows = TextBudget().rows(_PARAMETERS.rows(connection, members, names=list(wanted)), {_TEXT_PLACE: MAX_CELL})
    # A damaged index may lead to rows of other names.
    return {(run_id, wanted[name]): StoredParameter(*cells) for run_id, name, *cells in rows if name in wanted}


def _label_cells(
    connection: Connection, members: Sequence[RunKey], columns: Sequence[Label]
) -> dict[OwnColumn, CellValues]:
    found: dict[OwnColumn, CellValues] = {}
    for kind, question in _LABELS.items():
        wanted = {storable(column.name): column for column in columns if column.kind is kind}
        if wanted:
            rows = TextBudget().rows(question.rows(connection, members, names=list(wanted)), {2: MAX_CELL})
            of_run = {(run_id, name): as_text(text) for run_id, name, text in rows}
            for name, column in wanted.items():
                found[column] = [of_run.get((run_id, name)) for _, run_id in members]
    return {column: found[column] for column in columns}


def _metric_cells(
    connection: Connection, members: Sequence[RunKey], columns: Sequence[Metric]
) -> dict[OwnColumn, CellValues]:
    if not columns:
        return {}
    names = sorted({storable(column.tag) for column in columns})
    rows = _SERIES.all_rows(connection, members, names=names)
    of_run = {(row.run_id, row.tag): row for row in rows}

    found: dict[OwnColumn, CellValues] = {}
    for column in columns:
        tag, fact = storable(column.tag), _FACT[column.fact]
        stored = [of_run.get((run_id, tag)) for _, run_id in members]
        found[column] = [None if row is None else fact(row) for row in stored]
    return found


def _number(cell: object) -> float:
    """A number as it is stored: NaN for NULL, and for what is none."""
    return cell if type(cell) is float else math.nan


def _known(cell: object) -> float | None:
    return cell if type(cell) is float else None


def _mean(row: Any) -> float | None:
    cells = (row.sum, row.count, row.non_finite)
    if type(row.sum) is not float or any(type(cell) is not int for cell in cells[1:]) or row.count <= row.non_finite:
        return None
    return float(row.sum / (row.count - row.non_finite))


def _step(step: object, extreme: object) -> int | None:
    return step if type(step) is int and extreme is not None else None


_FACT: Mapping[Fact, Callable[[Any], float | int | None]] = {
    Fact.LAST: lambda row: _number(row.last_value),
    Fact.FIRST: lambda row: _number(row.first_value),
    Fact.MIN: lambda row: _known(row.minimum),
    Fact.MAX: lambda row: _known(row.maximum),
    Fact.MEAN: _mean,
    Fact.COUNT: lambda row: row.count if type(row.count) is int else None,
    Fact.ARGMIN: lambda row: _step(row.minimum_step, row.minimum),
    Fact.ARGMAX: lambda row: _step(row.maximum_step, row.maximum),
}


def _field(
    connection: Connection, members: Sequence[RunKey], shown: RunColumns, field: Field, now: float
) -> CellValues:
    if field.attribute is Attribute.HOST:
        hosts = {run_id: as_text(host) for run_id, host in _HOSTS.rows(connection, members)}
        return [hosts.get(run_id) or None for run_id in shown.run_id]
    if field.attribute in (Attribute.STEPS, Attribute.PROGRESS):
        last = {run_id: step for run_id, step in map(tuple, _LAST_STEPS.rows(connection, members)) if type(step) is int}
        return [float(last[run_id] + 1) if last.get(run_id, -1) >= 0 else None for run_id in shown.run_id]
    return [_FIELDS[field.attribute](shown, row, now) for row in range(len(shown))]


def _progress(connection: Connection, shown: RunColumns, members: Sequence[RunKey]) -> CellValues:
    total, steps = Parameter(TOTAL_STEPS, inherited=True), Field(Attribute.STEPS)
    totals = _parameter_cells(connection, shown, members, [total]).values[total]
    logged = _field(connection, members, shown, steps, 0.0)
    numbers = [np.nan if type(one) not in (int, float) else float(min(one or 0, 2**1000)) for one in totals]
    found = progress(np.array([np.nan if one is None else one for one in logged], float), np.array(numbers, float))
    return [None if share != share else share for share in found.tolist()]


def _time(seconds: float) -> float | None:
    return float(seconds) if math.isfinite(seconds) else None


def _status(shown: RunColumns, row: int, now: float) -> RunStatus:
    return shown_status(shown.status[row], _time(shown.heartbeat_at[row]), now)


def _duration(shown: RunColumns, row: int, now: float) -> float | None:
    started, ended = _time(shown.started_at[row]), _time(shown.ended_at[row])
    silent = _time(shown.heartbeat_at[row]) if _status(shown, row, now) is RunStatus.NOT_RESPONDING else None
    until = ended if ended is not None else silent if silent is not None else now
    return None if started is None else until - started


_FIELDS: Mapping[Attribute, Callable[[RunColumns, int, float], ParameterValue | None]] = {
    Attribute.ID: lambda shown, row, now: shown.run_id[row],
    Attribute.NAME: lambda shown, row, now: shown.display_name[row] or f"run {shown.number[row]}",
    Attribute.STATUS: lambda shown, row, now: _status(shown, row, now).value,
    Attribute.STAGE: lambda shown, row, now: shown.stage[row].value,
    Attribute.EXPERIMENT: lambda shown, row, now: shown.experiment[row],
    Attribute.DEPTH: lambda shown, row, now: int(shown.depth[row]),
    Attribute.NUMBER: lambda shown, row, now: int(shown.number[row]),
    Attribute.CREATED: lambda shown, row, now: _time(shown.created_at[row]),
    Attribute.STARTED: lambda shown, row, now: _time(shown.started_at[row]),
    Attribute.ENDED: lambda shown, row, now: _time(shown.ended_at[row]),
    Attribute.DURATION: _duration,
    Attribute.DESCRIPTION: lambda shown, row, now: shown.description[row] or None,
    Attribute.ERROR: lambda shown, row, now: shown.error[row] or None,
}
