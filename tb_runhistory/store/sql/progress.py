"""How far journals are applied: compared and advanced in the transaction that applies them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, and_, bindparam, delete, insert, select, update

from tb_runhistory.errors import JournalMoved, RefusedData
from tb_runhistory.store.sql.paths import is_id
from tb_runhistory.store.sql.rows import checksum_of, is_sound
from tb_runhistory.store.sql.schema import journals
from tb_runhistory.store.sql.types import Id
from tb_runhistory.store.sql.wanted import Lookup

_STORED = Lookup(
    {"root_id": Id, "journal_id": Id},
    lambda wanted: select(journals).select_from(
        wanted.join(
            journals, and_(journals.c.root_id == wanted.c.root_id, journals.c.journal_id == wanted.c.journal_id)
        )
    ),
)
_ADVANCE = update(journals).where(
    journals.c.root_id == bindparam("of_root"), journals.c.journal_id == bindparam("of_journal")
)

ProgressKey = tuple[str, str]
"""A tree's root_id ("" for what belongs to none) and a journal_id."""


class Progress:
    """How far the journals of some batches are applied to their trees, which the caller has locked.

    Where a row is damaged, whoever brings a batch knows best how far its journal is applied.
    """

    def __init__(self, connection: Connection, keys: set[ProgressKey]) -> None:
        for root_id, journal_id in keys:
            if (root_id and not is_id(root_id)) or not is_id(journal_id):
                raise RefusedData(f"the journal {journal_id[:40]!r} or its tree {root_id[:40]!r} has no id")
        self._connection = connection
        rows = [row._mapping for row in _STORED.rows(connection, sorted(keys))]
        self._stored = {(row["root_id"], row["journal_id"]): row["sequence"] for row in rows if is_sound(journals, row)}
        self._is_there = {(row["root_id"], row["journal_id"]) for row in rows}
        self._reached: dict[ProgressKey, int] = {}

    def advance(self, root_id: str, journal_id: str, after: int, sequence: int) -> bool:
        """Whether a batch is to be applied: not when the store has it. Then it counts as applied from now on.

        Raises:
          JournalMoved: the store has a part of it.
        """
        key = (root_id, journal_id)
        reached = self._reached.get(key, self._stored.get(key, after))
        if reached >= sequence:
            return False
        if reached > after:
            raise JournalMoved(
                f"records {after + 1} to {sequence} of the journal {journal_id} are to be applied, "
                f"and another process has applied them up to {reached}"
            )
        self._reached[key] = sequence
        return True

    def store(self) -> None:
        """Writes how far the journals are applied now."""
        new: list[dict[str, Any]] = []
        moved: list[dict[str, Any]] = []
        for (root_id, journal_id), sequence in self._reached.items():
            cells = {"sequence": sequence, "checksum": checksum_of((root_id, journal_id, sequence))}
            if (root_id, journal_id) in self._is_there:
                moved.append({"of_root": root_id, "of_journal": journal_id, **cells})
            else:
                new.append({"root_id": root_id, "journal_id": journal_id, **cells})
        if new:
            self._connection.execute(insert(journals), new)
        if moved:
            self._connection.execute(_ADVANCE, moved)


def read_progress(connection: Connection, journal_id: str) -> Mapping[str, int]:
    """How far a journal is applied to each tree."""
    if not is_id(journal_id):
        return {}
    stored = connection.execute(select(journals).where(journals.c.journal_id == journal_id)).mappings()
    return {row["root_id"]: row["sequence"] for row in stored if is_sound(journals, row)}


def forget_progress(connection: Connection, journal_id: str) -> None:
    """Drops what is known of a journal whose files are gone."""
    if is_id(journal_id):
        connection.execute(delete(journals).where(journals.c.journal_id == journal_id))
