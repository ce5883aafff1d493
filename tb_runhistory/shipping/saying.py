"""What a shipper has to say to people, without secrets."""

from __future__ import annotations

import contextlib
import sys
import traceback
from time import strftime

from tb_runhistory.errors import RunHistoryError


def say_on_stderr(text: str) -> None:
    """Prints a dated line. A disk that is full, of all things, is no reason to end: then it is not printed."""
    with contextlib.suppress(OSError, ValueError):
        if sys.stderr is not None:
            print(f"{strftime('%Y-%m-%d %H:%M:%S')} tb_runhistory shipper: {text}", file=sys.stderr, flush=True)


def describe(error: Exception) -> str:
    """The error for people. Only our own texts are known to hold no secret: of others the type and place are told."""
    if isinstance(error, RunHistoryError):
        return str(error)
    if isinstance(error, OSError):
        return f"{type(error).__name__}: {error.strerror}"
    frames = traceback.extract_tb(error.__traceback__)
    return f"{type(error).__name__} in {frames[-1].name} ({frames[-1].filename}:{frames[-1].lineno})"
