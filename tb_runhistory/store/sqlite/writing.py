"""The file of a SQLite store that is open for writing, and the care for the files that belong to it."""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, nullcontext, suppress
from dataclasses import replace
from urllib.parse import quote
from weakref import WeakSet

from sqlalchemy import Connection, Engine, create_engine, event, exc
from sqlalchemy.pool import NullPool

from tb_runhistory.errors import DamagedData, NotFound
from tb_runhistory.store.sql.schema import SCHEMA_VERSION
from tb_runhistory.store.sql.upgrade import COUNTER_DIGITS, create, upgrade
from tb_runhistory.store.sqlite.connection import APPLICATION_ID, CHECKPOINT_BYTES, connect_writer, size_of
from tb_runhistory.store.sqlite.files import (
    check_header,
    check_version,
    log_belongs,
    prepare_folder,
    set_log_aside,
)
from tb_runhistory.store.sqlite.locks import LOCK_TIMEOUT_SECONDS, Note, StoreLock
from tb_runhistory.store.sqlite.shape import check_shape

_GROWN_BYTES = 1 << 20
"""How much a log that viewers keep from being moved, or from being begun anew, grows before it is tried again."""

_MUCH_TOO_LARGE = 2
_WAIT_FOR_VIEWERS_SECONDS = 0.1
"""For each of the five states of the log in which viewers may be: all writers wait meanwhile."""

_MOST_COMMITS = 2**62
_COUNT = "UPDATE store SET value = ? WHERE name = ?"


_open_stores: WeakSet[WritableFile] = WeakSet()


