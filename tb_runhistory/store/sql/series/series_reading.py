"""Reading series with their running facts."""

from __future__ import annotations

import binascii
import json
from base64 import b64decode
from collections.abc import Sequence
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, Connection, Select, bindparam, select

from tb_runhistory.points.facts import FACT_NAMES
from tb_runhistory.records.changes import DataClass, MetricShape
from tb_runhistory.records.columns import SeriesColumns, SeriesKey
from tb_runhistory.store.sql.codes import DATA_CLASS_CODES
from tb_runhistory.store.sql.same import same_run
from tb_runhistory.store.sql.schema import runs, series
from tb_runhistory.store.sql.series.series_rows import facts_from, integers
from tb_runhistory.store.sql.types import storable

_IDENTITY = (series.c.root_id, series.c.run_id, series.c.number, series.c.tag, series.c.declaration)
_COLUMNS = (*_IDENTITY, series.c.hidden, *(series.c[name] for name in FACT_NAMES))

_PLAIN: dict[str, Any] = {}


def read_series(
    connection: Connection, is_in_scope: ColumnElement[bool], data_class: DataClass, tags: Sequence[str] | None
) -> SeriesColumns:
    """As ``RunHistoryReader.series`` says. ``is_in_scope`` is a condition on ``runs``."""
    query: Select[Any] = select(*_COLUMNS).select_from(runs.join(series, same_run(series, runs))).where(is_in_scope)
    query = query.where(series.c.data_class == DATA_CLASS_CODES[data_class], series.c.count > 0)
    parameters = {}
    if tags is not None:
        query = query.where(series.c.tag.in_(bindparam("tags", expanding=True)))
        parameters["tags"] = [storable(tag) for tag in tags]
    rows = connection.execute(query.order_by(series.c.run_id, series.c.tag), parameters).all()
    return _columns(rows)


def _columns(rows: Sequence[Any]) -> SeriesColumns:
    columns: Sequence[Sequence[Any]] = list(zip(*rows, strict=True)) if rows else [[] for _ in _COLUMNS]
    root_id, run_id, number, tag, stored, hidden, *facts = columns
    texts = [cell if type(cell) is str else str(cell) for cell in tag]
    declarations = [_PLAIN if cell is None else _declaration(cell) for cell in stored]
    read = facts_from(facts)
    return SeriesColumns(
        key=[SeriesKey(*key) for key in zip(root_id, run_id, integers(number).tolist(), strict=True)],
        tag=texts,
        metric=[_text(one, "metric") or name for one, name in zip(declarations, texts, strict=True)],
        column=[_text(one, "column") for one in declarations],
        shape=[_shape(one) for one in declarations],
        description=[_text(one, "description") for one in declarations],
        plugin_name=[_text(one, "plugin_name") for one in declarations],
        plugin_data=[_bytes(one, "plugin_data") for one in declarations],
        count=np.maximum(read.count, 0),
        hidden=integers(hidden),
        non_finite=read.non_finite,
        first_step=read.first_step,
        last_step=read.last_step,
        last_wall_time=read.last_wall_time,
        last_value=read.last_value,
        first_value=read.first_value,
        minimum=read.minimum,
        minimum_step=read.minimum_step,
        maximum=read.maximum,
        maximum_step=read.maximum_step,
        sum=read.sum,
    )


def _declaration(cell: object) -> dict[str, Any]:
    """What a series has that a plain metric has not; nothing where the cell is damaged."""
    try:
        found = json.loads(cell) if isinstance(cell, str) else None
    except (ValueError, RecursionError):
        return _PLAIN
    return found if isinstance(found, dict) else _PLAIN


def _text(declaration: dict[str, Any], name: str) -> str:
    value = declaration.get(name, "")
    return value if isinstance(value, str) else ""


def _shape(declaration: dict[str, Any]) -> MetricShape:
    try:
        return MetricShape(declaration.get("shape", MetricShape.SCALAR))
    except ValueError:
        return MetricShape.SCALAR


def _bytes(declaration: dict[str, Any], name: str) -> bytes:
    try:
        return b64decode(_text(declaration, name), validate=True)
    except (binascii.Error, ValueError):
        return b""
