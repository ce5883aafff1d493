"""Whether the owner of a journal lives, by the kernel's word: the lock on its newest segment (``segment.py``)."""

from __future__ import annotations

import os
from pathlib import Path

from tb_runhistory.journal.format import segment_name
from tb_runhistory.journal.spool import prepared_files, segment_numbers

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows
    fcntl = None  # type: ignore[assignment]


def owner_lives(folder: Path) -> bool:
    """Whether the process that writes the journal in ``folder`` lives. A stopped one does, a zombie does not."""
    looked = 0
    while True:
        numbers = segment_numbers(folder)
        if not numbers:
            return any(_is_held(path) for path in prepared_files(folder))
        if numbers[-1] == looked:
            return False
        # The owner lets a segment go only after the next one is there: so a free one that is still the newest is final.
        looked = numbers[-1]
        if _is_held(folder / segment_name(looked)):
            return True


def _is_held(segment: Path) -> bool:
    try:
        descriptor = os.open(segment, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        return is_locked(descriptor)
    finally:
        os.close(descriptor)


def is_locked(descriptor: int) -> bool:
    """Whether the owner holds the segment that is open here, which may be unlinked meanwhile."""
    try:
        # Shared, so that two onlookers don't take each other for the owner.
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    fcntl.flock(descriptor, fcntl.LOCK_UN)
    return False
