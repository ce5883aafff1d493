"""From a scope to SQL, and from rows to columns."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, Connection, Float, Integer, Select, and_, func, or_, select, true, tuple_
from sqlalchemy.types import TypeEngine

from tb_runhistory.records.changes import ParameterValue
from tb_runhistory.records.columns import RunColumns, Scope
from tb_runhistory.records.status import RunStatus
from tb_runhistory.store.schema import runs

_RUN_COLUMNS = [runs.c[field.name] for field in fields(RunColumns)]


def in_scope(scope: Scope) -> ColumnElement[bool]:
    """The condition on ``runs`` that a scope stands for."""
    conditions: list[ColumnElement[bool]] = []
    if scope.experiment is not None:
        conditions.append(runs.c.experiment == scope.experiment)
    if scope.only is not None:
        members = func.json_each(json.dumps(scope.only)).table_valued("value")
        conditions.append(runs.c.run_id.in_(select(members.c.value)))
    if scope.run_ids:
        named = func.json_each(json.dumps(scope.run_ids)).table_valued("value")
        top, below = runs.alias("top"), runs.alias("below")
        # "0" is the character after "/", so the range holds all paths that go on from this one.
        in_subtree = and_(
            below.c.root_id == top.c.root_id,
            below.c.path >= top.c.path,
            below.c.path < top.c.path + "0",
            or_(below.c.path == top.c.path, below.c.path >= top.c.path + "/"),
        )
        subtrees = named.join(top, top.c.run_id == named.c.value).join(below, in_subtree)
        chosen = select(below.c.root_id, below.c.run_id).select_from(subtrees)
        conditions.append(tuple_(runs.c.root_id, runs.c.run_id).in_(chosen))
    return and_(true(), *conditions)


def read_runs(
    connection: Connection, condition: ColumnElement[bool], order: Sequence[ColumnElement[Any]]
) -> RunColumns:
    """The runs for which ``condition`` holds."""
    names = [field.name for field in fields(RunColumns)]
    query = select(*_RUN_COLUMNS).where(condition).order_by(*order)
    columns = dict(zip(names, read_columns(connection, query), strict=True))
    columns["status"] = [RunStatus(each) for each in columns["status"]]
    return RunColumns(**columns)


def read_columns(connection: Connection, query: Select[tuple[Any, ...]]) -> list[Any]:
    """The answer in columns: numpy arrays for numbers, with NaN for NULL, and lists for the rest."""
    result = connection.execute(query)
    kinds = [column.type for column in query.selected_columns]
    rows = result.all()
    columns = zip(*rows, strict=True) if rows else [()] * len(kinds)
    return [_column(kind, values) for kind, values in zip(kinds, columns, strict=True)]


def _column(kind: TypeEngine[Any], values: Sequence[Any]) -> Any:
    if isinstance(kind, Float):
        return np.array(values, np.float64)
    return np.array(values, np.int64) if isinstance(kind, Integer) else list(values)


def parameter_value(kind: str, number: float | None, text: str | None) -> ParameterValue:
    """The value that the columns of a parameter's row stand for."""
    if kind == "boolean":
        return bool(number)
    if kind == "integer":
        return int(text or 0)
    if kind == "number":
        return float(number) if text is None and number is not None else float(text or "nan")
    return text or ""
