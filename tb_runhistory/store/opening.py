"""Opening a store by its URI."""

from __future__ import annotations

import os
from pathlib import Path

from tb_runhistory.errors import NotFound, StoreUnavailable
from tb_runhistory.file_system import NETWORK, file_system_of
from tb_runhistory.store.base import RunHistoryReader, RunHistoryWriter
from tb_runhistory.store.sqlite_file import check_store as check_file
from tb_runhistory.uri import StoreUri

NEWEST_SCHEMA = 1
"""``schema.SCHEMA_VERSION``, told here again so that a store can be checked without SQLAlchemy (a test compares)."""


def check_store(uri: StoreUri) -> None:
    """Makes sure that there is a store at ``uri`` which this version can read. Standard library only.

    Raises:
      NotFound, NotAStore, StoreTooNew, StoreUnavailable: as ``sqlite_file.check_store`` says.
    """
    check_file(uri, NEWEST_SCHEMA)


def open_reader(uri: StoreUri) -> RunHistoryReader:
    """A reader of the store at ``uri``.

    Raises:
      NotFound, NotAStore, StoreTooNew, StoreUnavailable: as ``check_store``.
    """
    check_store(uri)
    from tb_runhistory.store.sql_reader import SqliteReader

    return SqliteReader(uri)


def open_writer(uri: StoreUri) -> RunHistoryWriter:
    """A writer of the store at ``uri``, which is created if there is none and upgraded if it is old.

    Raises:
      NotAStore, StoreTooNew: what is there is something else, or newer.
      StoreUnavailable: the file cannot be created or written, or its file system is no place for SQLite's WAL.
    """
    from tb_runhistory.store.locks import StoreLock
    from tb_runhistory.store.sql_writer import SqliteWriter
    from tb_runhistory.store.sqlite import LOCK_TIMEOUT_SECONDS, create_store, sqlite_errors, upgrade_store

    path = uri.path
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreUnavailable(f"the folder of the store {path} cannot be made: {error.strerror}") from None
    kind = file_system_of(Path(path).parent)
    if kind in NETWORK:
        raise StoreUnavailable(
            f"the store {path} is on a network file system ({kind}), where SQLite can lose data: "
            "keep it on a local disk of the machine that records"
        )
    lock = StoreLock(path)
    try:
        with lock.commit(LOCK_TIMEOUT_SECONDS):
            try:
                # An empty file is what "touch" and temporary files leave: nothing is lost by making it a store.
                version = check_file(uri, NEWEST_SCHEMA) if not _is_empty(path) else None
            except NotFound:
                version = None
            with sqlite_errors(path):
                if version is None:
                    create_store(path)
                elif version < NEWEST_SCHEMA:
                    upgrade_store(path)
        return SqliteWriter(path)
    finally:
        lock.close()


def _is_empty(path: str) -> bool:
    return os.path.isfile(path) and os.path.getsize(path) == 0
