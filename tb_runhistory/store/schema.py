"""The tables of a store, the same for every SQL database.

A tree of runs lives in one place: ``root_id`` is the first column of every primary key and unique index of the tables
that grow, and nothing (no sequence, no foreign key) crosses trees. ``experiments`` is the one small table, and run
numbers come from a counter in its rows. ``docs/format/schema.md`` describes each column.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Double, Index, Integer, LargeBinary, MetaData, Table, Text
from sqlalchemy.types import TypeEngine

SCHEMA_VERSION = 1
"""Raised by each release that changes a table; ``migrations/`` brings older stores up to it."""

metadata = MetaData()


def _keys(*names: str) -> list[Column[str]]:
    return [Column(name, Text, primary_key=True, nullable=False) for name in names]


def _required(kind: type[TypeEngine[Any]], *names: str) -> list[Column[Any]]:
    return [Column(name, kind, nullable=False) for name in names]


experiments = Table(
    "experiments",
    metadata,
    Column("name", Text, primary_key=True),
    *_required(Text, "description"),
    *_required(Double, "created_at"),
    *_required(BigInteger, "last_number"),
)

runs = Table(
    "runs",
    metadata,
    *_keys("root_id", "run_id"),
    *_required(Text, "parent_id", "path", "experiment", "display_name", "description", "status", "error", "host"),
    *_required(Text, "session_id"),
    *_required(BigInteger, "number", "depth", "dropped"),
    *_required(Double, "created_at"),
    Column("started_at", Double),
    Column("ended_at", Double),
    Column("heartbeat_at", Double),
    Index("runs_by_path", "root_id", "path"),
    Index("runs_by_id", "run_id"),
    Index("runs_by_experiment", "experiment", "created_at"),
)

params = Table(
    "params",
    metadata,
    *_keys("root_id", "run_id", "name"),
    *_required(Text, "kind"),
    Column("number", Double),
    Column("text", Text),
    sqlite_with_rowid=False,
)

tags = Table("tags", metadata, *_keys("root_id", "run_id", "name"), Column("value", Text), sqlite_with_rowid=False)

properties = Table(
    "properties", metadata, *_keys("root_id", "run_id", "name"), *_required(Text, "value"), sqlite_with_rowid=False
)

series = Table(
    "series",
    metadata,
    *_keys("root_id", "run_id"),
    Column("number", Integer, primary_key=True, autoincrement=False),
    *_required(Text, "tag", "data_class", "metric", "column_name", "shape", "description", "session_id"),
    *_required(BigInteger, "count", "hidden", "non_finite"),
    *_required(BigInteger, "first_step", "last_step", "minimum_step", "maximum_step"),
    *_required(Double, "first_wall_time", "last_wall_time", "sum"),
    # NULL stands for NaN, which SQLite cannot hold.
    Column("last_value", Double),
    Column("minimum", Double),
    Column("maximum", Double),
    Index("series_by_tag", "root_id", "run_id", "tag", "data_class", unique=True),
    sqlite_with_rowid=False,
)

sessions = Table(
    "sessions",
    metadata,
    *_keys("root_id", "run_id"),
    Column("series", Integer, primary_key=True, autoincrement=False),
    *_keys("session_id"),
    *_required(BigInteger, "first_step"),
    sqlite_with_rowid=False,
)
"""For each series and session that logged to it, the step of the session's first point."""

HIDDEN_LEVEL = -1
POINTS_LEVEL = 0

blocks = Table(
    "blocks",
    metadata,
    *_keys("root_id", "run_id"),
    Column("series", Integer, primary_key=True, autoincrement=False),
    Column("level", Integer, primary_key=True, autoincrement=False),
    Column("first_step", BigInteger, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    *_required(BigInteger, "last_step", "count"),
    *_required(LargeBinary, "payload"),
)
"""Level 0: points, disjoint and in step order within a series. Levels 1 and up: the pyramid. Level -1: hidden."""

appends = Table(
    "appends",
    metadata,
    *_keys("root_id", "run_id"),
    Column("number", Integer, primary_key=True, autoincrement=False),
    *_required(BigInteger, "points"),
    *_required(LargeBinary, "payload"),
)
"""Points of a run's series that are not in blocks yet: one row for each batch, all at steps beyond the blocks'."""

texts = Table(
    "texts",
    metadata,
    *_keys("root_id", "run_id"),
    Column("series", Integer, primary_key=True, autoincrement=False),
    Column("step", BigInteger, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    *_required(Text, "session_id", "text"),
    *_required(Double, "wall_time"),
    *_required(Boolean, "hidden"),
)

journals = Table(
    "journals",
    metadata,
    *_keys("root_id", "journal_id"),
    *_required(BigInteger, "sequence"),
    Index("journals_by_id", "journal_id"),
    sqlite_with_rowid=False,
)
"""How far each journal is applied to each tree, written in the transaction that applies it."""
