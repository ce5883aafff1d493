"""A store in a SQLite file, as a database for ``store.sql``."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from math import inf
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, Connection, exc, type_coerce

from tb_runhistory.errors import DamagedData, StoreUnavailable
from tb_runhistory.store.sql.database import Database
from tb_runhistory.store.sql.schema import SCHEMA_VERSION
from tb_runhistory.store.sql.types import Bytes
from tb_runhistory.store.sqlite.connection import QUERY_SECONDS, ReadingConnection, connect_reader, translated
from tb_runhistory.store.sqlite.files import check_store, has_log, resolved
from tb_runhistory.store.sqlite.shape import check_shape
from tb_runhistory.store.sqlite.writing import WritableFile, counter, engine_over
from tb_runhistory.uri import StoreUri

_TICK_SECONDS = 0.1
"""Two changes within a tick of the file system's clock may leave a file looking the same."""

FilesState: TypeAlias = tuple[object, ...]


class SqliteDatabase(Database):
    """The store in the file at ``uri``. Each question opens the file anew, as its state then asks for.

    Several trees are committed in one transaction: they are all in this one file, and a commit costs a write to disk
    whatever it holds. Nothing relies on it.

    Raises:
      NotFound, NotAStore, StoreTooNew, StoreUnavailable, DamagedData: there is no store that can be used.
    """

    def __init__(self, uri: StoreUri, writable: bool = False) -> None:
        self._location = uri.shown
        self._path = resolved(uri.path)
        self._checked_shape: tuple[int, int] | None = None
        self._known_version: tuple[FilesState, int] | None = None
        self._reading = engine_over(lambda: self._connect_reader(QUERY_SECONDS), "BEGIN")
        self._checking = engine_over(lambda: self._connect_reader(inf), "BEGIN")
        self._file: WritableFile | None = None
        if writable:
            with self._errors(is_writing=True):
                self._file = WritableFile(self._path)
        else:
            check_store(self._path, SCHEMA_VERSION)
            # So that its tables are looked at.
            with self.reading():
                pass

    @property
    def location(self) -> str:
        return self._location

    @contextmanager
    def reading(self, limited: bool = True) -> Iterator[Connection]:
        engine = self._reading if limited else self._checking
        try:
            # Ended by a rollback: after it has met damage SQLite refuses to commit, even where nothing was written.
            with self._errors(is_writing=False), engine.connect() as connection:
                yield connection
        except StoreUnavailable as error:
            if not limited and _is_interrupted(error.__cause__):
                # Nothing but Ctrl-C ends a question without a limit: SQLite has swallowed Python's exception.
                raise KeyboardInterrupt from None
            raise

    def faults(self) -> Iterator[str]:
        with self.reading(limited=False) as connection:
            for (finding,) in connection.exec_driver_sql("PRAGMA integrity_check"):
                if finding != "ok":
                    yield f"SQLite finds in the file: {finding}"

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        assert self._file is not None, "the store was opened for reading"
        with self._errors(is_writing=True), self._file.transaction() as connection:
            yield connection

    def lock_trees(self, connection: Connection, root_ids: Iterable[str]) -> None:
        """Nothing to do: there is one writer at a time."""

    def lock_experiments(self, connection: Connection) -> None:
        """Nothing to do: there is one writer at a time."""

    def raw_id(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        return type_coerce(column, Bytes())

    def stamp(self, connection: Connection) -> int:
        assert self._file is not None
        return self._file.stamp()

    def position(self, connection: Connection) -> int:
        try:
            return counter(connection, "stamp") + 1
        except (DamagedData, exc.DatabaseError):
            # Whoever asks from here on is told that anything may have changed.
            return 0

    def version(self) -> int:
        state = _files_state(self._path)
        if self._known_version is not None and self._known_version[0] == state:
            return self._known_version[1]
        try:
            with self.reading() as connection:
                stamp: object = counter(connection, "stamp")
        except DamagedData:
            # The damage of one row is no reason to show nothing of the others.
            stamp = state
        version = hash((_inode(self._path), stamp))
        is_settled = time.time() - _changed_at(self._path) > _TICK_SECONDS
        self._known_version = (state, version) if is_settled and state == _files_state(self._path) else None
        return version

    def close(self) -> None:
        self._reading.dispose()
        self._checking.dispose()
        if self._file is not None:
            with self._errors(is_writing=True):
                self._file.close()

    def _connect_reader(self, seconds: float) -> ReadingConnection:
        connection = connect_reader(self._path, has_log, seconds)
        try:
            shape = (_inode(self._path), int(connection.execute("PRAGMA schema_version").fetchone()[0]))
            if shape != self._checked_shape:
                check_shape(connection, self._path)
                self._checked_shape = shape
        except BaseException:
            connection.close()
            raise
        return connection

    @contextmanager
    def _errors(self, is_writing: bool) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, exc.SQLAlchemyError, OSError, MemoryError, OverflowError, UnicodeError) as error:
            cause = error.orig if isinstance(error, exc.StatementError) and error.orig is not None else error
            raise translated(self._path, cause, is_writing) from error


def _is_interrupted(error: BaseException | None) -> bool:
    return getattr(getattr(error, "orig", error), "sqlite_errorname", "") == "SQLITE_INTERRUPT"


def _inode(path: str) -> int:
    return os.stat(path).st_ino


def _files_state(path: str) -> FilesState:
    state: list[object] = []
    for name in (path, path + "-wal"):
        try:
            stat = os.stat(name)
            state.append((stat.st_ino, stat.st_size, stat.st_mtime_ns))
        except FileNotFoundError:
            state.append(None)
    return tuple(state)


def _changed_at(path: str) -> float:
    times = [0.0]
    for name in (path, path + "-wal"):
        try:
            times.append(os.stat(name).st_mtime)
        except FileNotFoundError:
            continue
    return max(times)
