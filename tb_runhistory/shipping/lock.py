"""The locks of shippers: one holds a spool to one shipper, which a process can hand to the shipper it starts; others
keep two shippers from draining one journal, should a spool have two after all.

They are ``flock``s, which belong to the open file: whoever takes one starts a child that inherits the descriptor, so
that there is no moment in which two processes believe they should start a shipper, or none does.
"""

from __future__ import annotations

import contextlib
import os
import weakref
from pathlib import Path
from typing import Self

from tb_runhistory.errors import JournalError

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows
    fcntl = None  # type: ignore[assignment]

LOCK_FILE = "shipper.lock"


class FileLock:
    """Holds the lock of a file or folder until ``release``, or until every process that has its descriptor is gone."""

    def __init__(self, descriptor: int) -> None:
        """Adopts the descriptor of a lock that is held."""
        self.descriptor = descriptor
        _held.add(self)

    @classmethod
    def of_folder(cls, folder: Path) -> Self | None:
        """The lock of a folder, which removing files of it does not touch; None when somebody else holds it.

        Network file systems cannot lock a folder. There it counts as held: that two shippers double nothing is the
        store's doing, and this only spares them the trouble.

        Raises:
          OSError: the folder cannot be opened.
        """
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            return cls._locked(descriptor)
        except OSError:
            return cls(descriptor)

    @classmethod
    def _locked(cls, descriptor: int) -> Self | None:
        if not _try(descriptor):
            os.close(descriptor)
            return None
        return cls(descriptor)

    def unlock(self) -> None:
        """Lets somebody else take the lock, for every process that shares the descriptor."""
        fcntl.flock(self.descriptor, fcntl.LOCK_UN)

    def hand_over(self) -> None:
        """Closes the descriptor here; a child that inherited it holds the lock on."""
        _held.discard(self)
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1

    def release(self) -> None:
        """Unlocks and closes. Idempotent."""
        if self.descriptor >= 0:
            with contextlib.suppress(OSError):
                self.unlock()
            self.hand_over()


class ShipperLock(FileLock):
    """The lock of a spool."""

    @classmethod
    def take(cls, spool: Path) -> ShipperLock | None:
        """The lock, or None when somebody else holds it.

        Raises:
          JournalError: this platform has no file locks.
          OSError: the spool cannot be written.
        """
        if fcntl is None:
            raise JournalError("a shipper needs POSIX file locks, which this platform does not have")
        return cls._locked(os.open(spool / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))

    def retake(self) -> bool:
        """Takes the lock again after ``unlock``; False when somebody else has it now."""
        return _try(self.descriptor)

    def holds(self, spool: Path) -> bool:
        """Whether it is the lock that others find in the spool, and not one whose file was removed meanwhile."""
        try:
            found, held = os.stat(spool / LOCK_FILE), os.fstat(self.descriptor)
        except OSError:
            return False
        return (found.st_dev, found.st_ino) == (held.st_dev, held.st_ino)


def _try(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


_held: weakref.WeakSet[FileLock] = weakref.WeakSet()


def _close_in_child() -> None:
    # A forked child would hold the lock on after its parent's death without being a shipper.
    for lock in list(_held):
        lock.hand_over()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_close_in_child)
