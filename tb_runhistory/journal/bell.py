"""The bell of a spool: whoever waits for the store rings it, so that the shipper does not sleep on.

It is a named pipe. Without a listener, or without the pipe, ringing does nothing: the shipper looks by itself soon.
"""

from __future__ import annotations

import contextlib
import os
import select
import stat
from collections.abc import Callable
from pathlib import Path
from time import monotonic

BELL_FILE = "bell"

_LOOK_SECONDS = 0.1
_MANY_RINGS = 1 << 16


def ring(spool: Path) -> None:
    """Wakes the shipper of the spool, if one listens. Never waits and never raises."""
    with contextlib.suppress(OSError):
        descriptor = os.open(spool / BELL_FILE, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            # A pipe that is full, or a file that somebody put in its place, is no matter.
            if stat.S_ISFIFO(os.fstat(descriptor).st_mode):
                os.write(descriptor, b".")
        finally:
            os.close(descriptor)


class Bell:
    """The listening end. Where there can be no pipe, waiting just takes its time."""

    def __init__(self, spool: Path) -> None:
        self._descriptor = -1
        path = spool / BELL_FILE
        with contextlib.suppress(OSError):
            if not path.is_fifo():
                path.unlink(missing_ok=True)
                os.mkfifo(path, 0o600)
            # Open for writing, too, so that it never looks as if the last who rang had hung up.
            self._descriptor = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)

    def wait(self, seconds: float, is_over: Callable[[], bool]) -> None:
        """Waits until it is rung, or ``seconds``, or until ``is_over``."""
        listened = [self._descriptor] if self._descriptor >= 0 else []
        until = monotonic() + seconds
        while (left := until - monotonic()) > 0 and not is_over():
            if select.select(listened, [], [], min(left, _LOOK_SECONDS))[0]:
                with contextlib.suppress(OSError):
                    os.read(self._descriptor, _MANY_RINGS)
                return

    def close(self) -> None:
        """Stops listening. Idempotent."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
