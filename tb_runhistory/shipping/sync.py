"""Asks the kernel to write journals to disk while the store does not take them.

What the store has is safe from a power cut, so in ordinary times there is nothing to do, and a sync beside a writing
process can make that process wait. Records that have been waiting for a second are worth it.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Set
from pathlib import Path
from time import monotonic

from tb_runhistory.journal.format import segment_name
from tb_runhistory.journal.spool import segment_numbers

SYNC_SECONDS = 1.0
"""How long records may wait for the store before the kernel is asked to write them, and between two such requests."""


class JournalSync:
    """Remembers since when each journal waits."""

    def __init__(self) -> None:
        self._waiting_since: dict[str, float] = {}
        self._synced_at = 0.0
        self._complete: set[tuple[str, int]] = set()

    def follow(self, folders: Iterable[Path], caught_up: Set[str]) -> None:
        """Of the journals in ``folders`` those named in ``caught_up`` are in the store; the others wait."""
        now = monotonic()
        former, self._waiting_since = self._waiting_since, {}
        for folder in folders:
            if folder.name not in caught_up:
                self._waiting_since[folder.name] = former.get(folder.name, now)
        if now - self._synced_at < SYNC_SECONDS:
            return
        for folder in folders:
            since = self._waiting_since.get(folder.name)
            if since is not None and now - since >= SYNC_SECONDS:
                self._synced_at = now
                self._sync(folder)

    def _sync(self, folder: Path) -> None:
        numbers = segment_numbers(folder)
        for number in numbers:
            segment = (folder.name, number)
            if segment in self._complete:
                continue
            # A segment that goes away or cannot be synced is not worth an outage: it is tried again.
            with contextlib.suppress(OSError):
                descriptor = os.open(folder / segment_name(number), os.O_RDONLY | os.O_CLOEXEC)
                try:
                    os.fdatasync(descriptor)
                finally:
                    os.close(descriptor)
                if number != numbers[-1]:
                    self._complete.add(segment)
