"""A check vouches for every column of every table, on every engine: a cell that is changed is found."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, suppress
from typing import Any

import pytest
from sqlalchemy import Column, Double, Integer, LargeBinary, Table, select, update

from tb_runhistory.errors import RefusedData
from tb_runhistory.records.identity import id_bytes, id_text
from tb_runhistory.store.opening import open_database, open_writer
from tb_runhistory.store.sql.database import Database
from tb_runhistory.store.sql.schema import metadata
from tb_runhistory.store.sql.types import Id
from tb_runhistory.store.verify.store import verify_store
from tb_runhistory.uri import StoreUri, parse_uri
from tests.postgresql_server import running_server
from tests.store.live_store import build_live_store

UNCOVERED = {
    "store.name",
    "store.value",
    "experiments.changed",
    "runs.changed",
    "runs.heartbeat_at",
    "experiments.last_number",
}
"""What changes too often for a checksum, or is never shown; docs/cli.md names it. A last number is wrong if too low."""

COLUMNS = [column for table in metadata.sorted_tables for column in table.c if str(column) not in UNCOVERED]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def uri(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreUri]:
    """A store like one that is in use."""
    if request.param == "sqlite":
        yield _built(parse_uri(f"sqlite:///{tmp_path_factory.mktemp('store') / 'runs.db'}"))
        return
    with running_server() as server:
        yield _built(parse_uri(server.new_database()))


def _built(uri: StoreUri) -> StoreUri:
    with open_writer(uri) as writer:
        build_live_store(writer)
    return uri


def test_a_sound_store_has_no_faults_and_everything_is_counted(uri: StoreUri) -> None:
    shown: list[tuple[int, int]] = []
    report = verify_store(uri, lambda done, total: shown.append((done, total)))
    assert report.faults == []
    assert report.runs > 10
    assert report.points > 30_000
    assert report.entries > 15
    assert shown[0][0] == 0
    assert shown[-1][0] == shown[-1][1] > 0


@pytest.mark.parametrize("column", COLUMNS, ids=str)
def test_a_cell_that_is_changed_is_found(uri: StoreUri, column: Column[Any]) -> None:
    with closing(open_database(uri, writable=True)) as database:
        before = _row_with(database, column)
        changed = before
        for change in (1, 1000):
            changed = {**before, column.name: _other(column, before[column.name], change)}
            # Another row may have that key.
            with suppress(RefusedData):
                _replace(database, column.table, before, changed)
                break
        try:
            assert verify_store(uri).faults, f"{column}: {before[column.name]!r} became {changed[column.name]!r}"
        finally:
            _replace(database, column.table, changed, before)


def test_all_that_was_changed_was_changed_back(uri: StoreUri) -> None:
    assert verify_store(uri).faults == []


def _row_with(database: Database, column: Column[Any]) -> dict[str, Any]:
    """A row of the column's table, with a value in it if any has one."""
    with database.reading() as connection:
        rows = connection.execute(select(column.table).order_by(column.is_(None)).limit(1))
        return dict(rows.mappings().one())


def _replace(database: Database, table: Table, before: dict[str, Any], after: dict[str, Any]) -> None:
    is_row = [column == before[column.name] for column in table.primary_key]
    with database.writing() as connection:
        connection.execute(update(table).where(*is_row).values(after))


def _other(column: Column[Any], value: Any, change: int) -> Any:
    """Another value that the column may have."""
    if isinstance(column.type, Id):
        data = bytearray((id_bytes(value) if value else None) or bytes(16))
        data[-1] ^= 1
        return id_text(bytes(data))
    if isinstance(column.type, Double):
        return 0.25 if value is None else value * 2 + 1
    if isinstance(column.type, Integer):
        return 1 if value is None else value + change
    if isinstance(column.type, LargeBinary):
        return value[:-1] + bytes([value[-1] ^ 1]) if value else bytes(16)
    return f"{value or ''}x"
