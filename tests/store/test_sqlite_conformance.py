"""The SQLite store keeps the contract of ``store.base``."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tb_runhistory.store.base import RunHistoryReader, RunHistoryWriter
from tb_runhistory.store.block import decode_block, decode_tail
from tb_runhistory.store.opening import open_reader, open_writer
from tb_runhistory.uri import StoreUri, parse_uri
from tests.conformance.store_suite import StoreDoor, StoreSuite
from tests.conformance.tree_suite import TreeSuite


class SqliteDoor(StoreDoor):
    """A store in a file, looked into with the sqlite3 module."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.uri: StoreUri = parse_uri(f"sqlite:///{path}")

    def open_writer(self) -> RunHistoryWriter:
        return open_writer(self.uri)

    def open_reader(self) -> RunHistoryReader:
        return open_reader(self.uri)

    def stored_points(self, run_id: str) -> set[tuple[int, float]]:
        with closing(sqlite3.connect(self.path)) as raw:
            payloads = raw.execute("SELECT payload FROM blocks WHERE run_id = ? AND level <= 0", (run_id,)).fetchall()
            tails = raw.execute("SELECT payload FROM appends WHERE run_id = ?", (run_id,)).fetchall()
        parts = [decode_block(payload) for (payload,) in payloads]
        parts += [points for (payload,) in tails for _, points in decode_tail(payload)]
        return {(int(s), float(v)) for part in parts for s, v in zip(part.steps, part.values, strict=True)}

    def damage_points(self, run_id: str) -> None:
        with closing(sqlite3.connect(self.path)) as raw, raw:
            rows = raw.execute("SELECT rowid, payload FROM blocks WHERE run_id = ? AND level = 0", (run_id,)).fetchall()
            assert rows
            for rowid, payload in rows:
                middle = len(payload) // 2
                hurt = payload[:middle] + bytes([payload[middle] ^ 4]) + payload[middle + 1 :]
                raw.execute("UPDATE blocks SET payload = ? WHERE rowid = ?", (hurt, rowid))

    def stored_rows(self, run_id: str) -> int:
        count = (
            "SELECT (SELECT count(*) FROM blocks WHERE run_id = :r) + (SELECT count(*) FROM appends WHERE run_id = :r)"
        )
        with closing(sqlite3.connect(self.path)) as raw:
            return int(raw.execute(count, {"r": run_id}).fetchone()[0])


class TestSqlite(StoreSuite, TreeSuite):
    """The suite over a SQLite file."""

    @pytest.fixture
    def door(self, tmp_path: Path) -> SqliteDoor:
        """A store that does not exist yet."""
        return SqliteDoor(tmp_path / "runs.db")
