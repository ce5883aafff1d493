"""The lock file that stands beside a SQLite store: who writes, and who commits now.

Three facts are kept as byte ranges of one file. A writer holds a shared lock on byte 1 for as long as it has the store
open, so that a viewer can tell a live store from one at rest without opening it. Byte 0 is held exclusively around
every commit and checkpoint: SQLite before 3.51.3 can lose a commit that runs beside a checkpoint
(https://www.sqlite.org/wal.html#walresetbug). Byte 2 is held by the one whose turn it is next, so that a process which
commits without pause cannot be the first again and again while others wait.

Locks belong to the open file description (Linux ``F_OFD_SETLK``), so that neither a second opening of the file nor its
closing in the same process drops them.
"""

from __future__ import annotations

import fcntl
import os
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tb_runhistory.errors import StoreUnavailable

SUFFIX = "-lock"
_COMMIT_BYTE = 0
_WRITER_BYTE = 1
_TURN_BYTE = 2
_RETRY_SECONDS = 0.002
# struct flock of 64-bit Linux: l_type, l_whence, l_start, l_len, l_pid.
_FLOCK = struct.Struct("hh4xqqi4x")


def _flock(kind: int, byte: int) -> bytes:
    return _FLOCK.pack(kind, os.SEEK_SET, byte, 1, 0)


class StoreLock:
    """A writer's hold on the lock file of the store at ``path``.

    Raises:
      StoreUnavailable: the lock file cannot be created.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        try:
            self._file = os.open(path + SUFFIX, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
            fcntl.fcntl(self._file, fcntl.F_OFD_SETLK, _flock(fcntl.F_RDLCK, _WRITER_BYTE))
        except OSError as error:
            raise StoreUnavailable(f"the store {path} cannot be locked for writing: {error.strerror}") from None

    @contextmanager
    def commit(self, timeout: float) -> Iterator[None]:
        """Holds the right to commit, waiting at most ``timeout`` seconds for it.

        Raises:
          StoreUnavailable: another process has held it all that time.
        """
        deadline = time.monotonic() + timeout
        self._wait(_TURN_BYTE, deadline, timeout)
        try:
            self._wait(_COMMIT_BYTE, deadline, timeout)
        finally:
            self._try(fcntl.F_UNLCK, _TURN_BYTE)
        try:
            yield
        finally:
            self._try(fcntl.F_UNLCK, _COMMIT_BYTE)

    def _wait(self, byte: int, deadline: float, timeout: float) -> None:
        while not self._try(fcntl.F_WRLCK, byte):
            if time.monotonic() > deadline:
                raise StoreUnavailable(
                    f"the store {self._path} was locked by another process for {timeout:.0f} seconds: "
                    "is one stopped or stuck while it writes?"
                )
            time.sleep(_RETRY_SECONDS)

    def _try(self, kind: int, byte: int) -> bool:
        try:
            fcntl.fcntl(self._file, fcntl.F_OFD_SETLK, _flock(kind, byte))
        except BlockingIOError:
            return False
        return True

    def close(self) -> None:
        """Gives up the hold. Idempotent."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def has_writer(path: str) -> bool:
    """Whether any process has the store at ``path`` open for writing. Touches nothing."""
    try:
        file = os.open(path + SUFFIX, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        answer = fcntl.fcntl(file, fcntl.F_OFD_GETLK, _flock(fcntl.F_WRLCK, _WRITER_BYTE))
    finally:
        os.close(file)
    return bool(_FLOCK.unpack(answer)[0] != fcntl.F_UNLCK)
