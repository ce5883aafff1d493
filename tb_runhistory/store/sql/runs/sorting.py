"""Sorting the runs of one parent in SQL, by what each of them has itself or inherits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, FromClause, String, and_, case, func, literal, null

from tb_runhistory.query.terms import Attribute, Column, Fact, Field, Label, LabelKind, Metric, Parameter
from tb_runhistory.records.changes import DataClass
from tb_runhistory.records.status import HEARTBEAT_TIMEOUT_SECONDS, RunStatus
from tb_runhistory.store.sql.codes import DATA_CLASS_CODES, STATUS_CODES, TEXT
from tb_runhistory.store.sql.runs.cells import Inherited, StoredParameter
from tb_runhistory.store.sql.same import same_run
from tb_runhistory.store.sql.schema import params, properties, runs, series, tags
from tb_runhistory.store.sql.types import storable

SortKeys: TypeAlias = tuple[FromClause, list[ColumnElement[Any]]]
"""What to select from, and what to order by; where the first key is NULL a run has no value."""

_RUNNING, _NOT_RESPONDING = STATUS_CODES[RunStatus.RUNNING], STATUS_CODES[RunStatus.NOT_RESPONDING]
_FACTS = {
    Fact.LAST: series.c.last_value,
    Fact.FIRST: series.c.first_value,
    Fact.MIN: series.c.minimum,
    Fact.MAX: series.c.maximum,
    Fact.COUNT: series.c.count,
}


def is_sorted_in_sql(column: Column) -> bool:
    """Whether the runs of one parent can be sorted by the column from their own rows."""
    if isinstance(column, Field):
        return column.attribute in _FIELDS
    return isinstance(column, Parameter | Label) or (isinstance(column, Metric) and column.fact in _FACTS)


def sort_keys(column: Column, now: float, inherited: Inherited) -> SortKeys:
    """The keys to sort by a column for which ``is_sorted_in_sql``."""
    if isinstance(column, Field):
        return runs, [_FIELDS[column.attribute](now)]
    if isinstance(column, Metric):
        return _by_metric(column)
    if isinstance(column, Label):
        table = tags if column.kind is LabelKind.TAG else properties
        own = and_(same_run(table, runs), table.c.name == storable(column.name))
        # One without a text has an empty one.
        return runs.outerjoin(table, own), [case((table.c.name.is_not(None), func.coalesce(table.c.value, "")))]
    assert isinstance(column, Parameter)
    return _by_parameter(column, inherited.get(column.name, {}) if column.inherited else {})


def _by_metric(column: Metric) -> SortKeys:
    of_run = and_(
        same_run(series, runs),
        series.c.data_class == DATA_CLASS_CODES[DataClass.SCALAR],
        series.c.tag == storable(column.tag),
        series.c.count > 0,
    )
    return runs.outerjoin(series, of_run), [_FACTS[column.fact]]


def _by_parameter(column: Parameter, parents: Mapping[str, StoredParameter]) -> SortKeys:
    name = storable(column.name)
    own = and_(same_run(params, runs), params.c.name == name)
    is_own = params.c.kind.is_not(None)
    number = case((is_own, params.c.number), else_=_of_parent(parents, lambda parameter: parameter.number))
    # The text of a number only gives it back exactly; NaN is a number without one.
    word = case(
        (params.c.kind == TEXT, params.c.text),
        (is_own, null()),
        else_=_of_parent(parents, lambda parameter: parameter.word),
    )
    rank = case((number.is_not(None), 0), (word.is_not(None), 1))
    return runs.outerjoin(params, own), [rank, number, word]


def _of_parent(
    parents: Mapping[str, StoredParameter], part: Callable[[StoredParameter], float | str | None]
) -> ColumnElement[Any]:
    chosen = [
        (runs.c.parent_id == parent_id, part(stored))
        for parent_id, stored in parents.items()
        if part(stored) is not None
    ]
    return case(*chosen) if chosen else null()


def is_silent(now: float) -> ColumnElement[bool]:
    """The condition on ``runs`` for those that do not respond, as ``records.status.shown_status`` has it."""
    return and_(runs.c.status == _RUNNING, runs.c.heartbeat_at < now - HEARTBEAT_TIMEOUT_SECONDS)


def _name(now: float) -> ColumnElement[Any]:
    return func.lower(func.coalesce(runs.c.display_name, literal("run ") + runs.c.number.cast(String)))


def _status(now: float) -> ColumnElement[Any]:
    return case((is_silent(now), _NOT_RESPONDING), else_=runs.c.status)


def _duration(now: float) -> ColumnElement[Any]:
    until = func.coalesce(runs.c.ended_at, case((is_silent(now), runs.c.heartbeat_at)), now)
    return until - runs.c.started_at


_FIELDS: Mapping[Attribute, Callable[[float], ColumnElement[Any]]] = {
    Attribute.CREATED: lambda now: runs.c.created_at,
    Attribute.NAME: _name,
    Attribute.STATUS: _status,
    Attribute.STARTED: lambda now: runs.c.started_at,
    Attribute.ENDED: lambda now: runs.c.ended_at,
    Attribute.DURATION: _duration,
    Attribute.NUMBER: lambda now: runs.c.number,
}
