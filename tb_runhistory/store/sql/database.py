"""The seam between the SQL of a store and the engine below it: what ``store.sqlite`` and ``store.postgresql`` give."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from typing import Any

from sqlalchemy import ColumnElement, Connection


class Database(ABC):
    """A database that holds a store with this version's tables.

    Whatever its driver or SQLAlchemy raises within ``reading`` and ``writing`` leaves them as a ``StoreError``: as
    ``StoreUnavailable`` only what another try can mend, as ``RefusedData`` what the database cannot hold (a number out
    of range, a NULL where none may be, a text it cannot take), as ``DamagedData`` what it cannot read.
    """

    @property
    @abstractmethod
    def location(self) -> str:
        """Where it is, for people: a URI without secrets."""

    @abstractmethod
    def reading(self, limited: bool = True) -> AbstractContextManager[Connection]:
        """A connection that sees one moment of the store and cannot change it, with a limit of time and memory.

        A check of the store is not ``limited`` in its time: it ends when it is done, or with KeyboardInterrupt.
        Bytes in a text that are no UTF-8 are read as U+FFFD, here and within ``writing``: they cost themselves alone.
        """

    def faults(self) -> Iterator[str]:
        """What the engine's own check finds wrong with how it keeps the store, one sentence each; all in one moment."""
        return iter(())

    @abstractmethod
    def writing(self) -> AbstractContextManager[Connection]:
        """One transaction, durable when the block is left without an exception, undone when with one."""

    @abstractmethod
    def lock_trees(self, connection: Connection, root_ids: Iterable[str]) -> None:
        """Within ``writing``: nobody else writes these trees until the transaction ends. Taken in order of ids, before
        anything is read; ``experiments`` and ``names`` are locked after trees, by ``lock_experiments``."""

    @abstractmethod
    def lock_experiments(self, connection: Connection) -> None:
        """Within ``writing``: nobody else writes ``experiments`` or ``names`` until the transaction ends."""

    @abstractmethod
    def raw_id(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        """What reads as the 16 bytes of each id in a column of ids: quicker than as texts where there are very many."""

    @abstractmethod
    def stamp(self, connection: Connection) -> int:
        """Within ``writing``: what ``changed`` becomes in the rows that this transaction changes. It is greater than
        any that a reader whose ``position`` was taken before may have seen."""

    @abstractmethod
    def position(self, connection: Connection) -> int:
        """Within ``reading``: the least stamp that a transaction which this connection does not see may have."""

    @abstractmethod
    def version(self) -> int:
        """A number that changes with every commit. It costs one index read at most."""

    @abstractmethod
    def close(self) -> None:
        """Releases everything. Idempotent."""
