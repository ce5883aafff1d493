"""What PostgreSQL alone brings: a server that goes away, other programs' tables, transactions that overtake others."""

from __future__ import annotations

import multiprocessing
import secrets
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text

from tb_runhistory import Experiment, Workspace
from tb_runhistory.errors import InvalidUri, NotAStore, NotFound, RefusedData, StoreTooNew, StoreUnavailable
from tb_runhistory.records.changes import DataClass
from tb_runhistory.records.columns import Scope
from tb_runhistory.records.identity import new_id
from tb_runhistory.records.status import RunStatus
from tb_runhistory.store.opening import open_database, open_reader, open_writer
from tb_runhistory.store.postgresql import database as postgresql
from tb_runhistory.uri import StoreUri, parse_uri
from tests.conformance.builder import History, id_of
from tests.postgresql_server import PostgresServer, running_server


@pytest.fixture
def uri(postgres_server: PostgresServer) -> Iterator[StoreUri]:
    """A database with nothing in it."""
    made = postgres_server.new_database()
    yield parse_uri(made)
    postgres_server.drop(made)


def execute(uri: StoreUri, statement: str) -> None:
    """What another program does to the database."""
    with psycopg.connect(uri.text, autocommit=True) as connection:
        connection.execute(statement)


def test_a_server_that_goes_away_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    with running_server() as server:
        uri = parse_uri(server.new_database())
        with open_writer(uri) as writer, open_reader(uri) as reader:
            history = History(writer)
            history.root("before")
            server.stop()
            for question in (lambda: history.root("lost"), lambda: reader.runs(Scope()), lambda: open_reader(uri)):
                with pytest.raises(StoreUnavailable) as raised:
                    question()
                assert "secret" not in str(raised.value)
                assert "tb:" not in str(raised.value)
            server.start()
            history.root("after")
            assert reader.runs(Scope()).chosen_id == ["before", "after"]


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        ("?nonsense=1", InvalidUri, "option that libpq does not understand"),
        ("?sslmode=hunter2", StoreUnavailable, "cannot be reached"),
    ],
)
def test_options_that_libpq_refuses_are_not_repeated(
    postgres_server: PostgresServer, change: str, error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says) as raised:
        open_reader(parse_uri(f"postgresql://me:secret@/db{change}"))
    assert "secret" not in str(raised.value)
    assert "hunter2" not in str(raised.value)


def test_a_database_that_is_not_there_is_not_found(postgres_server: PostgresServer) -> None:
    for attempt in (open_reader, open_writer):
        with pytest.raises(NotFound, match="createdb"):
            attempt(parse_uri(postgres_server.uri("nobody")))


def test_another_program_s_tables_are_left_alone(uri: StoreUri) -> None:
    execute(uri, "CREATE TABLE runs (run_uuid text)")
    for attempt in (open_reader, open_writer):
        with pytest.raises(NotAStore, match="table 'runs' that is not of a run-history store"):
            attempt(uri)
    execute(uri, "CREATE SCHEMA ours")
    own = parse_uri(uri.text + "&options=-csearch_path%3Dours")
    with open_writer(own) as writer, open_reader(own) as reader:
        History(writer).root("run")
        assert len(reader.runs(Scope())) == 1
    assert own.key != uri.key


def test_a_newer_store_is_refused(uri: StoreUri) -> None:
    open_writer(uri).close()
    execute(uri, "UPDATE schema_versions SET version_num = '0099'")
    for attempt in (open_reader, open_writer):
        with pytest.raises(StoreTooNew, match="upgrade with pip"):
            attempt(uri)


def test_a_store_is_made_once_whoever_comes_first(uri: StoreUri) -> None:
    failures: list[BaseException] = []

    def make(number: int) -> None:
        try:
            with open_writer(uri) as writer:
                History(writer, new_id()).root(f"run-{number}")
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=make, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    with open_reader(uri) as reader:
        assert sorted(reader.runs(Scope()).number.tolist()) == list(range(1, 7))


