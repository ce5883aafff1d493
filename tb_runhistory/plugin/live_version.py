"""The version that the page asks for: another whenever an answer may be another."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable

from tb_runhistory.errors import DamagedData
from tb_runhistory.store.base import RunHistoryReader

_LOOK_SECONDS = 30.0
"""How often to look which runs have stopped responding. It reads every run, so it is not done each time."""


class LiveVersion:
    """The store's version with the number of runs that do not respond: these become more with time alone.

    A store in which nothing runs keeps its version, however long it is looked at. Safe to use from threads.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._silent = 0
        self._looked_at = -_LOOK_SECONDS

    def text(self, reader: RunHistoryReader) -> str:
        """The version now. Raises what the reader raises."""
        version = reader.version()
        return f"{version & (2**64 - 1):x}-{self._count_silent(reader):x}"

    def _count_silent(self, reader: RunHistoryReader) -> int:
        with self._lock:
            now = self._clock()
            # A clock that was set back looks, too.
            if not 0 <= now - self._looked_at < _LOOK_SECONDS:
                self._looked_at = now
                with contextlib.suppress(DamagedData):
                    # What is damaged is told by the answers that need it.
                    self._silent = reader.count_not_responding(now)
            return self._silent
