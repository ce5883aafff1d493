"""SQLite as the engine of a store: creating a file, connecting for writing, and connecting for reading without a trace.

It rests on three habits: a new store appears whole (it is built beside its place and renamed), commits and
checkpoints happen under ``locks.StoreLock`` only, and readers choose by the state of the file how to open it.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Engine, create_engine, event, exc, insert
from sqlalchemy.pool import NullPool

from tb_runhistory.errors import DamagedData, NotAStore, NotFound, StoreError, StoreUnavailable
from tb_runhistory.store.locks import has_writer
from tb_runhistory.store.schema import SCHEMA_VERSION, metadata
from tb_runhistory.store.sqlite_file import APPLICATION_ID
from tb_runhistory.store.upgrade import upgrade, versions

LOCK_TIMEOUT_SECONDS = 30.0
QUERY_TIMEOUT_SECONDS = 20.0
_CHECKPOINT_BYTES = 4 << 20
_PROGRESS_INSTRUCTIONS = 100_000


def engine_for(connect: Callable[[], sqlite3.Connection], begin: str = "BEGIN") -> Engine:
    """An engine whose connections come from ``connect`` and whose transactions start with ``begin``."""
    engine = create_engine("sqlite+pysqlite://", creator=connect, poolclass=NullPool)

    @event.listens_for(engine, "begin")
    def start_transaction(connection: object) -> None:
        connection.exec_driver_sql(begin)  # type: ignore[attr-defined]

    return engine


def create_store(path: str) -> None:
    """Makes an empty store at ``path``, which must not hold anything; the caller holds the commit lock."""
    unfinished = f"{path}-new-{os.getpid()}"
    Path(unfinished).unlink(missing_ok=True)
    engine = engine_for(lambda: sqlite3.connect(unfinished, isolation_level=None))
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql(f"PRAGMA application_id={APPLICATION_ID}")
            connection.exec_driver_sql(f"PRAGMA user_version={SCHEMA_VERSION}")
            connection.commit()
            metadata.create_all(connection)
            versions.create(connection)
            connection.execute(insert(versions).values(version_num=f"{SCHEMA_VERSION:04}"))
            connection.commit()
            # Last, so that the header of the main file never depends on a WAL. PRAGMA needs no open transaction.
            driver = connection.connection.driver_connection
            assert driver is not None
            driver.execute("PRAGMA journal_mode=WAL")
        os.rename(unfinished, path)
    finally:
        engine.dispose()
        Path(unfinished).unlink(missing_ok=True)


def connect_writer(path: str) -> sqlite3.Connection:
    """A connection that commits durably and never checkpoints on its own."""
    location = f"file:{quote(path)}?mode=rw"
    connection = sqlite3.connect(
        location, uri=True, isolation_level=None, timeout=LOCK_TIMEOUT_SECONDS, check_same_thread=False
    )
    for pragma in ("synchronous=FULL", "wal_autocheckpoint=0", "trusted_schema=OFF", "temp_store=MEMORY"):
        connection.execute(f"PRAGMA {pragma}")
    return connection


def checkpoint_if_due(connection: sqlite3.Connection, path: str) -> None:
    """Moves the WAL into the file once it is large; the caller holds the commit lock."""
    try:
        size = os.stat(path + "-wal").st_size
    except FileNotFoundError:
        return
    if size > _CHECKPOINT_BYTES:
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()


def connect_reader(path: str) -> sqlite3.Connection:
    """A connection that changes no byte in the store's folder.

    A store that is being written is read through its WAL like any SQLite database. One at rest must not be: opening it
    so would create or rewrite ``-wal`` and ``-shm`` files. Without a WAL it is opened as immutable; with one that
    a killed writer left, through the VFS without locks and with the WAL's index in memory (exclusive locking mode).
    Queries end in an error after ``QUERY_TIMEOUT_SECONDS``: a connection serves one question.
    """
    location = f"file:{quote(path)}?mode=ro"
    live = has_writer(path)
    leftover = not live and _size(path + "-wal") > 0
    if leftover:
        location += "&vfs=unix-none"
    elif not live:
        location += "&immutable=1"
    connection = sqlite3.connect(location, uri=True, isolation_level=None, timeout=5.0, check_same_thread=False)
    if leftover:
        connection.execute("PRAGMA locking_mode=EXCLUSIVE")
    deadline = time.monotonic() + QUERY_TIMEOUT_SECONDS
    connection.set_progress_handler(lambda: time.monotonic() > deadline, _PROGRESS_INSTRUCTIONS)
    for pragma in ("query_only=ON", "trusted_schema=OFF", "cell_size_check=ON", "mmap_size=0", "temp_store=MEMORY"):
        connection.execute(f"PRAGMA {pragma}")
    return connection


def file_version(path: str) -> int:
    """A number that changes with every commit to the store at ``path``."""
    facts: list[object] = []
    for name in (path, path + "-wal"):
        try:
            stat = os.stat(name)
            facts.append((stat.st_ino, stat.st_size, stat.st_mtime_ns))
        except FileNotFoundError:
            facts.append(None)
    try:
        # The head of the WAL index: two copies of 48 bytes with a counter of transactions in each
        # (https://www.sqlite.org/walformat.html, section 2.1).
        with open(path + "-shm", "rb") as index:
            facts.append(index.read(96))
    except OSError:
        facts.append(None)
    return hash(tuple(facts))


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except FileNotFoundError:
        return 0


@contextmanager
def sqlite_errors(path: str) -> Iterator[None]:
    """Turns what SQLite and SQLAlchemy raise into the errors of a store, in this one place."""
    try:
        yield
    except (sqlite3.Error, exc.SQLAlchemyError, OSError, UnicodeDecodeError) as error:
        cause = error.orig if isinstance(error, exc.DBAPIError) and error.orig is not None else error
        raise _translated(path, cause) from error


def _translated(path: str, cause: BaseException) -> StoreError | NotFound:
    name = getattr(cause, "sqlite_errorname", "")
    if not os.path.exists(path):
        return NotFound(f"the store {path} is gone: restore the file, or record into a new one")
    if name.startswith("SQLITE_NOTADB"):
        return NotAStore(f"{path} is not a run-history store (it is no SQLite file): name another file")
    # Text that is no UTF-8, in a column or in SQLite's own message about the file, is damage.
    if name.startswith("SQLITE_CORRUPT") or isinstance(cause, UnicodeDecodeError):
        return DamagedData(f"the store {path} is damaged ({cause}): restore it from a backup")
    if name.startswith("SQLITE_FULL"):
        return StoreUnavailable(f"the disk that holds the store {path} is full: make room, and recording goes on")
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return StoreUnavailable(f"the store {path} is locked by another program: close what else has it open")
    if name.startswith("SQLITE_INTERRUPT"):
        return StoreUnavailable(f"a query of the store {path} took longer than {QUERY_TIMEOUT_SECONDS:.0f} seconds")
    return StoreUnavailable(f"the store {path} cannot be used: {cause}")


def upgrade_store(path: str) -> None:
    """Brings the store at ``path`` up to this version's schema; the caller holds the commit lock."""
    engine = engine_for(lambda: connect_writer(path), begin="BEGIN IMMEDIATE")
    try:
        with engine.begin() as connection:
            upgrade(connection)
            connection.exec_driver_sql(f"PRAGMA user_version={SCHEMA_VERSION}")
    finally:
        engine.dispose()
