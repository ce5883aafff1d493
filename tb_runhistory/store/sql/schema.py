"""The tables of a store, the same for every SQL database.

A tree of runs lives in one place: ``root_id`` is the first column of every primary key and unique index of the tables
that grow, and nothing (no sequence, no foreign key) crosses trees. ``experiments`` and ``names`` are small, and run
numbers come from a counter in a row of the former. ``docs/format/schema.md`` describes each column, and what a row
costs. Rows that are shown carry a checksum (``rows.py``), payloads carry theirs (``points.payload``).
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Double,
    Index,
    Integer,
    MetaData,
    SmallInteger,
    Table,
    literal_column,
)
from sqlalchemy.types import TypeEngine

from tb_runhistory.store.sql.types import Bytes, Id, Word

SCHEMA_VERSION = 1
"""Raised by each release that changes a table; ``migrations/`` brings older stores up to it."""

metadata = MetaData()


def _keys(kind: TypeEngine[Any] | type[TypeEngine[Any]], *names: str) -> list[Column[Any]]:
    return [Column(name, kind, primary_key=True, nullable=False, autoincrement=False) for name in names]


def _required(kind: TypeEngine[Any] | type[TypeEngine[Any]], *names: str) -> list[Column[Any]]:
    return [Column(name, kind, nullable=False) for name in names]


def _optional(kind: TypeEngine[Any] | type[TypeEngine[Any]], *names: str) -> list[Column[Any]]:
    return [Column(name, kind) for name in names]


store = Table(
    "store",
    metadata,
    *_keys(Word, "name"),
    *_required(Word, "value"),
)
"""What the store says of itself: ``id``, by which its files know one another, and ``collected``: see ``changes``."""

experiments = Table(
    "experiments",
    metadata,
    *_keys(Integer, "experiment_id"),
    *_required(Word, "name"),
    *_optional(Word, "description"),
    *_required(SmallInteger, "stage"),
    *_required(Double, "created_at"),
    *_required(BigInteger, "last_number", "run_count", "changed", "checksum"),
    Index("experiments_by_name", "name", unique=True),
)
"""``last_number`` is the number of the newest run, ``run_count`` the number of active ones."""

names = Table(
    "names",
    metadata,
    *_keys(Integer, "experiment_id"),
    *_keys(SmallInteger, "kind"),
    *_keys(Word, "name"),
    *_required(BigInteger, "run_count"),
    sqlite_with_rowid=False,
)
"""Which parameters (kind 0) and scalar metrics (kind 1) the active runs of an experiment have, and how many runs; and
of which metrics less (kind 2) or more (kind 3) is better, where somebody said so, counting none; and how the experiment
is shown at first (kind 4, one row at most)."""

runs = Table(
    "runs",
    metadata,
    *_keys(Id, "root_id"),
    *_keys(Bytes, "path"),
    *_required(Id, "run_id"),
    *_optional(Id, "parent_id"),
    *_required(SmallInteger, "depth", "status", "stage"),
    *_required(Integer, "experiment_id"),
    *_required(BigInteger, "number", "changed", "checksum"),
    *_optional(Word, "chosen_id", "display_name", "description", "error", "host"),
    *_optional(Integer, "session"),
    *_optional(Id, "session_id"),
    *_required(Double, "created_at"),
    *_optional(Double, "started_at", "ended_at", "heartbeat_at"),
    *_optional(BigInteger, "dropped", "refused"),
)
"""``path`` is the ids below the root down to the run, 16 bytes each: none at the root. ``session`` is the ordinal of
the newest session, ``session_id`` its id. NULL stands for what is empty or 0."""

Index("runs_by_id", runs.c.run_id)
Index("runs_by_changed", runs.c.changed)
# Written out, in questions as well: a partial index serves only where the database sees that its condition holds.
IS_BELOW = runs.c.depth > literal_column("0")
IS_ROOT = runs.c.depth == literal_column("0")
IS_PUT_AWAY = runs.c.stage != literal_column("0")
"""A run that is archived or deleted. They are few, and counted apart from all others."""
Index(
    "runs_by_parent",
    runs.c.root_id,
    runs.c.parent_id,
    runs.c.created_at,
    sqlite_where=IS_BELOW,
    postgresql_where=IS_BELOW,
)
Index(
    "roots_by_experiment",
    runs.c.experiment_id,
    runs.c.created_at,
    sqlite_where=IS_ROOT,
    postgresql_where=IS_ROOT,
)
Index("roots_by_creation", runs.c.created_at, sqlite_where=IS_ROOT, postgresql_where=IS_ROOT)
Index(
    "runs_put_away",
    runs.c.root_id,
    runs.c.parent_id,
    runs.c.stage,
    runs.c.experiment_id,
    sqlite_where=IS_PUT_AWAY,
    postgresql_where=IS_PUT_AWAY,
)
_chosen = runs.c.chosen_id.is_not(None)
Index("runs_by_chosen_id", runs.c.chosen_id, sqlite_where=_chosen, postgresql_where=_chosen)

sessions = Table(
    "sessions",
    metadata,
    *_keys(Id, "root_id", "run_id"),
    *_keys(Integer, "session"),
    *_required(Id, "session_id"),
    *_required(BigInteger, "checksum"),
    sqlite_with_rowid=False,
)
"""The sessions of runs that were resumed, all but the newest, by their ordinal."""

params = Table(
    "params",
    metadata,
    *_keys(Id, "root_id", "run_id"),
    *_keys(Word, "name"),
    *_required(SmallInteger, "kind"),
    *_optional(Double, "number"),
    *_optional(Word, "text"),
    *_required(BigInteger, "checksum"),
    sqlite_with_rowid=False,
)

tags = Table(
    "tags",
    metadata,
    *_keys(Id, "root_id", "run_id"),
    *_keys(Word, "name"),
    *_optional(Word, "value"),
    *_required(BigInteger, "checksum"),
    sqlite_with_rowid=False,
)

properties = Table(
    "properties",
    metadata,
    *_keys(Id, "root_id", "run_id"),
    *_keys(Word, "name"),
    *_required(Word, "value"),
    *_required(BigInteger, "checksum"),
    sqlite_with_rowid=False,
)

series = Table(
    "series",
    metadata,
    *_keys(Id, "root_id", "run_id"),
    *_keys(SmallInteger, "data_class"),
    *_keys(Word, "tag"),
    *_required(Integer, "number", "session"),
    *_optional(Word, "declaration"),
    *_required(BigInteger, "checksum", "count", "hidden", "non_finite"),
    *_required(BigInteger, "first_step", "last_step", "minimum_step", "maximum_step"),
    *_optional(Double, "last_wall_time", "last_value", "first_value", "minimum", "maximum", "sum"),
    sqlite_with_rowid=False,
)
"""``number`` names a series within its run, from 0. ``session`` is the ordinal of the newest session that logged to
it. ``declaration`` is JSON with what of metric, column, shape, description and plugin is not what a plain metric has;
the checksum covers what never changes. NULL in a fact stands for NaN, which SQLite cannot hold."""

resumptions = Table(
    "resumptions",
    metadata,
    *_keys(Id, "root_id", "run_id"),
    *_keys(Integer, "series", "session"),
    *_required(BigInteger, "first_step", "checksum"),
    sqlite_with_rowid=False,
)
"""For each session of a run but the first, and each series that it logged to, its first value's step there."""

