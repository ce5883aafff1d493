"""Ids and names that runs get where none, or one of the caller's own, is given."""

from __future__ import annotations

from tb_runhistory.records.names import checked_name


def checked_run_id(run_id: object) -> str:
    """Returns ``run_id`` if it can be one: 1 to 255 printable characters, and no "/", which joins ids to a path.

    Raises:
      TypeError: it is not a string.
      ValueError: it is empty, too long, or holds what it must not.
    """
    text = checked_name("run id", run_id)
    if "/" in text or not text.isprintable():
        raise ValueError(f"a run id holds printable characters and no '/': {text!r}")
    return text


def default_display_name(run_id: str) -> str:
    """The name of a run that was given none."""
    return f"run-{run_id[-8:]}"
