"""The lock that holds a spool to one shipper, and that a process can hand to the shipper it starts.

It is an ``flock``, which belongs to the open file: whoever takes it starts a child that inherits the descriptor, so
that there is no moment in which two processes believe they should start a shipper, or none does.
"""

from __future__ import annotations

import os
import weakref
from pathlib import Path

from tb_runhistory.errors import JournalError

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows
    fcntl = None  # type: ignore[assignment]

LOCK_FILE = "shipper.lock"


class ShipperLock:
    """Holds the lock of a spool until ``release``, or until every process that has its descriptor is gone."""

    def __init__(self, descriptor: int) -> None:
        """Adopts the descriptor of a lock that is held."""
        self.descriptor = descriptor
        _held.add(self)

    @classmethod
    def take(cls, spool: Path) -> ShipperLock | None:
        """The lock, or None when somebody else holds it.

        Raises:
          JournalError: this platform has no file locks.
          OSError: the spool cannot be written.
        """
        if fcntl is None:
            raise JournalError("a shipper needs POSIX file locks, which this platform does not have")
        descriptor = os.open(spool / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        except OSError:
            os.close(descriptor)
            raise
        return cls(descriptor)

    def retake(self) -> bool:
        """Takes the lock again after ``unlock``; False when somebody else has it now."""
        try:
            fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

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
            self.unlock()
            self.hand_over()


_held: weakref.WeakSet[ShipperLock] = weakref.WeakSet()


def _close_in_child() -> None:
    # A forked child would hold the lock on after its parent's death without being a shipper.
    for lock in list(_held):
        lock.hand_over()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_close_in_child)
