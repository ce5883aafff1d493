"""What recording has to say to the person who runs the training: single lines on standard error."""

from __future__ import annotations

import sys

_said: set[str] = set()


def notice(text: str) -> None:
    """Prints one line. Never raises: standard error may be closed, and a notice is not worth a training run."""
    try:
        print(f"tb_runhistory: {text}", file=sys.stderr, flush=True)
    except (AttributeError, OSError, ValueError):
        return


def notice_once(text: str) -> None:
    """Prints the line if this process has not printed it yet."""
    if text not in _said:
        _said.add(text)
        notice(text)
