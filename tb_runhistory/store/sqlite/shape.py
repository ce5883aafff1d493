"""Whether the tables of a SQLite file are those of a store, and nothing else is in it.

A file from somebody else may hold views, virtual tables, generated columns and triggers, which compute whatever their
author wants wherever a table is read or written.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from functools import cache
from typing import TypeAlias

from sqlalchemy import create_engine
from sqlalchemy.pool import StaticPool

from tb_runhistory.errors import DamagedData
from tb_runhistory.store.sql.upgrade import create

Part: TypeAlias = tuple[object, ...]

_TABLES = """
    SELECT m.type, m.name, m.tbl_name, m.rootpage > 0, c.cid, c.name, upper(c.type), c.pk, c.hidden
    FROM sqlite_master AS m LEFT JOIN pragma_table_xinfo(m.name) AS c ON m.type IN ('table', 'view')
    WHERE m.type != 'index' AND substr(m.name, 1, 7) != 'sqlite_' LIMIT 1000
"""
_INDEXES = """
    SELECT m.type, m.name, m.tbl_name, m.rootpage > 0, c.seqno, c.name, c.coll
    FROM sqlite_master AS m JOIN pragma_index_xinfo(m.name) AS c
    WHERE m.type = 'index' AND substr(m.name, 1, 7) != 'sqlite_' AND c.key LIMIT 1000
"""


def check_shape(connection: sqlite3.Connection, path: str) -> None:
    """Makes sure that the file has the tables and indexes of this version's store and nothing beside them.

    Raises:
      DamagedData: it lacks some, or has others.
    """
    found, expected = _shape_of(connection), _expected_shape()
    if found != expected:
        foreign = sorted({f"{part[0]} {part[1]}"[:80] for part in found - expected})
        lacking = sorted({f"{part[0]} {part[1]}" for part in expected - found})
        raise DamagedData(
            f"the tables of {path} are not those of a run-history store: "
            f"{', '.join((foreign or lacking)[:5])} {'does not belong there' if foreign else 'is missing'}"
        )


def _shape_of(connection: sqlite3.Connection) -> frozenset[Part]:
    return frozenset([*connection.execute(_TABLES), *connection.execute(_INDEXES)])


@cache
def _expected_shape() -> frozenset[Part]:
    with closing(sqlite3.connect(":memory:", check_same_thread=False)) as memory:
        engine = create_engine("sqlite+pysqlite://", creator=lambda: memory, poolclass=StaticPool)
        with engine.begin() as connection:
            create(connection)
            return _shape_of(memory)
