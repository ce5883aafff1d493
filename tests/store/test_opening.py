"""What is said of a path that holds no store, and how a store comes into being."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tb_runhistory.errors import DamagedData, NotAStore, NotFound, RunHistoryError, StoreTooNew, StoreUnavailable
from tb_runhistory.records.changes import DataClass
from tb_runhistory.records.columns import Scope
from tb_runhistory.records.identity import new_id
from tb_runhistory.store.opening import NEWEST_SCHEMA, check_store, open_reader, open_writer, store_exists
from tb_runhistory.store.sql.schema import SCHEMA_VERSION
from tb_runhistory.store.sqlite import files
from tb_runhistory.store.sqlite.locks import StoreLock
from tb_runhistory.uri import StoreUri, parse_uri
from tests.conformance.builder import History
from tests.conformance.door import StoreDoor


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a store may be."""
    return tmp_path / "runs.db"


def uri_of(path: Path) -> StoreUri:
    """The store's URI."""
    return parse_uri(f"sqlite:///{path}")


def make_foreign_database(path: Path) -> None:
    """Another program's SQLite file."""
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("CREATE TABLE t (x)")


def make_newer_store(path: Path) -> None:
    """A store of a schema that is not known yet."""
    open_writer(uri_of(path)).close()
    with closing(sqlite3.connect(path)) as raw:
        raw.execute("PRAGMA user_version=99")


def make_two_names(path: Path) -> None:
    """A store whose file stands in two places."""
    open_writer(uri_of(path)).close()
    os.link(path, path.with_name("other.db"))


