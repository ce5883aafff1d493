"""The connections of this process to main files, with SQLite's locks and without.

A process that closes any descriptor of a file loses all locks that it has on it (POSIX). SQLite sees to that, but not
in its VFS without locks, through which a log that was left behind is read. If writers then come, another thread of the
viewer reads under locks, and must keep them when the first is done: so what was opened without locks is closed only
when no other connection needs its own.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections import Counter
from collections.abc import Callable


class OpenFiles:
    """How often this process has each main file open with SQLite's locks, and what waits to be closed until it has not.

    Safe to use from threads.
    """

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """In a forked child, which has no locks of its parent."""
        # Reentrant, because a signal handler may close a connection in the thread that holds it.
        self._guard = threading.RLock()
        self._locked: Counter[str] = Counter()
        self._postponed: dict[str, list[Callable[[], None]]] = {}

    def open_locked(self, path: str) -> None:
        """A connection with locks is about to be opened."""
        with self._guard:
            self._locked[path] += 1

    def closed_locked(self, path: str) -> None:
        """One was closed."""
        with self._guard:
            self._locked[path] -= 1
            if self._locked[path] <= 0:
                del self._locked[path]
                for close in self._postponed.pop(path, []):
                    close()

    def close_unlocked(self, path: str, close: Callable[[], None]) -> None:
        """Closes a connection without locks by ``close``, now or when it harms nobody."""
        with self._guard:
            if self._locked[path]:
                self._postponed.setdefault(path, []).append(close)
            else:
                close()


open_files = OpenFiles()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=open_files.forget)


class StoreConnection(sqlite3.Connection):
    """A connection to the file at ``path``, without SQLite's locks where it is not ``has_locks``."""

    path = ""
    has_locks = True
    _is_closed = False

    def close(self) -> None:
        """Closes the connection. Idempotent."""
        if self._is_closed:
            return
        self._is_closed = True
        if self.has_locks:
            super().close()
            open_files.closed_locked(self.path)
        else:
            open_files.close_unlocked(self.path, super().close)
