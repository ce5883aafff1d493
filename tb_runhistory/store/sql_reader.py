"""The reader of an SQL store."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Table, and_, func, select

from tb_runhistory.records.changes import DataClass, MetricShape
from tb_runhistory.records.columns import (
    ExperimentColumns,
    LabelColumns,
    ParameterColumns,
    RunColumns,
    SampledPoints,
    Scope,
    SeriesColumns,
    SeriesKey,
    TextColumns,
)
from tb_runhistory.records.tree import ColumnCounts, TreePage, TreeQuery
from tb_runhistory.store.base import RunHistoryReader
from tb_runhistory.store.schema import experiments, params, properties, runs, series, tags
from tb_runhistory.store.series_reader import read_points, read_texts
from tb_runhistory.store.sql_columns import in_scope, parameter_value, read_columns, read_runs
from tb_runhistory.store.sqlite import connect_reader, engine_for, file_version, sqlite_errors
from tb_runhistory.store.tree_reader import count_columns, read_page
from tb_runhistory.uri import StoreUri

_SERIES_COLUMNS = [
    *(series.c.root_id, series.c.run_id, series.c.number),
    *(series.c["column_name" if field.name == "column" else field.name] for field in fields(SeriesColumns)[1:]),
]


class SqliteReader(RunHistoryReader):
    """Reads the SQLite store at ``uri``. Each question opens the file anew, as its state then asks for."""

    def __init__(self, uri: StoreUri) -> None:
        self._path = uri.path
        self._location = uri.shown
        self._engine = engine_for(lambda: connect_reader(self._path))

    @property
    def location(self) -> str:
        return self._location

    def version(self) -> int:
        return file_version(self._path)

    def experiments(self, scope: Scope | None = None) -> ExperimentColumns:
        is_counted = and_(runs.c.experiment == experiments.c.name, in_scope(scope or Scope()))
        counted = select(func.count()).where(is_counted).scalar_subquery()
        query = select(experiments.c.name, experiments.c.description, experiments.c.created_at, counted)
        if scope not in (None, Scope()):
            query = query.where(counted > 0)
        with self._snapshot() as connection:
            ordered = query.order_by(experiments.c.created_at, experiments.c.name)
            name, description, created_at, count = read_columns(connection, ordered)
        return ExperimentColumns(name, description, created_at, count)

    def runs(self, scope: Scope) -> RunColumns:
        with self._snapshot() as connection:
            order = (runs.c.created_at, runs.c.depth, runs.c.number, runs.c.run_id)
            return read_runs(connection, in_scope(scope), order)

    def tree_page(self, query: TreeQuery) -> TreePage:
        with self._snapshot() as connection:
            return read_page(connection, query)

    def tree_columns(self, scope: Scope) -> ColumnCounts:
        with self._snapshot() as connection:
            return count_columns(connection, scope)

    def parameters(self, scope: Scope) -> ParameterColumns:
        wanted = (params.c.run_id, params.c.name, params.c.kind, params.c.number, params.c.text)
        with self._snapshot() as connection:
            query = _joined(params, wanted, in_scope(scope)).order_by(params.c.run_id, params.c.name)
            run_id, name, *typed = read_columns(connection, query)
        return ParameterColumns(run_id, name, [parameter_value(*each) for each in zip(*typed, strict=True)])

    def tags(self, scope: Scope) -> LabelColumns:
        return self._labels(tags, scope)

    def properties(self, scope: Scope) -> LabelColumns:
        return self._labels(properties, scope)

    def _labels(self, table: Table, scope: Scope) -> LabelColumns:
        wanted = (table.c.run_id, table.c.name, table.c.value)
        with self._snapshot() as connection:
            query = _joined(table, wanted, in_scope(scope)).order_by(table.c.run_id, table.c.name)
            return LabelColumns(*read_columns(connection, query))

    def series(self, scope: Scope, data_class: DataClass, tags: Sequence[str] | None = None) -> SeriesColumns:
        with self._snapshot() as connection:
            query = _joined(series, _SERIES_COLUMNS, in_scope(scope))
            query = query.where(series.c.data_class == data_class.value, series.c.count > 0)
            if tags is not None:
                named = func.json_each(json.dumps(list(tags))).table_valued("value")
                query = query.where(series.c.tag.in_(select(named.c.value)))
            query = query.order_by(series.c.run_id, series.c.tag)
            root_id, run_id, number, *rest = read_columns(connection, query)
        keys = [SeriesKey(*key) for key in zip(root_id, run_id, number.tolist(), strict=True)]
        columns = dict(zip(_names(SeriesColumns)[1:], rest, strict=True))
        columns["shape"] = [MetricShape(each) for each in columns["shape"]]
        return SeriesColumns(keys, **columns)

    def read_points(
        self, keys: Sequence[SeriesKey], limit: int | None = None, window: tuple[int, int] | None = None
    ) -> list[SampledPoints]:
        with self._snapshot() as connection:
            return read_points(connection, keys, limit, window)

    def read_texts(self, keys: Sequence[SeriesKey], limit: int | None = None) -> list[TextColumns]:
        with self._snapshot() as connection:
            return [read_texts(connection, key, limit) for key in keys]

    def close(self) -> None:
        self._engine.dispose()

    @contextmanager
    def _snapshot(self) -> Iterator[Connection]:
        """A connection that sees one moment of the store."""
        with sqlite_errors(self._path), self._engine.connect() as connection, connection.begin():
            yield connection


def _joined(
    table: Table, wanted: Sequence[ColumnElement[Any]], is_in_scope: ColumnElement[bool]
) -> Select[tuple[Any, ...]]:
    of_run = and_(table.c.root_id == runs.c.root_id, table.c.run_id == runs.c.run_id)
    return select(*wanted).select_from(runs.join(table, of_run)).where(is_in_scope)


def _names(columns: type[SeriesColumns]) -> list[str]:
    return [field.name for field in fields(columns)]
