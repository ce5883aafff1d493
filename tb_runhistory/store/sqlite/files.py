"""The files of a SQLite store: what is refused, how a store appears, and which log belongs to which file.

A log (``-wal``) is replayed by SQLite into whatever stands beside it under its name. So that the log of a store that
was removed, moved or restored from a backup never gets into another one, the store counts its commits (``stamp``) and
notes at which the main file stood when its log began (``base``), both in one page that every commit writes. A log is
of a file only if they have one ``id`` and the file stands between the log's beginning and its end. A log that is of
another file is renamed and never replayed.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import stat
import time
from contextlib import closing, suppress
from dataclasses import dataclass

from tb_runhistory.errors import NotAStore, NotFound, StoreTooNew, StoreUnavailable
from tb_runhistory.file_system import NETWORK, file_system_of, is_mount_point
from tb_runhistory.store.sqlite.connection import (
    APPLICATION_ID,
    connect_reader,
    main_file_alone,
    main_file_with_log,
    size_of,
    translated,
)
from tb_runhistory.store.sqlite.locks import Note

_log = logging.getLogger("tb_runhistory")


@dataclass(frozen=True, slots=True)
class Identity:
    """What the main file, or the file with its log, says of itself."""

    store_id: str
    base: int
    stamp: int


def resolved(path: str) -> str:
    """The path of the store's own file, behind symbolic links: its log and lock stand beside it.

    Raises:
      NotAStore: what is there is no regular file, has several names, or is mounted by itself.
    """
    path = os.path.realpath(path)
    try:
        found = os.stat(path)
    except OSError:
        return path
    if not stat.S_ISREG(found.st_mode):
        raise NotAStore(f"{path} is not a file: name the SQLite file of a run-history store")
    if found.st_nlink > 1:
        raise NotAStore(
            f"{path} has {found.st_nlink} names (hard links), and the log of a store stands beside one of them only: "
            "copy the file, and use the copy"
        )
    if is_mount_point(path):
        raise NotAStore(
            f"{path} is mounted as a single file, without the log that stands beside it: mount its folder instead"
        )
    return path


def prepare_folder(path: str) -> None:
    """Makes the folder of the store, and refuses one where SQLite can lose data.

    Raises:
      StoreUnavailable: the folder cannot be made, or other machines share it.
    """
    folder = os.path.dirname(path)
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise StoreUnavailable(f"the folder of the store {path} cannot be made: {error.strerror}") from None
    kind = file_system_of(folder)
    if kind in NETWORK:
        raise StoreUnavailable(
            f"the store {path} is on a network file system ({kind}), where SQLite can lose data: "
            "keep it on a local disk of the machine that records"
        )


def check_header(path: str, newest: int) -> None:
    """Makes sure that the main file says of itself that it is a store that can be used. Touches nothing of it.

    Raises:
      NotFound: there is no such file.
      NotAStore: the file is something else.
      StoreTooNew: its tables are newer than ``newest``.
      StoreUnavailable: it cannot be read.
    """
    try:
        size = os.stat(path).st_size
    except (FileNotFoundError, NotADirectoryError):
        raise NotFound(f"there is no store at {path}: record a run into it first, or correct the path") from None
    except OSError as error:
        raise StoreUnavailable(f"the store {path} cannot be read: {error.strerror}") from None
    if size == 0:
        raise NotAStore(f"{path} is not a run-history store (it is no SQLite file: it is empty): name another file")
    try:
        # Not by opening the file itself: closing it would drop the locks that SQLite holds in this process.
        with main_file_alone(path) as connection:
            application = connection.execute("PRAGMA application_id").fetchone()[0]
            version = connection.execute("PRAGMA user_version").fetchone()[0]
    except (sqlite3.Error, OSError) as error:
        raise translated(path, error, is_writing=False) from None
    if application != APPLICATION_ID:
        raise NotAStore(f"{path} is a SQLite file, but not a run-history store: name another file")
    check_version(path, version, newest)


def check_version(path: str, version: int, newest: int) -> None:
    """Makes sure that a store whose tables have this version can be used.

    Raises:
      NotAStore: there is no such version.
      StoreTooNew: it is newer than ``newest``.
    """
    if version < 1:
        raise NotAStore(f"{path} is not a run-history store (its schema version is {version}): name another file")
    if version > newest:
        raise StoreTooNew(
            f"the store {path} has schema version {version}, this version of tb-runhistory knows up to {newest}: "
            "upgrade with pip install -U tb-runhistory"
        )


def check_store(path: str, newest: int) -> int:
    """The version of the tables of the store at ``path``, which a viewer may read.

    Raises:
      NotFound, NotAStore, StoreTooNew, StoreUnavailable, DamagedData: it may not.
    """
    check_header(path, newest)
    try:
        with closing(connect_reader(path, has_log)) as connection:
            version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    except (sqlite3.Error, OSError) as error:
        raise translated(path, error, is_writing=False) from None
    check_version(path, version, newest)
    return version


_judged: dict[str, tuple[tuple[int, ...], Identity | None]] = {}


def has_log(path: str, note: Note | None) -> bool:
    """Whether there is a log beside the main file that holds more of the store. Asked of a store that nobody writes.

    One that is in the main file already is not read: who writes next may begin it anew.
    """
    if size_of(path + "-wal") == 0:
        return False
    with_log = _identity_with_log(path)
    if with_log is None:
        return False
    is_moved = note is not None and note.checkpointed == with_log.stamp and note.is_of(os.stat(path))
    return not is_moved


def log_belongs(path: str) -> bool:
    """Whether the log beside the main file, if there is one, is its own. Asked of a store that nobody writes."""
    return size_of(path + "-wal") == 0 or _identity_with_log(path) is not None


def _identity_with_log(path: str) -> Identity | None:
    """What the main file with its log says of itself; None if the log is not its own."""
    try:
        files = (os.stat(path), os.stat(path + "-wal"))
    except OSError:
        return None
    state = tuple(number for file in files for number in (file.st_dev, file.st_ino, file.st_size, file.st_mtime_ns))
    known = _judged.get(path)
    if known is None or known[0] != state:
        known = _judged[path] = (state, _judge(path))
    return known[1]


def _judge(path: str) -> Identity | None:
    try:
        with main_file_with_log(path) as connection:
            with_log = identity_of(connection)
    except sqlite3.Error:
        # Whatever this log is, it makes no store of this file.
        return None
    try:
        with main_file_alone(path) as connection:
            alone = identity_of(connection)
    except sqlite3.Error:
        # Without this log there is none at all.
        return with_log
    if alone is None or with_log is None or alone.store_id != with_log.store_id:
        return None
    return with_log if with_log.base <= alone.stamp <= with_log.stamp else None


def identity_of(connection: sqlite3.Connection) -> Identity | None:
    """What the store behind ``connection`` says of itself; None if it says nothing."""
    rows = dict(connection.execute("SELECT name, value FROM store WHERE name IN ('id', 'base', 'stamp')").fetchall())
    try:
        return Identity(str(rows["id"]), int(rows["base"]), int(rows["stamp"]))
    except (KeyError, ValueError, TypeError):
        return None


def set_log_aside(path: str) -> None:
    """Renames the log beside ``path``, which is of another store, and drops its index; the caller may commit."""
    if size_of(path + "-wal") > 0:
        aside = f"{path}-wal-of-another-store-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}"
        os.rename(path + "-wal", aside)
        _log.warning(
            "beside the store %s stood the log of a store that was there before; it is kept as %s", path, aside
        )
    for suffix in ("-wal", "-shm", "-journal"):
        with suppress(FileNotFoundError):
            os.unlink(path + suffix)
