"""The writer of an SQL store."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import compress
from operator import not_

from sqlalchemy import Connection, bindparam, delete, select, update
from sqlalchemy.dialects.sqlite import insert

from tb_runhistory.errors import NotFound
from tb_runhistory.records.changes import CreateExperiment, CreateRun, EndRun
from tb_runhistory.records.status import RunStatus
from tb_runhistory.store.base import RunHistoryWriter, TreeBatch
from tb_runhistory.store.locks import StoreLock
from tb_runhistory.store.run_writer import RunWriter
from tb_runhistory.store.schema import journals, runs
from tb_runhistory.store.series_writer import SeriesWriter
from tb_runhistory.store.sqlite import (
    LOCK_TIMEOUT_SECONDS,
    checkpoint_if_due,
    connect_writer,
    engine_for,
    sqlite_errors,
)
from tb_runhistory.store.text_writer import append_texts

_BEAT = (
    update(runs)
    .where(
        runs.c.root_id == bindparam("of_root"),
        runs.c.run_id == bindparam("of_run"),
        runs.c.status == RunStatus.RUNNING.value,
    )
    .values(heartbeat_at=bindparam("now"))
)


class SqliteWriter(RunHistoryWriter):
    """Writes the SQLite store at ``path``, which exists and has this version's schema.

    Several trees are committed in one transaction: they are all in this one file, and a commit costs a write to disk
    whatever it holds. Nothing relies on it.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._lock = StoreLock(path)
        self._driver: sqlite3.Connection | None = None
        self._engine = engine_for(self._connect, begin="BEGIN IMMEDIATE")
        try:
            with sqlite_errors(path):
                self._connection: Connection | None = self._engine.connect()
                self._file = os.stat(path).st_ino
        except BaseException:
            self._lock.close()
            raise

    def _connect(self) -> sqlite3.Connection:
        self._driver = connect_writer(self._path)
        return self._driver

    def applied(self, journal_id: str) -> Mapping[str, int]:
        progress = select(journals.c.root_id, journals.c.sequence).where(journals.c.journal_id == journal_id)
        with self._transaction() as connection:
            return {row.root_id: row.sequence for row in connection.execute(progress)}

    def apply(self, batches: Sequence[TreeBatch]) -> None:
        with self._transaction() as connection:
            _apply(connection, batches)

    def forget(self, journal_id: str) -> None:
        with self._transaction() as connection:
            connection.execute(delete(journals).where(journals.c.journal_id == journal_id))

    def beat(self, runs: Sequence[tuple[str, str]], now: float) -> None:
        if runs:
            with self._transaction() as connection:
                rows = [{"of_root": root_id, "of_run": run_id, "now": now} for root_id, run_id in runs]
                connection.execute(_BEAT, rows)

    def close(self) -> None:
        if self._connection is None:
            return
        with sqlite_errors(self._path), self._lock.commit(LOCK_TIMEOUT_SECONDS):
            # The last connection to close checkpoints.
            self._connection.close()
        self._connection = None
        self._engine.dispose()
        self._lock.close()

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        connection = self._connection
        assert connection is not None, "the writer is closed"
        with sqlite_errors(self._path), self._lock.commit(LOCK_TIMEOUT_SECONDS):
            if os.stat(self._path).st_ino != self._file:
                raise NotFound(f"the store {self._path} was replaced by another file while it was written")
            with connection.begin():
                yield connection
            assert self._driver is not None
            checkpoint_if_due(self._driver, self._path)


def _apply(connection: Connection, batches: Sequence[TreeBatch]) -> None:
    changes = [change for batch in batches for change in batch.changes]
    about_runs = [change for change in changes if not isinstance(change, CreateExperiment)]
    logged = [each.series for batch in batches for each in batch.points]
    logged += [each.series for batch in batches for each in batch.texts]
    touched = {(each.root_id, each.run_id) for each in (*about_runs, *logged)}

    # What exists first: another journal may create a run that this one only logs to.
    runs_writer = RunWriter(connection)
    is_creation = [isinstance(change, CreateExperiment | CreateRun) for change in changes]
    for change in compress(changes, is_creation):
        runs_writer.apply(change)
    runs_writer.recover(touched, time.time())
    for change in compress(changes, map(not_, is_creation)):
        runs_writer.apply(change)

    series_writer = SeriesWriter(connection, touched)
    for batch in batches:
        for points in batch.points:
            series_writer.append(points)
        for texts in batch.texts:
            append_texts(connection, series_writer, texts)
    series_writer.finish((change.root_id, change.run_id) for change in changes if isinstance(change, EndRun))
    _store_progress(connection, batches)


def _store_progress(connection: Connection, batches: Sequence[TreeBatch]) -> None:
    added = insert(journals)
    rows = [{"root_id": batch.root_id, "journal_id": batch.journal_id, "sequence": batch.sequence} for batch in batches]
    if rows:
        key = [journals.c.root_id, journals.c.journal_id]
        progress = added.on_conflict_do_update(index_elements=key, set_={"sequence": added.excluded.sequence})
        connection.execute(progress, rows)
