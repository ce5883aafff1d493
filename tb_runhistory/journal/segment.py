"""One segment of a journal while it is written: space that is taken before it is needed, and the owner's lock on it.

A segment is prepared under a temporary name and published by a rename, so that a reader finds it complete with header.

The lock says by the kernel's word that the owner lives. It is an ``flock``, which belongs to the open file and not to
its name or to a descriptor: a mapping keeps it until it is closed or its process ends, even when something in the
process closes every descriptor (as daemons do) or the file is unlinked. Forked children close theirs (``writer.py``).
"""

from __future__ import annotations

import contextlib
import errno
import mmap
import os
import sys
from pathlib import Path
from typing import Protocol

from tb_runhistory.journal.format import APPLIED_OFFSET, APPLIED_SIZE, decode_applied

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows
    fcntl = None  # type: ignore[assignment]

HAS_LOCKS = fcntl is not None
_OPEN_FILES = "/dev/fd"


class Memory(Protocol):
    """Where records are written: ``memory[start:end] = record``. Over a file, a full disk is an OSError."""

    def __setitem__(self, where: slice, record: bytes, /) -> None: ...


class FileMemory(Memory):
    """The interface of a mapping over a file that is written to: an error is an exception, never a signal."""

    def __init__(self, descriptor: int, identity: tuple[int, int]) -> None:
        self.descriptor = descriptor
        self._identity = identity

    def __setitem__(self, where: slice, record: bytes, /) -> None:
        if not _is_file(self.descriptor, self._identity):
            raise OSError(errno.EBADF, "something in this process has closed the journal's file")
        written = os.pwrite(self.descriptor, record, where.start)
        if written != len(record):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


class Segment:
    """A segment that this process writes, until ``close``. ``memory`` takes its bytes."""

    memory: Memory

    def __init__(self, path: Path, size: int, mapped: bool) -> None:
        """A new file of ``size`` zero bytes whose space is taken, locked, and open for writing.

        Raises:
          OSError: there is no room, the folder cannot be written or files cannot be locked. Nothing is left behind.
        """
        self._descriptor = -1
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            status = os.fstat(descriptor)
            self._identity = (status.st_dev, status.st_ino)
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(descriptor, 0, size)
            else:  # pragma: no cover - macOS
                mapped = False
                os.ftruncate(descriptor, size)
            self._map(descriptor, size if mapped else mmap.PAGESIZE, mapped)
        except (OSError, ValueError) as error:
            if self._descriptor != descriptor:
                os.close(descriptor)
            path.unlink(missing_ok=True)
            raise error if isinstance(error, OSError) else OSError(errno.ENOMEM, str(error)) from error

    def _map(self, descriptor: int, size: int, mapped: bool) -> None:
        # Where records are not written through it, a mapping of one page is only there to keep the lock.
        access = mmap.PROT_READ | mmap.PROT_WRITE if mapped else mmap.PROT_READ
        flags = mmap.MAP_SHARED if mapped else mmap.MAP_PRIVATE
        if sys.version_info >= (3, 13):
            self._mapping = mmap.mmap(descriptor, size, flags, access, trackfd=False)
        else:
            self._mapping = mmap.mmap(descriptor, size, flags, access)
        self._mapping_descriptor = _other_descriptor(descriptor, self._identity)
        if mapped:
            self.memory = self._mapping
            os.close(descriptor)
        else:
            self.memory = FileMemory(descriptor, self._identity)
            self._descriptor = descriptor

    def is_at(self, path: str) -> bool:
        """Whether ``path`` still names this segment."""
        with contextlib.suppress(OSError):
            status = os.stat(path)
            return (status.st_dev, status.st_ino) == self._identity
        return False

    def content(self, end: int) -> bytes:
        """The first ``end`` bytes.

        Raises:
          OSError: they cannot be read.
        """
        if self._descriptor < 0:
            return self._mapping[:end]
        if not _is_file(self._descriptor, self._identity):
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        return os.pread(self._descriptor, end, 0)

    def applied(self) -> int:
        """How far the shipper says that the journal is applied; 0 where it has not said so in this segment."""
        try:
            return decode_applied(self.content(APPLIED_OFFSET + APPLIED_SIZE)[APPLIED_OFFSET:])
        except (OSError, ValueError):
            return 0

    def close(self) -> None:
        """Gives the segment up, and the lock with it. Idempotent; the bytes stay."""
        if self._descriptor >= 0 and _is_file(self._descriptor, self._identity):
            os.close(self._descriptor)
        self._descriptor = -1
        number, self._mapping_descriptor = self._mapping_descriptor, -1
        if number < 0 or _is_file(number, self._identity):
            self._mapping.close()
            return
        # Something closed our descriptor and its number may be another file's by now, which closing the mapping closes.
        with contextlib.suppress(OSError):
            kept = os.dup(number)
            inherits = os.get_inheritable(number)
            self._mapping.close()
            os.dup2(kept, number, inherits)
            os.close(kept)
            return
        self._mapping.close()


def _is_file(descriptor: int, identity: tuple[int, int]) -> bool:
    try:
        status = os.fstat(descriptor)
    except OSError:
        return False
    return (status.st_dev, status.st_ino) == identity


def _other_descriptor(descriptor: int, identity: tuple[int, int]) -> int:
    """The descriptor that a mapping has made for itself of a file that nobody else has open; -1 where it needs none."""
    with contextlib.suppress(OSError):
        for name in os.listdir(_OPEN_FILES):
            number = int(name)
            if number != descriptor and _is_file(number, identity):
                return number
    return -1
