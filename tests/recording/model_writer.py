"""A run-history store in memory: the model that the shipper, and any real store behind it, is compared with."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tb_runhistory.errors import StoreUnavailable
from tb_runhistory.records.changes import Change, EndRun, StartRun
from tb_runhistory.records.status import RunStatus
from tb_runhistory.store.base import RunHistoryWriter, TreeBatch

SeriesName = tuple[str, str, str]
"""Run id, session id and tag of a series."""


@dataclass
class ModelStore:
    """What was applied. Nothing is left out, so that what is applied twice is there twice."""

    applied: dict[tuple[str, str], int] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)
    points: dict[SeriesName, list[tuple[int, float, float]]] = field(default_factory=dict)
    texts: dict[SeriesName, list[tuple[int, float, str]]] = field(default_factory=dict)
    beats: list[tuple[str, str]] = field(default_factory=list)
    forgotten: list[str] = field(default_factory=list)

    def steps(self, run: str, tag: str) -> list[int]:
        """The steps that a run has for a tag, in the order in which they were applied."""
        return [step for (r, _, t), points in self.points.items() if (r, t) == (run, tag) for step, _, _ in points]

    def status(self, run: str) -> RunStatus | None:
        """The status that the changes give the run."""
        status, session = None, ""
        for change in self.changes:
            if isinstance(change, StartRun) and change.run_id == run and change.session_id > session:
                status, session = RunStatus.RUNNING, change.session_id
            if isinstance(change, EndRun) and change.run_id == run and change.session_id == session:
                status = change.status
        return status

    def add(self, batch: TreeBatch) -> None:
        """Applies a batch."""
        self.changes += batch.changes
        for logged in batch.points:
            series = (logged.series.run_id, logged.series.session_id, logged.series.tag)
            columns = (logged.points.steps, logged.points.wall_times, logged.points.values)
            rows = zip(*(column.tolist() for column in columns), strict=True)
            self.points.setdefault(series, []).extend(rows)
        for texts in batch.texts:
            series = (texts.series.run_id, texts.series.session_id, texts.series.tag)
            self.texts.setdefault(series, []).extend(texts.texts)
        self.applied[batch.journal_id, batch.root_id] = batch.sequence


class ModelWriter(RunHistoryWriter):
    """Writes a ``ModelStore`` that lives in a file, one batch a transaction. ``before`` is called with each batch."""

    def __init__(self, path: Path, before: Callable[[TreeBatch], None] = lambda batch: None) -> None:
        self.path = path
        self.before = before

    def load(self) -> ModelStore:
        """What the file holds."""
        if not self.path.exists():
            return ModelStore()
        store: ModelStore = pickle.loads(self.path.read_bytes())
        return store

    def _save(self, store: ModelStore) -> None:
        hidden = self.path.with_suffix(f".{os.getpid()}")
        hidden.write_bytes(pickle.dumps(store))
        hidden.rename(self.path)

    def applied(self, journal_id: str) -> Mapping[str, int]:
        return {root: sequence for (journal, root), sequence in self.load().applied.items() if journal == journal_id}

    def apply(self, batches: Sequence[TreeBatch]) -> None:
        store = self.load()
        for batch in batches:
            self.before(batch)
            store.add(batch)
            self._save(store)

    def forget(self, journal_id: str) -> None:
        store = self.load()
        store.applied = {key: value for key, value in store.applied.items() if key[0] != journal_id}
        store.forgotten.append(journal_id)
        self._save(store)

    def beat(self, runs: Sequence[tuple[str, str]], now: float) -> None:
        store = self.load()
        store.beats += runs
        self._save(store)

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