class WritableFile:
    """The store at ``path``, which is made if there is none, and upgraded if it is old.

    Before each transaction it is made sure that the files at their places are still those that are open: where the
    store was replaced by another (a backup, or one that was begun anew), that one is written from then on.

    Raises:
      NotAStore, StoreTooNew, DamagedData: what is there is something else, newer, or not to be trusted.
      StoreUnavailable: the file cannot be made or locked, or its file system is no place for it.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        prepare_folder(path)
        if size_of(path) > 0:
            check_header(path, SCHEMA_VERSION)
        self._lock = StoreLock(path)
        _open_stores.add(self)
        self._engine = engine_over(lambda: connect_writer(path), "BEGIN IMMEDIATE")
        self._connection: Connection | None = None
        self._is_closed = False
        self._generation = b""
        self._checkpointed = -1
        self._log_size = 0
        self._stamp: int | None = None
        try:
            with self._lock.commit():
                # An empty file is what "touch" and temporary files leave: nothing is lost by making it a store.
                if size_of(path) == 0:
                    set_log_aside(path)
                    _create(path)
                    self._lock.write_note(_note_of(path, os.urandom(16), -1))
                self._open()
        except BaseException:
            self._lock.close()
            raise

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """One durable transaction, with the right to commit."""
        assert not self._is_closed, "the store is closed"
        with self._lock.commit():
            self._attend_to_files()
            assert self._connection is not None
            self._stamp = None
            try:
                with self._connection.begin():
                    yield self._connection
                    self._count_commit(self._connection)
                self._checkpoint_if_due()
            except (exc.DatabaseError, sqlite3.Error) as error:
                cause = error.orig if isinstance(error, exc.DatabaseError) else error
                # It may lie with what SQLite keeps in memory of the files, which goes with the connection.
                if getattr(cause, "sqlite_errorname", "").startswith(("SQLITE_IOERR", "SQLITE_CORRUPT")):
                    self._disconnect(with_checkpoint=False)
                raise

    def stamp(self) -> int:
        """The number of the commit that the present transaction becomes."""
        if self._stamp is None:
            assert self._connection is not None
            self._stamp = 1 + counter(self._connection, "stamp")
        return self._stamp

    def _count_commit(self, connection: Connection) -> None:
        stamp = self.stamp()
        connection.exec_driver_sql(_COUNT, (f"{stamp:0{COUNTER_DIGITS}}", "stamp"))
        if self._checkpointed == stamp - 1:
            # All of the log is in the main file, so that this commit begins the log anew.
            connection.exec_driver_sql(_COUNT, (f"{stamp - 1:0{COUNTER_DIGITS}}", "base"))

    def close(self) -> None:
        """Releases everything. The last writer to close moves the log into the file. Idempotent."""
        if self._is_closed:
            return
        self._is_closed = True
        try:
            if self._connection is not None:
                with self._lock.commit():
                    is_ours = self._files_are_ours()
                    self._disconnect(with_checkpoint=is_ours)
                    if not is_ours and size_of(self._path) > 0:
                        self._examine()
        finally:
            self._lock.close()

    def _attend_to_files(self) -> None:
        if self._connection is not None and not self._files_are_ours():
            self._disconnect(with_checkpoint=False)
        if self._connection is None:
            if size_of(self._path) == 0:
                raise NotFound(f"the store {self._path} is gone: restore the file, or record into a new one")
            self._open()

    def _files_are_ours(self) -> bool:
        note = self._lock.read_note()
        try:
            main = os.stat(self._path)
        except OSError:
            return False
        if note is None or note.generation != self._generation or not note.is_of(main):
            return False
        self._checkpointed, self._log_size = note.checkpointed, note.log_size
        return True

    def _open(self) -> None:
        """Opens the files that are at their places now; the caller may commit."""
        note = self._examine()
        has_no_log = size_of(self._path + "-wal") == 0
        self._connection = self._engine.connect()
        try:
            self._check(self._connection)
            if has_no_log:
                with self._connection.begin():
                    note = replace(note, checkpointed=counter(self._connection, "stamp"))
        except BaseException:
            self._disconnect(with_checkpoint=False)
            raise
        self._lock.write_note(note)
        self._generation, self._checkpointed, self._log_size = note.generation, note.checkpointed, note.log_size

    def _examine(self) -> Note:
        """Makes sure that the log beside the main file, if there is one, is its own; notes what it found."""
        check_header(self._path, SCHEMA_VERSION)
        note, main = self._lock.read_note(), os.stat(self._path)
        if note is None or not note.is_of(main):
            generation = os.urandom(16) if note is None or note.inode != main.st_ino else note.generation
            if not log_belongs(self._path):
                set_log_aside(self._path)
                generation = os.urandom(16)
                # Within a process SQLite shares the log's index among connections: others of this process let it go.
                for other in [other for other in _open_stores if other._path == self._path]:
                    if other._connection is not None:
                        other._disconnect(with_checkpoint=False)
            note = _note_of(self._path, generation, -1)
            self._lock.write_note(note)
        return note

    def _check(self, connection: Connection) -> None:
        driver = self._driver()
        version = driver.execute("PRAGMA user_version").fetchone()[0]
        check_version(self._path, version, SCHEMA_VERSION)
        if version < SCHEMA_VERSION:
            with connection.begin():
                upgrade(connection)
                connection.exec_driver_sql(f"PRAGMA user_version={SCHEMA_VERSION}")
        check_shape(driver, self._path)

    def _driver(self) -> sqlite3.Connection:
        assert self._connection is not None
        driver = self._connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        return driver

    def _checkpoint_if_due(self) -> None:
        """Moves a log that has become large into the main file, unless a viewer reads that as it is."""
        size = size_of(self._path + "-wal")
        if size < self._log_size:
            self._log_size = 0
        if size <= max(CHECKPOINT_BYTES, self._log_size + _GROWN_BYTES) or not self._lock.keep_viewers_out():
            return
        try:
            driver = self._driver()
            driver.execute(f"PRAGMA busy_timeout={_WAIT_FOR_VIEWERS_SECONDS * 1000:.0f}")
            # Viewers who never rest would let it grow for ever: then those who read now are waited for.
            way = "RESTART" if size > _MUCH_TOO_LARGE * CHECKPOINT_BYTES else "PASSIVE"
            _, frames, moved = driver.execute(f"PRAGMA wal_checkpoint({way})").fetchone()
            self._checkpointed, self._log_size = self.stamp() if frames == moved else -1, size
            self._write_note()
        finally:
            self._driver().execute(f"PRAGMA busy_timeout={LOCK_TIMEOUT_SECONDS * 1000:.0f}")
            self._lock.let_viewers_in()

    def _write_note(self) -> None:
        note = _note_of(self._path, self._generation, self._checkpointed)
        self._lock.write_note(replace(note, log_size=self._log_size))

    def _disconnect(self, with_checkpoint: bool) -> None:
        assert self._connection is not None
        with_checkpoint = with_checkpoint and self._lock.keep_viewers_out()
        try:
            with nullcontext() if with_checkpoint else _log_left_alone(self._driver(), self._path):
                self._connection.close()
            if with_checkpoint:
                self._write_note()
        finally:
            self._connection = None
            self._lock.let_viewers_in()


def engine_over(connect: Callable[[], sqlite3.Connection], begin: str) -> Engine:
    """An engine whose connections come from ``connect`` and whose transactions start with ``begin``."""
    engine = create_engine("sqlite+pysqlite://", creator=connect, poolclass=NullPool)

    @event.listens_for(engine, "begin")
    def start_transaction(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def counter(connection: Connection, name: str) -> int:
    """A counter in the table ``store``.

    Raises:
      DamagedData: it is no number, or one that no store counts up to.
    """
    value = connection.exec_driver_sql("SELECT value FROM store WHERE name = ?", (name,)).scalar_one_or_none()
    try:
        number = int(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        number = -1
    if not 0 <= number < _MOST_COMMITS:
        raise DamagedData(f"the counter {name!r} of the store is damaged: it is {str(value)[:40]!r}")
    return number


def _note_of(path: str, generation: bytes, checkpointed: int) -> Note:
    main = os.stat(path)
    return Note(generation, main.st_dev, main.st_ino, main.st_size, main.st_mtime_ns, checkpointed)


def _create(path: str) -> None:
    """Makes an empty store at ``path``; the caller may commit."""
    unfinished = f"{path}-new-{os.getpid()}"
    with suppress(FileNotFoundError):
        os.unlink(unfinished)
    engine = engine_over(lambda: sqlite3.connect(unfinished, isolation_level=None), "BEGIN IMMEDIATE")
    try:
        with engine.begin() as connection:
            create(connection)
            connection.exec_driver_sql(f"PRAGMA application_id={APPLICATION_ID}")
            connection.exec_driver_sql(f"PRAGMA user_version={SCHEMA_VERSION}")
        with closing(sqlite3.connect(unfinished)) as connection:
            # Last, so that the header of the main file never depends on a log.
            connection.execute("PRAGMA journal_mode=WAL")
        os.rename(unfinished, path)
        folder = os.open(os.path.dirname(path), os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    finally:
        engine.dispose()
        for suffix in ("", "-journal", "-wal", "-shm"):
            with suppress(FileNotFoundError):
                os.unlink(unfinished + suffix)


@contextmanager
def _log_left_alone(driver: sqlite3.Connection, path: str) -> Iterator[None]:
    """What is closed within does not move the log into the main file, although it may be the last to close it."""
    if sys.version_info >= (3, 12):
        driver.setconfig(sqlite3.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, True)
        yield
        return
    # Before Python 3.12: SQLite does not do it while somebody else has the file open, and one that reads never does;
    # nor where another file, or none, is at the place of the one that is closed.
    with ExitStack() as stack:
        with suppress(sqlite3.Error):
            other = sqlite3.connect(f"file:{quote(path)}?mode=ro", uri=True, isolation_level=None)
            stack.enter_context(closing(other))
            other.execute("BEGIN")
            other.execute("SELECT count(*) FROM sqlite_master").fetchall()
        yield