def test_what_an_older_transaction_commits_later_is_among_the_changes(uri: StoreUri) -> None:
    with open_writer(uri) as writer, open_reader(uri) as reader:
        history = History(writer)
        slow, quick = history.root("slow"), history.root("quick")
        database = open_database(uri, writable=True)
        with database.writing() as connection:
            database.lock_trees(connection, [slow.root_id])
            stamp = database.stamp(connection)
            connection.execute(
                text("UPDATE runs SET changed = :stamp WHERE run_id = :run"), {"stamp": stamp, "run": slow.run_id}
            )
            quick.log("loss", [0])
            version, position = reader.version(), reader.changes(None).position
        assert reader.version() != version
        assert (slow.root_id, slow.run_id) in (reader.changes(position).runs or [])
        database.close()


def test_a_writer_that_is_stuck_holds_up_its_own_trees_only(uri: StoreUri, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgresql, "LOCK_SECONDS", 1)
    with open_writer(uri) as writer:
        history = History(writer)
        stuck, free = history.root("stuck"), history.root("free")
        database = open_database(uri, writable=True)
        with database.writing() as connection:
            database.lock_trees(connection, [stuck.root_id])
            free.log("loss", [0])
            with pytest.raises(StoreUnavailable):
                stuck.log("loss", [0])
        stuck.log("loss", [0])
        database.close()


@pytest.mark.parametrize("count", [10, 2000])
def test_any_number_of_trees_can_be_locked(uri: StoreUri, count: int) -> None:
    database = open_database(uri, writable=True)
    for _ in range(2):
        with database.writing() as connection:
            database.lock_trees(connection, [id_of(f"r{number}") for number in range(count)])
            database.lock_experiments(connection)
    database.close()


def test_a_viewer_cannot_change_anything(uri: StoreUri) -> None:
    open_writer(uri).close()
    database = open_database(uri)
    with pytest.raises(StoreUnavailable), database.reading() as connection:
        connection.execute(text("DELETE FROM store"))
    database.close()


def test_a_question_that_takes_too_long_ends(uri: StoreUri, monkeypatch: pytest.MonkeyPatch) -> None:
    open_writer(uri).close()
    monkeypatch.setattr(postgresql, "QUERY_SECONDS", 0.2)
    database = open_database(uri)
    with pytest.raises(StoreUnavailable, match="took longer"), database.reading() as connection:
        connection.execute(text("SELECT pg_sleep(5)"))
    with database.reading(limited=False) as connection:
        connection.execute(text("SELECT pg_sleep(0.4)"))
    database.close()


def _count(uri: StoreUri, reader: object, counted: multiprocessing.Queue[int]) -> None:
    counted.put(len(reader.runs(Scope())))  # type: ignore[attr-defined]


def test_a_reader_goes_along_into_a_fork(uri: StoreUri) -> None:
    with open_writer(uri) as writer, open_reader(uri) as reader:
        history = History(writer)
        history.root("run")
        assert len(reader.runs(Scope())) == 1
        fork = multiprocessing.get_context("fork")
        counted = fork.Queue()
        child = fork.Process(target=_count, args=(uri, reader, counted))
        child.start()
        assert counted.get(timeout=30) == 1
        child.join(30)
        history.root("another")
        assert len(reader.runs(Scope())) == 2


def test_runs_are_recorded_through_the_api(uri: StoreUri, own_journals: Path) -> None:
    run = Experiment(Workspace(uri.text), "mnist").start_logging("run")
    for step in range(500):
        run.log("loss", 1 / (step + 1), step=step)
    run.child_run("child").complete()
    run.complete()
    with open_reader(uri) as reader:
        assert reader.runs(Scope()).status == [RunStatus.COMPLETED] * 2
        (read,) = reader.read_points(reader.series(Scope(), DataClass.SCALAR).key)
        assert read.points.steps.tolist() == list(range(500))
    kept = [path for path in own_journals.rglob("*") if path.is_file() and b"secret" in path.read_bytes()]
    assert not kept, "a password is not written to a journal"


def test_a_name_that_no_index_takes_is_refused_by_a_sentence_and_costs_itself(uri: StoreUri) -> None:
    # Random, since the server compresses what it can.
    name = secrets.token_hex(1500)
    with open_writer(uri) as writer, open_reader(uri) as reader:
        run = History(writer).root("run")
        with pytest.raises(RefusedData, match="a name of more than about 2,700 bytes: choose a shorter one"):
            run.log(name, [0])
        run.log("loss", [0])
        assert reader.series(Scope(), DataClass.SCALAR).tag == ["loss"]
