"""A file from somebody else costs a viewer little, and a writer nothing: it is a store, or it is refused."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import insert, select, text

from tb_runhistory.errors import DamagedData, NotAStore, RefusedData, StoreUnavailable
from tb_runhistory.store.opening import check_store, open_database
from tb_runhistory.store.sql.schema import properties
from tb_runhistory.store.sqlite import connection as connections
from tb_runhistory.uri import StoreUri, parse_uri
from tests.conformance.builder import id_of

BOMB = "printf('%.*c', 200000000, 'x')"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A store with nothing in it."""
    path = tmp_path / "runs.db"
    open_database(uri_of(path), writable=True).close()
    return path


def uri_of(path: Path) -> StoreUri:
    """The store's URI."""
    return parse_uri(f"sqlite:///{path}")


def change(path: Path, *statements: str) -> None:
    """What another program does to the file."""
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("PRAGMA journal_mode=DELETE")
        raw.executescript(";".join(statements))
        raw.execute("PRAGMA journal_mode=WAL")


HOSTILE = {
    "a view in a table's place": (
        "ALTER TABLE experiments RENAME TO e",
        f"CREATE VIEW experiments AS SELECT 1 AS experiment_id, {BOMB} AS name FROM e",
    ),
    "a further view": (f"CREATE VIEW more AS SELECT {BOMB}",),
    "a trigger": (f"CREATE TRIGGER t AFTER UPDATE ON store BEGIN SELECT {BOMB}; END",),
    "a generated column": (
        "DROP TABLE tags",
        f"""CREATE TABLE tags (root_id BLOB NOT NULL, run_id BLOB NOT NULL, name TEXT NOT NULL,
        value TEXT AS ({BOMB}), checksum BIGINT NOT NULL, PRIMARY KEY (root_id, run_id, name)) WITHOUT ROWID""",
    ),
    "an index of an expression": (f"CREATE INDEX i ON runs (substr({BOMB}, 1, 1))",),
    "an index that is missing": ("DROP INDEX runs_by_id",),
    "an index of other columns": ("DROP INDEX runs_by_id", "CREATE INDEX runs_by_id ON runs (number)"),
    "a table that is missing": ("DROP TABLE blocks",),
    "a virtual table": ("DROP TABLE blocks", "CREATE VIRTUAL TABLE blocks USING fts5(payload)"),
    "a further table": ("CREATE TABLE more (x)",),
    "endless recursion": (
        "ALTER TABLE store RENAME TO s",
        "CREATE VIEW store AS WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) "
        "SELECT CAST(n AS TEXT) AS name, CAST(n AS TEXT) AS value FROM r",
    ),
}


