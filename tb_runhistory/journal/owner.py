"""Who owns a journal, by the kernel's word: a lock that ends with its process and that forked children don't inherit.

A POSIX record lock belongs to a process and is dropped when the process closes *any* descriptor of the file. So the
owner's file is opened once in its process and never again, and a process knows its own journals without looking.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from tb_runhistory.errors import JournalError
from tb_runhistory.journal.format import OWNER_FILE

try:
    import fcntl
except ImportError:  # pragma: no cover - Windows
    fcntl = None  # type: ignore[assignment]

_owned: dict[str, int] = {}
"""The journals that a process here has open, with that process's id: a fork inherits the dict, not the journals."""


class OwnerLock:
    """Ownership of a journal, from construction until ``release`` or the end of the process."""

    def __init__(self, folder: Path, journal_id: str) -> None:
        """Takes the ownership of a journal that nobody else can see yet.

        Raises:
          JournalError: this platform has no record locks.
          OSError: the file cannot be written.
        """
        if fcntl is None:
            raise JournalError("recording needs POSIX record locks, which this platform does not have")
        self._journal_id = journal_id
        self._descriptor = os.open(folder / OWNER_FILE, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            identity = {"process": os.getpid(), "started": process_start(os.getpid())}
            os.write(self._descriptor, json.dumps(identity).encode())
            fcntl.lockf(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._descriptor)
            raise
        _owned[journal_id] = os.getpid()

    def release(self) -> None:
        """Gives the ownership up; in a forked child, which never had it, only closes the descriptor. Idempotent."""
        if self._descriptor < 0:
            return
        descriptor, self._descriptor = self._descriptor, -1
        if _owned.pop(self._journal_id, None) == os.getpid():
            os.ftruncate(descriptor, 0)  # Its process lives on, but no longer as the owner.
        os.close(descriptor)


def owner_lives(folder: str | Path) -> bool:
    """Whether the process that owns the journal in ``folder`` lives. A stopped one does, a zombie does not.

    A process that closed its descriptors behind our back has lost its lock but still writes to the mapped journal: so a
    free lock alone is no proof while the very process that took it (same id, same start) is there.
    """
    folder = str(folder)
    if _owned.get(os.path.basename(folder)) == os.getpid():
        return True
    try:
        descriptor = os.open(f"{folder}/{OWNER_FILE}", os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        # A shared lock, so that two onlookers don't take each other for the owner.
        fcntl.lockf(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        identity = os.read(descriptor, 4096)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return _is_there(identity)


def _is_there(identity: bytes) -> bool:
    try:
        owner = json.loads(identity)
        started = owner["started"]
        return started is not None and process_start(owner["process"]) == started
    except (ValueError, KeyError, TypeError):
        return False


def process_start(process: int) -> str | None:
    """When a process started: the boot and the ticks since then; None if it is no more, a zombie, or cannot be told."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
        status = Path(f"/proc/{process}/stat").read_bytes()
    except OSError:
        return None
    # The command's name stands in brackets and may itself hold spaces and brackets.
    state, *fields = status[status.rindex(b")") + 2 :].split()
    return None if state in (b"Z", b"X") else f"{boot} {int(fields[18])}"
