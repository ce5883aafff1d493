"""Writing thousands of rows at once: the statement is compiled once, and the rows go to the driver as they are.

SQLAlchemy's own way takes 10 µs and more a row to bind its values, which is what a whole batch may cost a row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Delete, Dialect, Insert, Table, Update, insert
from sqlalchemy.sql.compiler import SQLCompiler

from tb_runhistory.store.sql.types import Id


def insert_rows(connection: Connection, table: Table, columns: Mapping[str, Sequence[Any] | NDArray[Any]]) -> None:
    """Inserts one row for each position of ``columns``, which are by name and of one length."""
    _execute(connection, _insertion(table, connection.dialect, tuple(columns)), columns)


def execute_rows(
    connection: Connection, statement: Insert | Update | Delete, columns: Mapping[str, Sequence[Any] | NDArray[Any]]
) -> None:
    """Executes ``statement`` once for each position of ``columns``, which are its parameters by name."""
    _execute(connection, _compiled(statement, connection.dialect), columns)


def optional(column: NDArray[np.float64]) -> list[float | None]:
    """A column of floats as it is stored: NULL stands for NaN, which SQLite cannot hold."""
    values: list[float | None] = column.tolist()
    for row in np.flatnonzero(np.isnan(column)).tolist():
        values[row] = None
    return values


def _execute(
    connection: Connection, compiled: SQLCompiler, columns: Mapping[str, Sequence[Any] | NDArray[Any]]
) -> None:
    names = compiled.positiontup if compiled.positional else list(compiled.binds)
    assert names is not None
    length = len(next(iter(columns.values())))
    if not length:
        return
    # What is no column is a constant of the statement.
    given = [columns[name] if name in columns else [compiled.params[name]] * length for name in names]
    bound = [
        _bound(column, compiled.binds[name].type, connection.dialect) for name, column in zip(names, given, strict=True)
    ]
    rows: Any = list(zip(*bound, strict=True))
    if not compiled.positional:
        rows = [dict(zip(names, row, strict=True)) for row in rows]
    connection.exec_driver_sql(compiled.string, rows)


@lru_cache(maxsize=64)
def _insertion(table: Table, dialect: Dialect, names: tuple[str, ...]) -> SQLCompiler:
    compiled = insert(table).compile(dialect=dialect, column_keys=names)
    assert isinstance(compiled, SQLCompiler)
    return compiled


@lru_cache(maxsize=64)
def _compiled(statement: Insert | Update | Delete, dialect: Dialect) -> SQLCompiler:
    compiled = statement.compile(dialect=dialect)
    assert isinstance(compiled, SQLCompiler)
    return compiled


def _bound(column: Sequence[Any] | NDArray[Any], kind: Any, dialect: Dialect) -> Sequence[Any]:
    """The values as the driver takes them."""
    values: Sequence[Any] = column.tolist() if isinstance(column, np.ndarray) else column
    process = kind.dialect_impl(dialect).bind_processor(dialect)
    if process is None:
        return values
    if isinstance(kind, Id):
        known = {value: process(value) for value in set(values)}
        return [known[value] for value in values]
    return [process(value) for value in values]