@pytest.mark.parametrize("statements", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_file_that_is_not_just_a_store_is_refused_at_once(path: Path, statements: tuple[str, ...]) -> None:
    change(path, *statements)
    before = path.read_bytes()
    started = time.thread_time()
    for writable in (False, True):
        with pytest.raises(DamagedData, match=r"does not belong there|is missing"):
            open_database(uri_of(path), writable)
    assert time.thread_time() - started < 5
    assert path.read_bytes() == before


def test_a_store_of_no_version_is_none(path: Path) -> None:
    change(path, "PRAGMA user_version=0")
    for attempt in (check_store, open_database):
        with pytest.raises(NotAStore, match="schema version is 0"):
            attempt(uri_of(path))


def test_a_hostile_log_is_not_trusted_either(path: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("PRAGMA wal_autocheckpoint=0")
        raw.execute("ALTER TABLE store RENAME TO s")
        raw.execute(HOSTILE["endless recursion"][1])
        copy = tmp_path / "copy.db"
        for suffix in ("", "-wal"):
            copy.with_name(f"copy.db{suffix}").write_bytes(path.with_name(f"runs.db{suffix}").read_bytes())
    started = time.thread_time()
    database = open_database(uri_of(copy))
    assert database.version() is not None, "without the log it is the store that it was"
    assert time.thread_time() - started < 5


def test_a_cell_is_read_or_refused_and_never_taken_whole(path: Path) -> None:
    row = ", ".join(f"CAST('{part}' AS BLOB)" for part in ("r" * 16, "s" * 16))
    change(path, f"INSERT INTO properties VALUES ({row}, 'x', CAST(zeroblob(50000000) AS TEXT), 0)")
    database = open_database(uri_of(path))
    with pytest.raises(DamagedData, match="cannot be read"), database.reading() as connection:
        connection.execute(select(properties.c.value)).all()


def test_what_no_reader_would_take_no_writer_takes(path: Path) -> None:
    database = open_database(uri_of(path), writable=True)
    row = {"root_id": id_of("a"), "run_id": id_of("a"), "name": "x", "checksum": 0}
    for value in ("x" * (connections.LARGEST_ROW_BYTES + 1), None, "\ud800"):
        with pytest.raises(RefusedData), database.writing() as connection:
            connection.execute(insert(properties), {**row, "value": value})
    with pytest.raises(RefusedData), database.writing() as connection:
        connection.execute(insert(properties), {**row, "value": "x", "checksum": 2**63})
    with database.writing() as connection:
        connection.execute(insert(properties), {**row, "value": "x"})
    database.close()


def test_text_that_is_no_utf8_costs_its_characters(path: Path) -> None:
    row = ", ".join(f"CAST('{part}' AS BLOB)" for part in ("r" * 16, "s" * 16))
    change(path, f"INSERT INTO properties VALUES ({row}, 'x', CAST(x'61ff62' AS TEXT), 0)")
    with open_database(uri_of(path)).reading() as connection:
        assert connection.scalars(select(properties.c.value)).all() == ["a\ufffdb"]


def test_a_question_that_works_too_long_ends(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counted = text(
        "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r LIMIT 1000000000) SELECT max(n) FROM r"
    )
    database = open_database(uri_of(path))
    database._reading = connections_limited_to(database, 0.2)  # type: ignore[attr-defined]
    started = time.thread_time()
    with pytest.raises(StoreUnavailable, match="seconds of work"), database.reading() as connection:
        connection.execute(counted)
    assert time.thread_time() - started < 5


def connections_limited_to(database: object, seconds: float) -> object:
    """The engine of a database whose questions may work so long."""
    from tb_runhistory.store.sqlite.writing import engine_over

    return engine_over(lambda: database._connect_reader(seconds), "BEGIN")  # type: ignore[attr-defined]


def test_waiting_does_not_count_as_work(path: Path) -> None:
    database = open_database(uri_of(path))
    database._reading = connections_limited_to(database, 0.4)  # type: ignore[attr-defined]
    counted = text("WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r LIMIT 200000) SELECT max(n) FROM r")
    with database.reading() as connection:
        for _ in range(2):
            assert connection.execute(counted).scalar_one() == 200_000
            time.sleep(0.5)


LOOK = """
import resource, sys
from tb_runhistory.errors import StoreError
from tb_runhistory.store.opening import open_reader
from tb_runhistory.records.columns import Scope
from tb_runhistory.uri import parse_uri
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    with open_reader(parse_uri("sqlite:///" + sys.argv[1])) as reader:
        reader.experiments()
        reader.runs(Scope())
except StoreError as error:
    print(error)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


def test_a_small_file_takes_little_memory(path: Path) -> None:
    change(
        path,
        *HOSTILE["a view in a table's place"],
        *(f"INSERT INTO e VALUES ({n}, 'e{n}', '', 0, 0, 0, 0, 0, 0)" for n in range(9)),
    )
    looked = subprocess.run([sys.executable, "-c", LOOK, str(path)], capture_output=True, text=True, check=True)
    sentence, grown = looked.stdout.splitlines()
    assert "does not belong there" in sentence
    assert int(grown) < 60
