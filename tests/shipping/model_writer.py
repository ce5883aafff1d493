"""A run-history store in memory: the model that the shipper, and any real store behind it, is compared with."""

from __future__ import annotations

import fcntl
import os
import pickle
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tb_runhistory.errors import JournalMoved, StoreUnavailable
from tb_runhistory.records.changes import Change, DeclareSeries, EndRun, StartRun
from tb_runhistory.records.status import RunStatus
from tb_runhistory.store.base import RunHistoryWriter, TreeBatch
from tests.conformance.builder import id_of

SeriesName = tuple[str, str, str]
"""Run id, session id and tag of a series."""


@dataclass
class ModelStore:
    """What was applied. Nothing is left out, so that what is applied twice is there twice."""

    applied: dict[tuple[str, str], int] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)
    points: dict[SeriesName, list[tuple[int, float, float]]] = field(default_factory=dict)
    entries: dict[SeriesName, list[tuple[int, float, tuple[bytes, ...]]]] = field(default_factory=dict)
    refused: Counter[str] = field(default_factory=Counter)
    beats: list[tuple[str, str]] = field(default_factory=list)
    forgotten: list[str] = field(default_factory=list)

    def steps(self, run: str, tag: str) -> list[int]:
        """The steps that a run, by id or name, has for a tag, in the order in which they were applied."""
        key = (id_of(run), tag)
        return [step for (r, _, t), points in self.points.items() if (r, t) == key for step, _, _ in points]

    def texts(self, run: str) -> list[str]:
        """The texts of a run, by id or name, in the order in which they were applied."""
        entries = (entries for (r, _, _), entries in self.entries.items() if r == id_of(run))
        return [contents[0].decode() for logged in entries for _, _, contents in logged]

    def status(self, run: str) -> RunStatus | None:
        """The status that the changes give a run, by id or name."""
        run = id_of(run)
        status, session = None, ""
        for change in self.changes:
            if isinstance(change, StartRun) and change.run_id == run and change.session_id != session:
                status, session = RunStatus.RUNNING, change.session_id
            if isinstance(change, EndRun) and change.run_id == run and change.session_id == session:
                status = change.status
        return status

    def add(self, batch: TreeBatch) -> None:
        """Applies a batch."""
        self.changes += batch.changes
        logged = batch.points
        columns = (logged.points.steps, logged.points.wall_times, logged.points.values)
        rows = list(zip(*(column.tolist() for column in columns), strict=True))
        bounds = logged.starts.tolist()
        for series, first, last in zip(logged.series, bounds[:-1], bounds[1:], strict=True):
            assert series.root_id == batch.root_id
            self.points.setdefault(_name(series), []).extend(rows[first:last])
        for entries in batch.entries:
            self.entries.setdefault(_name(entries.series), []).extend(entries.entries)

    def advance(self, journal_id: str, root_id: str, after: int, sequence: int) -> bool:
        """Advances how far a journal is applied; False when it is that far.

        Raises:
          JournalMoved: it stands in between.
        """
        progress = self.applied.get((journal_id, root_id), 0)
        if progress >= sequence:
            return False
        if progress > after:
            raise JournalMoved(f"the journal {journal_id} is applied up to {progress}")
        self.applied[journal_id, root_id] = sequence
        return True


def _name(series: DeclareSeries) -> SeriesName:
    return (series.run_id, series.session_id, series.tag)


class ModelWriter(RunHistoryWriter):
    """Writes a ``ModelStore`` that lives in a file. ``before`` is called with each batch, within the transaction."""

    def __init__(self, path: Path, before: Callable[[TreeBatch], None] = lambda batch: None) -> None:
        self.path = path
        self.before = before

    def load(self) -> ModelStore:
        """What the file holds."""
        if not self.path.exists():
            return ModelStore()
        store: ModelStore = pickle.loads(self.path.read_bytes())
        return store

    def applied(self, journal_id: str) -> Mapping[str, int]:
        return {root: sequence for (journal, root), sequence in self.load().applied.items() if journal == journal_id}

    def apply(self, batches: Sequence[TreeBatch]) -> None:
        with self._transaction() as store:
            for batch in batches:
                self.before(batch)
                if store.advance(batch.journal_id, batch.root_id, batch.after, batch.sequence):
                    store.add(batch)

    def refuse(self, journal_id: str, root_id: str, after: int, sequence: int, run_ids: Mapping[str, int]) -> None:
        with self._transaction() as store:
            if store.advance(journal_id, root_id, after, sequence):
                store.refused.update(run_ids)

    def forget(self, journal_id: str) -> None:
        with self._transaction() as store:
            store.applied = {key: value for key, value in store.applied.items() if key[0] != journal_id}
            store.forgotten.append(journal_id)

    def beat(self, runs: Sequence[tuple[str, str]], now: float) -> None:
        with self._transaction() as store:
            store.beats += runs

    def remove_deleted(self, progress: Callable[[int, int], None] | None = None) -> int:
        return 0

    @contextmanager
    def _transaction(self) -> Iterator[ModelStore]:
        with open(self.path.with_suffix(".lock"), "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            store = self.load()
            yield store
            hidden = self.path.with_suffix(f".{os.getpid()}")
            hidden.write_bytes(pickle.dumps(store))
            hidden.rename(self.path)

    def close(self) -> None:
        pass


class ModelDatabase:
    """Opens writers of one model store, unless it is down."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.is_down = False
        self.opened = 0
        self.before: Callable[[TreeBatch], None] = lambda batch: None

    def open(self) -> ModelWriter:
        """A writer.

        Raises:
          StoreUnavailable: the store is down.
        """
        self.opened += 1
        if self.is_down:
            raise StoreUnavailable("the store is down: wait until it is back")
        return ModelWriter(self.path, self._check)

    def _check(self, batch: TreeBatch) -> None:
        if self.is_down:
            raise StoreUnavailable("the store is down: wait until it is back")
        self.before(batch)

    @property
    def store(self) -> ModelStore:
        """What is stored."""
        return ModelWriter(self.path).load()
