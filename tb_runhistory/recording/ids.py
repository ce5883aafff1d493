"""Ids and names that runs get where none, or one of the caller's own, is given."""

from __future__ import annotations

from tb_runhistory.records.names import MAX_NAME_LENGTH


def checked_run_id(run_id: object) -> str:
    """Returns ``run_id`` if it can be one: 1 to 255 printable characters, and no "/", which joins ids to a path.

    Raises:
      TypeError: it is not a string.
      ValueError: it is empty, too long, or holds what it must not.
    """
    if not isinstance(run_id, str):
        raise TypeError(f"a run id is a string, not {type(run_id).__name__}: {run_id!r}")
    if not run_id.strip() or len(run_id) > MAX_NAME_LENGTH or "/" in run_id or not run_id.isprintable():
        raise ValueError(f"a run id has 1 to {MAX_NAME_LENGTH} printable characters and no '/': {run_id[:40]!r}")
    return run_id


def default_display_name(run_id: str) -> str:
    """The name of a run that was given none."""
    return f"run-{run_id[-8:]}"
