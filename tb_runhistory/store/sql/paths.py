"""Where a run stands in its tree: the ids from the root down to it, as text and as the bytes that are stored."""

from __future__ import annotations

from functools import lru_cache

from sqlalchemy import ColumnElement, FromClause, and_

from tb_runhistory.errors import RefusedData
from tb_runhistory.records.identity import id_bytes, id_text
from tb_runhistory.store.sql.types import NO_ID

ID_BYTES = 16

MAX_DEPTH = 100
"""How deep a tree may grow. A run that is said to stand deeper stands below the last but one place on its path, so
that neither the size of a row nor the cost of a path grows with a chain of runs."""


def checked_path(root_id: str, run_id: str, path: str) -> list[str]:
    """The ids from the root to the run, at most ``MAX_DEPTH`` of them below the root.

    Raises:
      RefusedData: ``path`` does not lead from the root to the run, or goes in a circle.
    """
    ids = path.split("/", MAX_DEPTH)
    if len(ids) > MAX_DEPTH and "/" in ids[-1]:
        ids[-1] = ids[-1].rpartition("/")[2]
    if ids[0] != root_id or ids[-1] != run_id or len(set(ids)) < len(ids) or not all(map(is_id, ids)):
        raise RefusedData(f"the run {run_id[:40]!r} is said to stand at {path[:200]!r}, which does not lead to it")
    return ids


@lru_cache(maxsize=1 << 16)
def is_id(text: str) -> bool:
    """Whether a text is the id of something, in its usual form."""
    return id_bytes(text) is not None and text == text.lower() and text != NO_ID


def ids_of(path: bytes) -> list[str]:
    """The ids below the root."""
    return [id_text(path[at : at + ID_BYTES]) for at in range(0, len(path) // ID_BYTES * ID_BYTES, ID_BYTES)]


def run_id_at(root_id: str, path: object) -> str:
    """The id of the run that stands at a stored path of a tree; "" where the path is damaged."""
    if not isinstance(path, bytes) or len(path) % ID_BYTES:
        return ""
    return id_text(path[-ID_BYTES:]) if path else root_id


def stored_path(run_id: str, above: bytes) -> bytes:
    """The path of a run whose parent's is ``above``."""
    data = id_bytes(run_id)
    assert data is not None, "ids are checked before"
    return above + data


class PathTexts:
    """Makes texts of stored paths. Runs of one parent come together, so the parent's text is made once."""

    def __init__(self) -> None:
        self._above: tuple[str, bytes] = ("", b"")
        self._text = ""

    def text(self, root_id: str, path: object) -> str:
        """The ids from the root to the run, joined by "/". Of a damaged path, what can be understood."""
        if not isinstance(path, bytes) or not path:
            return root_id
        path = path[: MAX_DEPTH * ID_BYTES]
        last = (len(path) - 1) // ID_BYTES * ID_BYTES
        above = (root_id, path[:last])
        if above != self._above:
            self._above, self._text = above, "/".join([root_id, *ids_of(path[:last])])
        own = path[last:]
        return f"{self._text}/{id_text(own)}" if len(own) == ID_BYTES else self._text


def in_subtree(table: FromClause, root_id: str, path: bytes) -> ColumnElement[bool]:
    """The condition on ``runs`` (or an alias of it) for the run at a place and all its descendants: one range."""
    conditions: list[ColumnElement[bool]] = [table.c.root_id == root_id]
    if path:
        conditions.append(table.c.path >= path)
    end = _end(path)
    if end:
        conditions.append(table.c.path < end)
    return and_(*conditions)


def _end(path: bytes) -> bytes:
    """The least bytes that are greater than all that begin with ``path``; none where there are none."""
    kept = path.rstrip(b"\xff")
    return kept[:-1] + bytes([kept[-1] + 1]) if kept else b""


def depth_of(path: bytes) -> int:
    """How many runs stand above the run at ``path``."""
    return len(path) // ID_BYTES
