"""What is said of a path that holds no store, and how a store comes into being."""

from __future__ import annotations

import multiprocessing
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tb_runhistory.errors import DamagedData, NotAStore, NotFound, RunHistoryError, StoreTooNew, StoreUnavailable
from tb_runhistory.records.changes import DataClass
from tb_runhistory.records.columns import Scope
from tb_runhistory.store import opening
from tb_runhistory.store.locks import StoreLock
from tb_runhistory.store.opening import check_store, open_reader, open_writer
from tb_runhistory.uri import StoreUri, parse_uri
from tests.conformance.builder import History


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
    ],
    ids=["missing", "empty", "text", "folder", "pipe", "foreign", "newer"],
)
def test_what_is_no_store_is_refused_with_a_sentence(
    path: Path, make: object, error: type[RunHistoryError], says: str
) -> None:
    make(path)  # type: ignore[operator]
    for attempt in (check_store, open_reader):
        with pytest.raises(error, match=says) as raised:
            attempt(uri_of(path))
        assert str(path) in str(raised.value)


@pytest.mark.parametrize("make", [make_foreign_database, make_newer_store, lambda path: path.write_text("notes" * 99)])
def test_what_is_no_store_is_never_written(path: Path, make: object) -> None:
    make(path)  # type: ignore[operator]
    before = path.read_bytes()
    with pytest.raises((NotAStore, StoreTooNew)):
        open_writer(uri_of(path))
    assert path.read_bytes() == before


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
        History(writer, f"journal-{number}").root(f"run-{number}").log("loss", [number])


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
    monkeypatch.setattr(opening, "file_system_of", lambda folder: "nfs4")
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
        assert reader.runs(Scope()).run_id == ["run"]


def test_a_writer_notices_that_its_file_was_replaced(path: Path) -> None:
    with open_writer(uri_of(path)) as writer:
        history = History(writer)
        path.unlink()
        with pytest.raises(NotFound):
            history.root("run")
        open_writer(uri_of(path)).close()
        with pytest.raises(NotFound, match="replaced"):
            history.root("run")


def test_a_stuck_writer_is_named(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_writer(uri_of(path)) as writer:
        monkeypatch.setattr("tb_runhistory.store.sql_writer.LOCK_TIMEOUT_SECONDS", 0.05)
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
    with open_reader(uri_of(path)) as reader, pytest.raises(DamagedData, match="damaged"):
        reader.series(Scope(), DataClass.SCALAR)


def test_a_full_disk_is_said_and_survived(path: Path) -> None:
    with open_writer(uri_of(path)) as writer:
        run = History(writer).root("run").log("loss", range(10))
        driver = writer._driver  # type: ignore[attr-defined]
        driver.execute("PRAGMA max_page_count=1")
        with pytest.raises(StoreUnavailable, match="disk"):
            run.log("big", range(400_000))
        driver.execute("PRAGMA max_page_count=1000000")
        run.log("loss", range(10, 20))
    with open_reader(uri_of(path)) as reader:
        series = reader.series(Scope(), DataClass.SCALAR)
        assert (series.tag, series.count.tolist()) == (["loss"], [20])
