"""A log goes only into the file that it is of: files of a store that were removed, moved, or restored from a backup."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from tb_runhistory.errors import NotFound
from tb_runhistory.store.opening import open_database
from tb_runhistory.store.sql.schema import properties
from tb_runhistory.store.sqlite import writing
from tb_runhistory.store.sqlite.connection import connect_reader
from tb_runhistory.store.sqlite.database import SqliteDatabase
from tb_runhistory.store.sqlite.files import has_log
from tb_runhistory.uri import parse_uri
from tests.conformance.builder import id_of

FILES = ("", "-wal", "-shm", "-lock")


class Store:
    """A store in a folder, into which rows are written one commit a row."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self.path = folder / "runs.db"
        self.uri = parse_uri(f"sqlite:///{self.path}")

    def open(self) -> SqliteDatabase:
        """The store, for writing."""
        database = open_database(self.uri, writable=True)
        assert isinstance(database, SqliteDatabase)
        return database

    def rows(self) -> set[str]:
        """What a viewer sees."""
        database = open_database(self.uri)
        with database.reading() as connection:
            found = set(connection.scalars(select(properties.c.name)))
        database.close()
        return found

    def crash(self, folder: Path) -> Store:
        """What is left when its writer is killed now: the same files elsewhere."""
        left = Store(folder)
        for suffix in FILES:
            if os.path.exists(f"{self.path}{suffix}"):
                shutil.copy2(f"{self.path}{suffix}", f"{left.path}{suffix}")
        return left

    def backup(self, path: Path) -> Path:
        """A copy of the main file."""
        shutil.copy2(self.path, path)
        return path

    def check(self) -> None:
        """SQLite finds nothing wrong with it."""
        with closing(sqlite3.connect(self.path)) as raw:
            assert raw.execute("PRAGMA integrity_check").fetchall() == [("ok",)]

    def set_aside(self) -> list[str]:
        """The logs that were renamed."""
        return [each.name for each in self.path.parent.iterdir() if "-wal-of-another-store-" in each.name]


def write(database: SqliteDatabase, *names: str, size: int = 10) -> None:
    """Writes rows, each in a commit of its own."""
    for name in names:
        with database.writing() as connection:
            row = {"root_id": id_of(name), "run_id": id_of(name), "name": name, "value": "x" * size, "checksum": 0}
            connection.execute(insert(properties), row)


