"""Connections to a SQLite store: one that commits durably, and ones that read without leaving a trace.

Readers choose by the state of the files how to open them. Standard library only, so that a store can be checked
before anything heavy is imported.
"""

from __future__ import annotations

import errno
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from typing import TypeVar
from urllib.parse import quote

from tb_runhistory.errors import DamagedData, NotAStore, NotFound, RefusedData, StoreError, StoreUnavailable
from tb_runhistory.store.sqlite.locks import LOCK_TIMEOUT_SECONDS, Note, ViewerHold
from tb_runhistory.store.sqlite.open_files import StoreConnection, open_files

APPLICATION_ID = 0x54425248
"""Stands in the file's header, where ``file`` and others look: "TBRH"."""

QUERY_SECONDS = 20.0
"""How long a question may work. Waiting for a processor or for whoever asked does not count."""

LARGEST_ROW_BYTES = 16 << 20
"""No row of a store is larger; what is goes to the artifacts, or is refused."""

CHECKPOINT_BYTES = 4 << 20
"""A log that is larger is moved into the main file, and begun anew when no viewer reads in it."""

_IDENTITY_SECONDS = 1.0
_FEW_WAITING = 4
_YIELD_SECONDS = 0.002
_LONGEST_YIELD_SECONDS = 0.1
_QUERY_STEPS = 50_000
_LONGEST_STEPS_SECONDS = 0.25
_CACHE_KIB = 8192
_OPENING_ATTEMPTS = 5
_WITHOUT_LOCKS = "&vfs=unix-none"
_LIMITS = {
    sqlite3.SQLITE_LIMIT_LENGTH: LARGEST_ROW_BYTES,
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 1 << 20,
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
    sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH: 1,
    sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: 1000,
}


class ReadingConnection(StoreConnection):
    """A connection of a viewer. Its hold keeps the main file as it is for as long as it is read so."""

    hold: ViewerHold | None = None

    def close(self) -> None:
        """Closes the connection, then gives up the hold. Idempotent."""
        super().close()
        if self.hold is not None:
            self.hold.close()


Opened = TypeVar("Opened", bound=StoreConnection)


def connect_writer(path: str) -> sqlite3.Connection:
    """A connection that commits durably and never checkpoints on its own."""
    connection = _connect(path, "mode=rw", LOCK_TIMEOUT_SECONDS, StoreConnection)
    # A log that is begun anew gives back what it has beyond the limit, so that its size says how much is in it.
    _set(
        connection,
        "synchronous=FULL",
        "wal_autocheckpoint=0",
        f"journal_size_limit={CHECKPOINT_BYTES}",
        "trusted_schema=OFF",
        "temp_store=MEMORY",
    )
    connection.text_factory = _text
    return connection


def connect_reader(
    path: str, has_log: Callable[[str, Note | None], bool], seconds: float = QUERY_SECONDS
) -> ReadingConnection:
    """A connection that changes no byte in the store's folder.

    A store that is being written is read through its log like any SQLite database. One at rest must not be: opening
    it so would create or rewrite ``-wal`` and ``-shm`` files. Without a log it is opened as immutable; with one that a
    killed writer left, through the VFS without locks and with the log's index in memory (exclusive locking mode).
    ``has_log`` says whether there is a log that has to be read. Queries end in an error after so many ``seconds`` of
    work: a connection serves one question.
    """
    for attempt in range(_OPENING_ATTEMPTS):
        hold = ViewerHold(path)
        if hold.waiting > _FEW_WAITING:
            # On a machine with few processors viewers who never rest would keep writers from theirs.
            time.sleep(min(_YIELD_SECONDS * hold.waiting, _LONGEST_YIELD_SECONDS))
            hold = ViewerHold(path)
        try:
            return _connect_to(path, hold, has_log, seconds)
        except sqlite3.OperationalError:
            hold.close()
            # The last writer may have closed the store just now, and taken its log and index away.
            if not hold.is_live or attempt == _OPENING_ATTEMPTS - 1:
                raise
        except BaseException:
            hold.close()
            raise
    raise AssertionError("the last attempt returns or raises")


def _connect_to(
    path: str, hold: ViewerHold, has_log: Callable[[str, Note | None], bool], seconds: float
) -> ReadingConnection:
    way = ""
    if not hold.is_live:
        way = _WITHOUT_LOCKS if has_log(path, hold.note) else "&immutable=1"
    connection = _connect(path, f"mode=ro{way}", 5.0, ReadingConnection)
    try:
        _limit_work(connection, seconds)
        connection.text_factory = _text
        _set(connection, "query_only=ON", "trusted_schema=OFF", "cell_size_check=ON", "mmap_size=0")
        _set(connection, "temp_store=MEMORY", f"cache_size=-{_CACHE_KIB}")
        # The first to touch the file.
        connection.execute("PRAGMA schema_version").fetchone()
    except BaseException:
        connection.close()
        raise
    connection.hold = hold
    return connection