SUPERSEDED_LEVEL = -2
REPLACED_LEVEL = -1
POINTS_LEVEL = 0

blocks = Table(
    "blocks",
    metadata,
    *_keys(Id, "root_id", "run_id"),
    *_keys(Integer, "series"),
    *_keys(SmallInteger, "level"),
    *_keys(BigInteger, "first_step"),
    *_keys(Integer, "number"),
    *_required(BigInteger, "last_step", "count"),
    *_required(Bytes, "payload"),
)
"""Level 0: points, disjoint and in step order within a series. Levels 1 and up: the pyramid. Level -1: points that a
later one of their session replaced at their step, in the order logged. Level -2: what a later session superseded."""

appends = Table(
    "appends",
    metadata,
    *_keys(Id, "root_id", "run_id"),
    *_keys(Integer, "number"),
    *_required(BigInteger, "points"),
    *_required(Bytes, "payload"),
)
"""Points of a run's series that are in no block: one row a batch, at steps beyond the blocks'; in the end one row."""

entries = Table(
    "entries",
    metadata,
    *_keys(Id, "root_id", "run_id"),
    *_keys(Integer, "series"),
    *_keys(BigInteger, "step"),
    *_keys(Integer, "number"),
    *_required(SmallInteger, "state"),
    *_required(Integer, "session"),
    *_optional(Double, "wall_time"),
    *_required(Bytes, "payload"),
)
"""Values of series that are not scalar. State 0 is shown, 1 replaced at its step, 2 superseded by a later session. The
payload (``points.payload`` frames it) has each content, or the digest of the artifact that has it."""

journals = Table(
    "journals",
    metadata,
    *_keys(Id, "root_id", "journal_id"),
    *_required(BigInteger, "sequence", "checksum"),
    Index("journals_by_id", "journal_id"),
    sqlite_with_rowid=False,
)
"""How far each journal is applied to each tree, compared and advanced in the transaction that applies it. What belongs
to no tree has the root id of zeros."""