def lose(database: SqliteDatabase, number: int = 0) -> None:
    """Writes so much that some of it gets from the log into the main file, and more into the log."""
    write(database, *(f"lost-{number}-{row}" for row in range(6)), size=1 << 20)
    write(database, *(f"lost-{number}-{row}" for row in range(6, 20)), size=10_000)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A store that does not exist yet."""
    return Store(tmp_path / "store")


@pytest.fixture
def killed(store: Store, tmp_path: Path) -> Store:
    """A store whose writer was killed when it had checkpointed some of its commits."""
    database = store.open()
    write(database, *(f"old-{number}" for number in range(6)), size=1 << 20)
    write(database, "new")
    left = store.crash(tmp_path / "killed")
    database.close()
    assert os.path.getsize(f"{left.path}-wal") > 0
    return left


def test_what_a_killed_writer_committed_is_there(killed: Store) -> None:
    expected = {*(f"old-{number}" for number in range(6)), "new"}
    assert killed.rows() == expected
    database = killed.open()
    write(database, "later")
    database.close()
    assert killed.rows() == {*expected, "later"}
    assert not killed.set_aside()
    killed.check()


@pytest.mark.parametrize("left", [("-wal",), ("-wal", "-shm"), ("-wal", "-shm", "-lock")])
def test_the_log_of_a_store_that_was_removed_gets_into_no_new_one(
    killed: Store, left: tuple[str, ...], caplog: pytest.LogCaptureFixture
) -> None:
    for suffix in FILES:
        if suffix not in left:
            os.unlink(f"{killed.path}{suffix}")
    database = killed.open()
    assert "is kept as" in caplog.text
    write(database, "first")
    assert killed.rows() == {"first"}
    database.close()
    assert killed.rows() == {"first"}
    assert len(killed.set_aside()) == 1
    killed.check()


@pytest.mark.parametrize("way", ["copied over it", "moved to its place", "removed and copied"])
def test_the_log_of_a_killed_writer_does_not_get_into_a_backup(store: Store, tmp_path: Path, way: str) -> None:
    database = store.open()
    write(database, "kept")
    database.close()
    backup = store.backup(tmp_path / "backup.db")
    database = store.open()
    lose(database)
    killed = store.crash(tmp_path / "killed")
    database.close()
    put(backup, killed.path, way)
    assert killed.rows() == {"kept"}, "a viewer does not take the log for the backup's"
    database = killed.open()
    assert killed.rows() == {"kept"}
    write(database, "later")
    database.close()
    assert killed.rows() == {"kept", "later"}
    assert len(killed.set_aside()) == 1
    killed.check()


def put(backup: Path, path: Path, way: str) -> None:
    """Puts a copy of a backup in the place of a store."""
    if way == "copied over it":
        shutil.copyfile(backup, path)
    elif way == "moved to its place":
        shutil.copyfile(backup, backup.with_suffix(".copy"))
        os.rename(backup.with_suffix(".copy"), path)
    else:
        os.unlink(path)
        shutil.copyfile(backup, path)


@pytest.mark.parametrize("way", ["copied over it", "moved to its place", "removed and copied"])
@pytest.mark.parametrize("writers", [1, 2])
def test_a_backup_that_is_put_back_while_runs_are_recorded_is_recorded_into(
    store: Store, tmp_path: Path, way: str, writers: int
) -> None:
    first = store.open()
    write(first, "kept")
    first.close()
    backup = store.backup(tmp_path / "backup.db")
    open_ones = [store.open() for _ in range(writers)]
    for number, database in enumerate(open_ones):
        lose(database, number)
    put(backup, store.path, way)
    for number, database in enumerate(open_ones):
        write(database, f"later-{number}")
    later = {f"later-{number}" for number in range(writers)}
    assert store.rows() == {"kept"} | later
    for database in open_ones:
        database.close()
    assert store.rows() == {"kept"} | later
    store.check()


def test_a_store_that_is_removed_while_runs_are_recorded_is_begun_anew(store: Store) -> None:
    first = store.open()
    write(first, "lost")
    os.unlink(store.path)
    with pytest.raises(NotFound, match="is gone"):
        write(first, "refused")
    second = store.open()
    write(second, "a")
    write(first, "b")
    write(second, "c")
    assert store.rows() == {"a", "b", "c"}
    first.close()
    second.close()
    assert store.rows() == {"a", "b", "c"}
    store.check()


def test_all_files_may_be_removed_while_runs_are_recorded(store: Store) -> None:
    first = store.open()
    write(first, "lost")
    for suffix in FILES:
        os.unlink(f"{store.path}{suffix}")
    with pytest.raises(NotFound, match="is gone"):
        write(first, "refused")
    second = store.open()
    write(second, "a")
    write(first, "b")
    first.close()
    second.close()
    assert store.rows() == {"a", "b"}
    store.check()


def test_a_viewer_reads_the_file_that_is_there_when_it_was_replaced_under_its_writer(
    store: Store, tmp_path: Path
) -> None:
    first = store.open()
    write(first, "kept")
    first.close()
    backup = store.backup(tmp_path / "backup.db")
    database = store.open()
    lose(database)
    put(backup, store.path, "moved to its place")
    assert store.rows() == {"kept"}
    database.close()
    store.check()


def test_the_lock_file_may_be_removed_at_any_time(store: Store, tmp_path: Path) -> None:
    first, second = store.open(), store.open()
    write(first, "a")
    os.unlink(f"{store.path}-lock")
    write(second, "b")
    write(first, "c")
    killed = store.crash(tmp_path / "killed")
    os.unlink(f"{killed.path}-lock")
    for each in (store, killed):
        assert each.rows() == {"a", "b", "c"}
    first.close()
    second.close()
    killed.open().close()
    assert killed.rows() == store.rows() == {"a", "b", "c"}
    assert not killed.set_aside()


def test_a_log_that_was_moved_with_its_file_is_its_own(killed: Store, tmp_path: Path) -> None:
    moved = Store(tmp_path / "moved")
    for suffix in ("", "-wal"):
        shutil.copyfile(f"{killed.path}{suffix}", f"{moved.path}{suffix}")
    assert moved.rows() == killed.rows()
    moved.open().close()
    assert moved.rows() == killed.rows()
    assert not moved.set_aside()


def test_the_main_file_of_a_live_store_is_a_backup_that_its_log_completes(store: Store, tmp_path: Path) -> None:
    database = store.open()
    write(database, "a")
    backup = store.backup(tmp_path / "backup.db")
    write(database, "b")
    killed = store.crash(tmp_path / "killed")
    database.close()
    put(backup, killed.path, "moved to its place")
    assert killed.rows() == {"a", "b"}


@pytest.mark.parametrize("rows", range(40, 60))
def test_a_checkpoint_that_a_viewer_kept_from_being_whole_loses_nothing(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    monkeypatch.setattr(writing, "CHECKPOINT_BYTES", 0)
    monkeypatch.setattr(writing, "_GROWN_BYTES", 0)
    database = store.open()
    expected = {f"row-{number}" for number in range(rows)}
    write(database, *expected, size=300)
    viewer = open_database(store.uri)
    with viewer.reading() as connection:
        # What the viewer sees stays in the log, and pages that are written after it are not moved.
        connection.execute(select(properties.c.name)).all()
        write(database, "a", "b", "c")
        killed = store.crash(tmp_path / "killed")
    viewer.close()
    expected |= {"a", "b", "c"}
    assert killed.rows() == expected
    reopened = killed.open()
    write(reopened, "d")
    reopened.close()
    assert killed.rows() == {*expected, "d"}
    assert not killed.set_aside()
    killed.check()
    database.close()


@pytest.mark.parametrize("seed", [*range(25), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(25, 400))])
def test_whatever_is_done_to_the_files_the_store_is_whole(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Writes, checkpoints, kills, backups and their return, in any order, against a model of what must be shown."""
    monkeypatch.setattr(writing, "CHECKPOINT_BYTES", 40_000)
    monkeypatch.setattr(writing, "_GROWN_BYTES", 10_000)
    chance = random.Random(seed)
    store, expected = Store(tmp_path / "0"), set[str]()
    backups: list[tuple[Path, set[str]]] = []
    database: SqliteDatabase | None = None
    for step in range(chance.randint(5, 40)):
        action = chance.choice(["write", "write", "write", "close", "kill", "back up", "restore", "view", "hold"])
        if action == "write":
            database = database or store.open()
            names = [f"{step}-{number}" for number in range(chance.randint(1, 5))]
            write(database, *names, size=chance.choice([10, 5000, 20_000]))
            expected |= {*names}
        elif action == "close" and database is not None:
            database.close()
            database = None
        elif action == "kill" and database is not None:
            killed = store.crash(tmp_path / str(step + 1))
            database.close()
            store, database = killed, None
        elif action == "back up" and database is None and store.path.exists():
            if not os.path.exists(f"{store.path}-wal"):
                backups.append((store.backup(tmp_path / f"backup-{step}.db"), set(expected)))
        elif action == "restore" and backups:
            backup, held = chance.choice(backups)
            put(backup, store.path, chance.choice(["copied over it", "moved to its place"]))
            # A log that began with just this file is still its own, and all that was committed is there.
            shown = store.rows()
            assert shown == held or (shown == expected and os.path.exists(f"{store.path}-wal"))
            expected = shown
        elif action == "hold" and database is not None:
            # A viewer keeps a checkpoint from being complete.
            viewer = open_database(store.uri)
            with viewer.reading() as connection:
                connection.execute(select(properties.c.name)).all()
                write(database, f"{step}-held", size=50_000)
            viewer.close()
            expected |= {f"{step}-held"}
        elif action == "view" and store.path.exists():
            assert store.rows() == expected
    if database is not None:
        database.close()
    if store.path.exists():
        store.open().close()
        assert store.rows() == expected
        store.check()