@contextmanager
def main_file_alone(path: str) -> Iterator[sqlite3.Connection]:
    """The store's main file as if it had no log.

    A checkpoint may have moved some pages of the log and not others, so that the file is no sound database by itself.
    Its first page and the one of the table ``store`` can be read even then.
    """
    with closing(_connect(path, "mode=ro&immutable=1", 0, StoreConnection)) as connection:
        _limit_work(connection, _IDENTITY_SECONDS)
        # Else SQLite refuses a file that is shorter than its first page says.
        _set(connection, "writable_schema=ON")
        yield connection


@contextmanager
def main_file_with_log(path: str) -> Iterator[sqlite3.Connection]:
    """The store as its main file and log make it, without locks: nobody may commit or checkpoint meanwhile."""
    with closing(_connect(path, f"mode=ro{_WITHOUT_LOCKS}", 0, StoreConnection)) as connection:
        _limit_work(connection, _IDENTITY_SECONDS)
        yield connection


def _connect(path: str, options: str, timeout: float, factory: type[Opened]) -> Opened:
    has_locks = not options.endswith(_WITHOUT_LOCKS)
    if has_locks:
        open_files.open_locked(path)
    try:
        connection = sqlite3.connect(
            f"file:{quote(path)}?{options}",
            uri=True,
            isolation_level=None,
            timeout=timeout,
            check_same_thread=False,
            factory=factory,
        )
    except BaseException:
        if has_locks:
            open_files.closed_locked(path)
        raise
    connection.path, connection.has_locks = path, has_locks
    for limit, most in _LIMITS.items():
        connection.setlimit(limit, most)
    if not has_locks:
        # So that the index of the log stands in memory.
        connection.execute("PRAGMA locking_mode=EXCLUSIVE")
    return connection


def _set(connection: sqlite3.Connection, *pragmas: str) -> None:
    for pragma in pragmas:
        connection.execute(f"PRAGMA {pragma}")


def _text(data: bytes) -> str:
    """A text that is no UTF-8 costs its unreadable characters, and not the question."""
    return data.decode("utf-8", "replace")


def _limit_work(connection: sqlite3.Connection, seconds: float) -> None:
    """Counts the time of this thread between two looks; what lies between two queries is cut to a look's usual time."""
    worked, before = 0.0, time.thread_time()

    def is_over() -> bool:
        nonlocal worked, before
        now = time.thread_time()
        worked += min(max(now - before, 0.0), _LONGEST_STEPS_SECONDS)
        before = now
        return worked > seconds

    connection.set_progress_handler(is_over, _QUERY_STEPS)


def size_of(path: str) -> int:
    """The size of a file, 0 if there is none."""
    with suppress(FileNotFoundError):
        return os.stat(path).st_size
    return 0


def translated(path: str, cause: BaseException, is_writing: bool) -> StoreError | NotFound:
    """The error of a store that an error of SQLite, of Python's module or of the system stands for."""
    name = getattr(cause, "sqlite_errorname", "")
    if name.startswith("SQLITE_FULL") or (isinstance(cause, OSError) and cause.errno == errno.ENOSPC):
        return StoreUnavailable(f"the disk that holds the store {path} is full: make room, and recording goes on")
    if not is_writing and not os.path.exists(path):
        return NotFound(f"the store {path} is gone: restore the file, or record into a new one")
    if name.startswith("SQLITE_NOTADB"):
        return NotAStore(f"{path} is not a run-history store (it is no SQLite file): name another file")
    if name.startswith("SQLITE_CORRUPT"):
        return DamagedData(f"the store {path} is damaged ({cause}): see what `tb-runhistory check` finds")
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return StoreUnavailable(f"the store {path} is locked by another program: close what else has it open")
    if name.startswith("SQLITE_INTERRUPT"):
        return StoreUnavailable(f"a question to the store {path} took more than {QUERY_SECONDS:.0f} seconds of work")
    if name.startswith(_PASSING) or isinstance(cause, OSError | MemoryError):
        return StoreUnavailable(f"the store {path} cannot be used: {cause}")
    if is_writing:
        return RefusedData(f"the store {path} cannot take what it is given: {cause}")
    # A text that is no UTF-8, a number that is none, a cell beyond all limits.
    return DamagedData(f"the store {path} holds what cannot be read ({cause}): see what `tb-runhistory check` finds")


_PASSING = (
    "SQLITE_CANTOPEN",
    "SQLITE_IOERR",
    "SQLITE_NOMEM",
    "SQLITE_READONLY",
    "SQLITE_PERM",
    "SQLITE_AUTH",
    "SQLITE_PROTOCOL",
    "SQLITE_NOLFS",
    "SQLITE_SCHEMA",
    "SQLITE_ABORT",
)
"""Beginnings of the names of errors that speak of the surroundings and not of the data."""
