"""Whether a shipper is at work on a spool, told without its lock: trying that would be in a starting one's way."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from tb_runhistory.shipping.lock import LOCK_FILE

_PROCESSES = Path("/proc")


def shipper_of(spool: Path) -> int | None:
    """The id of the process that holds the spool's lock file open; None where none is seen.

    Only processes of the same user are seen.
    """
    lock = os.path.realpath(spool / LOCK_FILE)
    holders = (process for process in _process_ids() if lock in _open_files(process))
    return next(holders, None)


def _process_ids() -> Iterator[int]:
    with suppress(OSError):
        yield from sorted(int(name) for name in os.listdir(_PROCESSES) if name.isdecimal())


def _open_files(process: int) -> Iterator[str]:
    folder = _PROCESSES / str(process) / "fd"
    # Processes end meanwhile, and those of other users show nothing.
    with suppress(OSError):
        for name in os.listdir(folder):
            with suppress(OSError):
                yield os.readlink(folder / name)