def test_a_store_can_be_checked_without_what_is_heavy() -> None:
    assert NEWEST_SCHEMA == SCHEMA_VERSION
    code = (
        "import sys; from tb_runhistory.store.opening import check_store; from tb_runhistory.uri import parse_uri\n"
        "try: check_store(parse_uri('sqlite:////nowhere/runs.db'))\nexcept Exception as e: print(type(e).__name__)\n"
        "print('sqlalchemy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["NotFound", "False"]


def test_a_store_of_each_engine_is_made_once_and_found(door: StoreDoor) -> None:
    assert not store_exists(door.uri)
    with pytest.raises(NotFound, match="there is no store"):
        open_reader(door.uri)
    open_writer(door.uri).close()
    assert store_exists(door.uri)
    check_store(door.uri)
    with door.raw() as connection:
        first = connection.exec_driver_sql("SELECT value FROM store WHERE name = 'id'").scalar_one()
    open_writer(door.uri).close()
    with door.raw() as connection:
        assert connection.exec_driver_sql("SELECT value FROM store WHERE name = 'id'").scalar_one() == first


@pytest.mark.parametrize(
    ("make", "error", "says"),
    [
        (lambda path: None, NotFound, "there is no store"),
        (lambda path: path.write_bytes(b""), NotAStore, "no SQLite file"),
        (lambda path: path.write_bytes(b"x" * 4096), NotAStore, "no SQLite file"),
        (lambda path: path.mkdir(), NotAStore, "is not a file"),
        (lambda path: os.mkfifo(path), NotAStore, "is not a file"),
        (make_foreign_database, NotAStore, "not a run-history store"),
        (make_newer_store, StoreTooNew, "upgrade with pip"),
        (make_two_names, NotAStore, "hard links"),
    ],
    ids=["missing", "empty", "text", "folder", "pipe", "foreign", "newer", "two names"],
)
def test_what_is_no_store_is_refused_with_a_sentence(
    path: Path, make: object, error: type[RunHistoryError], says: str
) -> None:
    make(path)  # type: ignore[operator]
    for attempt in (check_store, open_reader):
        with pytest.raises(error, match=says) as raised:
            attempt(uri_of(path))
        assert str(path) in str(raised.value)


def make_live_foreign_database(path: Path) -> None:
    """Another program's file, with a log beside it."""
    raw = sqlite3.connect(path.with_name("source.db"))
    raw.execute("PRAGMA journal_mode=WAL")
    raw.execute("CREATE TABLE t (x)")
    for suffix in ("", "-wal"):
        shutil.copy(path.with_name(f"source.db{suffix}"), f"{path}{suffix}")
    raw.close()
    path.with_name("source.db").unlink()


@pytest.mark.parametrize(
    "make",
    [
        make_foreign_database,
        make_live_foreign_database,
        make_newer_store,
        make_two_names,
        lambda path: path.write_text("notes" * 99),
    ],
    ids=["foreign", "foreign and live", "newer", "two names", "text"],
)
def test_what_is_no_store_is_never_written(path: Path, make: object) -> None:
    make(path)  # type: ignore[operator]
    before = {each.name: each.read_bytes() for each in path.parent.iterdir() if not each.name.endswith("-lock")}
    with pytest.raises((NotAStore, StoreTooNew)):
        open_writer(uri_of(path))
    after = {each.name: each.read_bytes() for each in path.parent.iterdir() if not each.name.endswith("-lock")}
    assert after == before


def test_a_store_is_its_file_by_whichever_link(path: Path, tmp_path: Path) -> None:
    link = tmp_path / "elsewhere" / "link.db"
    link.parent.mkdir()
    link.symlink_to(path)
    with open_writer(uri_of(link)) as by_link, open_writer(uri_of(path)) as by_path:
        History(by_link).root("by link")
        History(by_path, new_id()).root("by path")
        for each in (link, path):
            with open_reader(uri_of(each)) as reader:
                assert reader.runs(Scope()).chosen_id == ["by link", "by path"]
    assert {each.name for each in link.parent.iterdir()} == {"link.db"}
    assert uri_of(link).key == uri_of(path).key


def test_a_file_that_is_mounted_by_itself_is_refused(path: Path, tmp_path: Path) -> None:
    open_writer(uri_of(path)).close()
    place = tmp_path / "place.db"
    place.touch()
    mounted = subprocess.run(["mount", "--bind", path, place], capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"a file cannot be mounted here: {mounted.stderr.strip()}")
    try:
        for attempt in (check_store, open_reader, open_writer):
            with pytest.raises(NotAStore, match="mount its folder instead"):
                attempt(uri_of(place))
    finally:
        subprocess.run(["umount", place], check=True)


def test_a_writer_makes_the_store_and_its_folder(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "runs.db"
    with open_writer(uri_of(path)) as writer:
        History(writer).root("run")
    check_store(uri_of(path))
    assert sorted(each.name for each in path.parent.iterdir()) == ["runs.db", "runs.db-lock"]


def test_an_empty_file_becomes_a_store(path: Path) -> None:
    path.touch()
    open_writer(uri_of(path)).close()
    check_store(uri_of(path))


def _record_one(path: Path, number: int, start: multiprocessing.synchronize.Barrier) -> None:
    start.wait()
    with open_writer(uri_of(path)) as writer:
        History(writer, new_id()).root(f"run-{number}").log("loss", [number])


def test_many_processes_may_make_one_store_at_once(path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    start = spawn.Barrier(6)
    processes = [spawn.Process(target=_record_one, args=(path, number, start)) for number in range(6)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0] * 6
    with open_reader(uri_of(path)) as reader:
        assert sorted(reader.runs(Scope()).number.tolist()) == [1, 2, 3, 4, 5, 6]


def test_a_network_file_system_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "file_system_of", lambda folder: "nfs4")
    with pytest.raises(StoreUnavailable, match="network file system"):
        open_writer(uri_of(path))
    assert not path.exists()


def test_a_store_that_is_gone_is_said_to_be_gone_and_found_again(path: Path, tmp_path: Path) -> None:
    with open_writer(uri_of(path)) as writer:
        History(writer).root("run")
    with open_reader(uri_of(path)) as reader:
        path.rename(tmp_path / "away.db")
        with pytest.raises(NotFound, match="is gone"):
            reader.runs(Scope())
        (tmp_path / "away.db").rename(path)
        assert reader.runs(Scope()).chosen_id == ["run"]


def test_a_writer_notices_that_its_file_was_replaced(path: Path) -> None:
    with open_writer(uri_of(path)) as writer:
        history = History(writer)
        history.root("lost")
        path.unlink()
        with pytest.raises(NotFound, match="is gone"):
            history.root("refused")
        open_writer(uri_of(path)).close()
        history.root("run")
        with open_reader(uri_of(path)) as reader:
            assert reader.runs(Scope()).chosen_id == ["run"]


def test_a_stuck_writer_is_named(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_writer(uri_of(path)) as writer:
        monkeypatch.setattr(StoreLock.commit.__wrapped__, "__defaults__", (0.05,))  # type: ignore[attr-defined]
        lock = StoreLock(str(path))
        with lock.commit(1), pytest.raises(StoreUnavailable, match="locked by another process"):
            History(writer).root("run")
        lock.close()
        History(writer).root("run")


def test_a_file_with_a_hole_is_called_damaged(path: Path) -> None:
    with open_writer(uri_of(path)) as writer:
        history = History(writer)
        for number in range(50):
            history.root(f"run-{number}").log("loss", range(100))
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (size - 4096))
    with pytest.raises(DamagedData, match="damaged"), open_reader(uri_of(path)) as reader:
        reader.series(Scope(), DataClass.SCALAR)


def test_a_full_disk_is_said_and_survived(path: Path) -> None:
    with open_writer(uri_of(path)) as writer:
        run = History(writer).root("run").log("loss", range(10))
        driver = writer._database._file._driver()  # type: ignore[attr-defined]
        driver.execute("PRAGMA max_page_count=1")
        with pytest.raises(StoreUnavailable, match="disk"):
            run.log("big", range(400_000))
        driver.execute("PRAGMA max_page_count=1000000")
        run.log("loss", range(10, 20))
    with open_reader(uri_of(path)) as reader:
        series = reader.series(Scope(), DataClass.SCALAR)
        assert (series.tag, series.count.tolist()) == (["loss"], [20])


def test_a_disk_that_is_full_before_there_is_a_store_is_said_to_be(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = sqlite3.connect

    def connect(*arguments: Any, **options: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = real(*arguments, **options)
        if "-new-" in str(arguments[0]):
            connection.execute("PRAGMA max_page_count=3")
        return connection

    monkeypatch.setattr(sqlite3, "connect", connect)
    with pytest.raises(StoreUnavailable, match=r"disk .* is full"):
        open_writer(uri_of(path))
    monkeypatch.undo()
    assert [each.name for each in path.parent.iterdir()] == ["runs.db-lock"]
    open_writer(uri_of(path)).close()


def test_without_psycopg_a_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(StoreUnavailable, match=r"pip install 'tb-runhistory\[postgres\]'"):
        open_reader(parse_uri("postgresql://host/db"))
