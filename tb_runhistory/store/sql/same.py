"""The conditions by which rows of two tables, or a row and a statement's parameters, are of one run or series."""

from __future__ import annotations

from sqlalchemy import ColumnElement, FromClause, and_, bindparam


def same_run(one: FromClause, other: FromClause) -> ColumnElement[bool]:
    """Whether rows are of one run."""
    return _same(one, other, "root_id", "run_id")


def same_series(one: FromClause, other: FromClause) -> ColumnElement[bool]:
    """Whether rows, which name their ``series`` by its number, are of one series."""
    return _same(one, other, "root_id", "run_id", "series")


def same_level(one: FromClause, other: FromClause) -> ColumnElement[bool]:
    """Whether rows are of one level of the blocks of one series."""
    return _same(one, other, "root_id", "run_id", "series", "level")


def of_run(table: FromClause) -> ColumnElement[bool]:
    """Whether a row is of the run that the parameters ``of_root`` and ``of_run`` name."""
    return and_(table.c.root_id == bindparam("of_root"), table.c.run_id == bindparam("of_run"))


def of_series(table: FromClause) -> ColumnElement[bool]:
    """Whether a row is of the series that the parameters ``of_root``, ``of_run`` and ``of_series`` name."""
    return and_(of_run(table), table.c.series == bindparam("of_series"))


def _same(one: FromClause, other: FromClause, *names: str) -> ColumnElement[bool]:
    return and_(*(one.c[name] == other.c[name] for name in names))
