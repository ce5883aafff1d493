"""One segment of a journal while it is written: space that is taken before it is needed, as a mapping or as a file.

A segment is prepared under a temporary name and published by a rename, so that a reader finds it complete with header.
"""

from __future__ import annotations

import errno
import mmap
import os
from pathlib import Path
from typing import Protocol


class Memory(Protocol):
    """Where records are written: ``memory[start:end] = record``. Over a file, a full disk is an OSError."""

    def __setitem__(self, where: slice, record: bytes, /) -> None: ...

    def close(self) -> None:
        """Gives up the access; the bytes stay."""


class FileMemory(Memory):
    """The interface of a mapping over a file that is written to: an error is an exception, never a signal."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def __setitem__(self, where: slice, record: bytes, /) -> None:
        written = os.pwrite(self._descriptor, record, where.start)
        if written != len(record):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def close(self) -> None:
        os.close(self._descriptor)


def allocate(path: Path, size: int, mapped: bool) -> Memory:
    """A new file of ``size`` zero bytes whose space is taken, open for writing.

    Raises:
      OSError: there is no room, or the folder cannot be written. Nothing is left behind.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(descriptor, 0, size)
        else:
            mapped = False
            os.ftruncate(descriptor, size)
        if not mapped:
            return FileMemory(descriptor)
        memory = mmap.mmap(descriptor, size)
        os.close(descriptor)
        return memory
    except (OSError, ValueError) as error:
        os.close(descriptor)
        path.unlink(missing_ok=True)
        raise error if isinstance(error, OSError) else OSError(errno.ENOMEM, str(error)) from error
