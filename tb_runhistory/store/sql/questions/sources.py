"""The statements that read one column of many runs, and what their rows stand for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Connection, FromClause, Select, Table, and_, func, select
from sqlalchemy.exc import DBAPIError

from tb_runhistory.errors import BadRequest
from tb_runhistory.query.terms import Attribute, Fact, Label, LabelKind, Metric, Parameter
from tb_runhistory.records.changes import DataClass
from tb_runhistory.records.points import Floats
from tb_runhistory.store.evaluation.forest import Ids, RunRows, ids_from
from tb_runhistory.store.evaluation.values import ABSENT, BOOLEAN, NUMBER, TEXT, Values
from tb_runhistory.store.sql import codes
from tb_runhistory.store.sql.columns import MAX_CELL, MAX_NAME, TextBudget, cut_in_store
from tb_runhistory.store.sql.same import same_run
from tb_runhistory.store.sql.schema import params, properties, runs, series, tags
from tb_runhistory.store.sql.series.series_rows import floats, integers
from tb_runhistory.store.sql.types import storable

MAX_RUNS = 4_000_000
"""Of how many runs relatives can be asked for at once."""

SourceKey: TypeAlias = Attribute | Parameter | Label | Metric
"""Names what is read together: ``Attribute.STATUS`` the status and the heartbeat, ``Attribute.STARTED`` both times of a
run, one of its texts that text.
"""

RawId: TypeAlias = Callable[[ColumnElement[Any]], ColumnElement[Any]]
"""Makes of a column of ids what reads as its 16 bytes (``Database.raw_id``)."""

Cells: TypeAlias = NDArray[Any] | list[Any]
"""A column as it is read."""

Kind: TypeAlias = Callable[[Sequence[Any]], Cells]
"""Makes a column of the cells of some rows."""

_ROWS_AT_ONCE = 500
"""Fewer than make Python look for garbage, which took a sixth of the time."""

_STREAMED = {"stream_results": True, "max_row_buffer": _ROWS_AT_ONCE}
_KINDS = {codes.BOOLEAN: BOOLEAN, codes.INTEGER: NUMBER, codes.NUMBER: NUMBER, codes.TEXT: TEXT}


@dataclass(frozen=True, slots=True)
class Source:
    """Where columns are read from: ``cells`` of a ``table`` whose rows ``meant`` leaves one a run at most.

    ``kinds`` make arrays of the cells, ``values`` makes columns of these.
    """

    table: Table
    cells: tuple[ColumnElement[Any], ...]
    kinds: tuple[Kind, ...]
    values: Callable[..., tuple[Values, ...]]
    meant: ColumnElement[bool] | None = None

    def read(
        self, connection: Connection, raw_id: RawId, narrowed: Callable[[Select[Any]], Select[Any]]
    ) -> tuple[Ids, tuple[Values, ...]]:
        """The ids of the runs that have a row, and their columns; of the runs that ``narrowed`` leaves of ``runs``."""
        found: FromClause = runs
        if self.table is not runs:
            of_run = same_run(self.table, runs) if self.meant is None else and_(same_run(self.table, runs), self.meant)
            # An outer join, so that no database begins at the other table, of which other names may be the most.
            found = runs.outerjoin(self.table, of_run)
        asked = narrowed(select(raw_id(self.table.c.run_id), *self.cells).select_from(found))
        ids, *cells = _read(connection, asked, (ids_from, *self.kinds))
        return np.asarray(ids), self.values(*cells)


def read_runs(
    connection: Connection, raw_id: RawId, narrowed: Callable[[Select[Any]], Select[Any]] = lambda asked: asked
) -> RunRows:
    """The rows of runs that trees are made of: of all runs, or of those that ``narrowed`` leaves."""
    ids = (raw_id(runs.c.run_id), raw_id(runs.c.parent_id))
    asked = select(*ids, runs.c.stage, runs.c.experiment_id, runs.c.number, runs.c.created_at)
    return RunRows(*_read(connection, narrowed(asked), (ids_from, ids_from, integers, integers, integers, floats)))  # type: ignore[arg-type]


def source_of(key: SourceKey) -> Source:
    """Where a column is read from."""
    if isinstance(key, Attribute):
        return _ATTRIBUTES[key]
    if isinstance(key, Parameter):
        text = cut_in_store(params.c.text, MAX_CELL)
        is_named = params.c.name == storable(key.name)
        return Source(params, (params.c.kind, params.c.number, text), (list, floats, list), _parameters, is_named)
    if isinstance(key, Label):
        table = tags if key.kind is LabelKind.TAG else properties
        is_named = table.c.name == storable(key.name)
        return Source(table, (cut_in_store(table.c.value, MAX_CELL),), (list,), _labels, is_named)
    cells, kinds, values = _FACTS[key.fact]
    is_meant = and_(
        series.c.data_class == codes.DATA_CLASS_CODES[DataClass.SCALAR],
        series.c.tag == storable(key.tag),
        series.c.count > 0,
    )
    return Source(series, cells, kinds, values, is_meant)


def _read(connection: Connection, asked: Select[Any], kinds: Sequence[Kind]) -> list[Cells]:
    """The answer in columns. It is never in memory as rows, of which Python makes much."""
    parts: list[list[Cells]] = [[kind([])] for kind in kinds]
    count = 0
    for found in _parts(connection, asked, has_texts=list in kinds):
        # A run that has no row of a table has no id there.
        rows = [row for row in found if row[0] is not None]
        count += len(found)
        if count > MAX_RUNS:
            raise BadRequest(f"more than {MAX_RUNS:,} runs at once: ask for one experiment")
        if rows:
            for part, kind, cells in zip(parts, kinds, zip(*rows, strict=True), strict=True):
                part.append(kind(cells))
    return [_joined(part) for part in parts]


def _parts(connection: Connection, asked: Select[Any], has_texts: bool) -> Iterator[Sequence[Sequence[Any]]]:
    """The rows of an answer as they come, some at a time."""
    if has_texts:
        # The driver holds no more than it has to give.
        yield from connection.execute(asked.execution_options(**_STREAMED)).partitions(_ROWS_AT_ONCE)
        return
    # Rows as the driver has them: what SQLAlchemy makes of each would take as long as reading it.
    driver = connection.dialect.loaded_dbapi
    with connection.execute(asked) as result:
        assert result.cursor is not None
        try:
            while rows := result.cursor.fetchmany(_ROWS_AT_ONCE):
                yield rows
        except driver.Error as error:
            raise DBAPIError.instance(None, None, error, driver.Error, dialect=connection.dialect) from error


def _joined(parts: list[Cells]) -> Cells:
    if isinstance(parts[0], list):
        return [cell for part in parts for cell in part]
    return np.concatenate([np.asarray(part) for part in parts])


def _parameters(kinds: Sequence[Any], numbers: Floats, texts: Sequence[Any]) -> tuple[Values, ...]:
    known = [_KINDS.get(kind, ABSENT) if type(kind) is int else ABSENT for kind in kinds]
    return (Values.of_cells(known, numbers.tolist(), _cut(texts, MAX_CELL)),)


def _labels(texts: Sequence[Any]) -> tuple[Values, ...]:
    """Of labels, of which those without a text have an empty one."""
    return (Values.of_texts(_cut(texts, MAX_CELL)),)


def _texts(texts: Sequence[Any]) -> tuple[Values, ...]:
    """Of texts, of which empty ones are missing."""
    return (Values.of_texts([text or None for text in _cut(texts, MAX_CELL)]),)


def _cut(texts: Sequence[Any], most: int) -> list[str]:
    budget = TextBudget()
    return [budget.text(text, most) for text in texts]


def _numbers(*columns: Floats) -> tuple[Values, ...]:
    return tuple(Values.of_numbers(column) for column in columns)


def _codes(code: NDArray[np.int64], heartbeat_at: Floats) -> tuple[Values, ...]:
    return _numbers(code.astype(float), heartbeat_at)


def _counts(count: NDArray[np.int64]) -> tuple[Values, ...]:
    return _numbers(count.astype(float))


def _means(total: Floats, count: NDArray[np.int64], non_finite: NDArray[np.int64]) -> tuple[Values, ...]:
    finite = count - non_finite
    with np.errstate(divide="ignore", invalid="ignore"):
        return _numbers(np.where(finite > 0, total / finite, np.nan))


def _steps(step: NDArray[np.int64], extreme: Floats) -> tuple[Values, ...]:
    return _numbers(np.where(np.isnan(extreme), np.nan, step.astype(float)))


def _counted_steps(last: Floats) -> tuple[Values, ...]:
    return _numbers(np.where(last >= 0, last + 1, np.nan))


LAST_STEP: ColumnElement[Any] = (
    select(func.max(series.c.last_step))
    .where(same_run(series, runs), series.c.data_class == codes.DATA_CLASS_CODES[DataClass.SCALAR], series.c.count > 0)
    .correlate(runs)
    .scalar_subquery()
)
"""The last step of any metric of a run."""

_ATTRIBUTES: Mapping[Attribute, Source] = {
    Attribute.STATUS: Source(runs, (runs.c.status, runs.c.heartbeat_at), (integers, floats), _codes),
    Attribute.STARTED: Source(runs, (runs.c.started_at, runs.c.ended_at), (floats, floats), _numbers),
    Attribute.NAME: Source(runs, (cut_in_store(runs.c.display_name, MAX_NAME),), (list,), _texts),
    Attribute.HOST: Source(runs, (cut_in_store(runs.c.host, MAX_NAME),), (list,), _texts),
    Attribute.STEPS: Source(runs, (LAST_STEP,), (floats,), _counted_steps),
    Attribute.DESCRIPTION: Source(runs, (cut_in_store(runs.c.description, MAX_CELL),), (list,), _texts),
    Attribute.ERROR: Source(runs, (cut_in_store(runs.c.error, MAX_CELL),), (list,), _texts),
}
_FACTS: Mapping[Fact, tuple[Any, Any, Any]] = {
    Fact.LAST: ((series.c.last_value,), (floats,), _numbers),
    Fact.FIRST: ((series.c.first_value,), (floats,), _numbers),
    Fact.MIN: ((series.c.minimum,), (floats,), _numbers),
    Fact.MAX: ((series.c.maximum,), (floats,), _numbers),
    Fact.COUNT: ((series.c.count,), (integers,), _counts),
    Fact.MEAN: ((series.c.sum, series.c.count, series.c.non_finite), (floats, integers, integers), _means),
    Fact.ARGMIN: ((series.c.minimum_step, series.c.minimum), (integers, floats), _steps),
    Fact.ARGMAX: ((series.c.maximum_step, series.c.maximum), (integers, floats), _steps),
}