def test_who_reads_under_locks_keeps_them_when_who_read_a_log_that_was_left_is_done(killed: Store) -> None:
    path = str(killed.path)
    unlocked = connect_reader(path, has_log)
    writer = killed.open()
    reading = connect_reader(path, has_log)
    assert (unlocked.has_locks, reading.has_locks) == (False, True)
    reading.execute("BEGIN")
    reading.execute("SELECT count(*) FROM properties").fetchone()
    assert is_locked(path)
    unlocked.close()
    assert is_locked(path)
    reading.close()
    writer.close()
    assert not is_locked(path)
    assert path not in [os.path.realpath(f"/proc/self/fd/{number}") for number in os.listdir("/proc/self/fd")]
    killed.check()


def test_a_forked_child_closes_what_it_inherits_and_opens_its_own(killed: Store) -> None:
    writer = killed.open()
    reading = connect_reader(str(killed.path), has_log)
    child = os.fork()
    if child == 0:
        try:
            reading.close()
            own = connect_reader(str(killed.path), has_log)
            rows = own.execute("SELECT count(*) FROM properties").fetchone()[0]
            own.close()
            os._exit(0 if rows else 2)
        finally:
            os._exit(1)
    assert os.waitpid(child, 0)[1] == 0
    reading.close()
    writer.close()
    killed.check()


def is_locked(path: str) -> bool:
    """Whether another process sees a lock on SQLite's bytes of the file."""
    ask = (
        "import fcntl, os, struct, sys\n"
        "flock = struct.Struct('hh4xqqi4x')\n"
        "asked = flock.pack(fcntl.F_WRLCK, os.SEEK_SET, 0x40000000, 512, 0)\n"
        "file = os.open(sys.argv[1], os.O_RDWR)\n"
        "print(flock.unpack(fcntl.fcntl(file, fcntl.F_GETLK, asked))[0] != fcntl.F_UNLCK)"
    )
    answer = subprocess.run([sys.executable, "-c", ask, path], capture_output=True, text=True, check=True)
    return answer.stdout.strip() == "True"
