"""What a reader says at one version of the store, with the names that runs have in TensorBoard."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from time import time
from typing import Self

import numpy as np

from tb_runhistory.errors import NotFound
from tb_runhistory.provider.directory import Rows, RunDirectory
from tb_runhistory.query.search import RunSearch
from tb_runhistory.query.terms import Condition
from tb_runhistory.records.changes import DataClass
from tb_runhistory.records.columns import (
    ACTIVE,
    ANY_STAGE,
    ExperimentColumns,
    ParameterColumns,
    RunColumns,
    Scope,
    SeriesColumns,
)
from tb_runhistory.store.base import RunHistoryReader

_RUNS_AT_ONCE = 2048
_FIRST_RUNS_AT_ONCE = 64
_SERIES_AT_ONCE = 16_384


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which runs and tags a request asks for, by their names in TensorBoard; None stands for all."""

    runs: frozenset[str] | None = None
    tags: frozenset[str] | None = None

    @classmethod
    def of(cls, runs: Iterable[str] | None = None, tags: Iterable[str] | None = None) -> Self:
        """From any iterables."""
        return cls(None if runs is None else frozenset(runs), None if tags is None else frozenset(tags))

    def has_run(self, name: str) -> bool:
        """Whether the run is asked for."""
        return self.runs is None or name in self.runs

    def has_tag(self, tag: str) -> bool:
        """Whether the tag is asked for."""
        return self.tags is None or tag in self.tags


class Snapshot:
    """The runs in view with their names; what else is known of them is read on demand. Safe to use from threads.

    What is asked of the reader later may be of a later moment; a run that came in between is then left out. ``rows``
    are those of ``directory`` that are in view.
    """

    def __init__(
        self,
        reader: RunHistoryReader,
        scope: Scope,
        followed: FollowedRuns | None = None,
        condition: Condition | None = None,
    ) -> None:
        """The snapshot of now. ``followed`` are the runs of the same scope as they were known before; of those in scope
        the ones that meet the condition are in view.

        Raises:
          NotFound: the experiment or a run that the scope names is not there.
        """
        self.reader = reader
        self.scope = scope
        self.directory, self.experiments = (followed or FollowedRuns(reader, scope)).refreshed()
        self.generation = self.directory.generation
        """Differs from that of every other snapshot of the same ``followed``."""
        self.rows: Rows = self.directory.shown(frozenset(self.experiments.name))
        self._in_view = scope
        if condition is not None:
            found = reader.search(RunSearch(time(), scope, condition)).run_id
            self._in_view = replace(scope, only=tuple(found))
            self.rows = np.intersect1d(self.rows, self.directory.rows_of(found))
        self._is_shown = np.zeros(len(self.directory), np.bool_)
        self._is_shown[self.rows] = True
        _check_found(self)

    def is_shown(self, row: int) -> bool:
        """Whether the run in a row of the directory is in view."""
        return row < len(self._is_shown) and bool(self._is_shown[row])

    def wanted_rows(self, wanted: Wanted) -> Rows:
        """The rows in view whose runs are wanted, in the directory's order."""
        if wanted.runs is None:
            return self.rows
        found = (self.directory.row_named(name) for name in wanted.runs)
        return np.array(sorted(row for row in found if row is not None and self.is_shown(row)), np.intp)

    def runs_of(self, rows: Rows) -> Iterator[RunColumns]:
        """What is known of the runs in rows, a part of them at a time."""
        for some in _parts(rows, _RUNS_AT_ONCE):
            yield self.reader.runs(self._only(some))

    def series_of(
        self, data_class: DataClass, rows: Rows, tags: frozenset[str] | None = None
    ) -> Iterator[SeriesColumns]:
        """The series of one data class of the runs in rows, all or those with one of ``tags``.

        A part of the runs is read at a time, of such a size that memory is bounded; each run's series are together.
        """
        wanted = None if tags is None else sorted(tags)
        start, size = 0, _FIRST_RUNS_AT_ONCE
        while start < len(rows):
            some = rows[start : start + size]
            found = self.reader.series(self._only(some), data_class, wanted)
            if len(found):
                yield found
            start += size
            size = max(1, min(2 * size, _RUNS_AT_ONCE, _SERIES_AT_ONCE * len(some) // max(1, len(found))))

    def parameters_of(self, rows: Rows) -> Iterator[tuple[Rows, ParameterColumns]]:
        """The parameters of the runs in rows and of all above them, with the rows of that part."""
        for some in _parts(rows, _RUNS_AT_ONCE):
            yield some, self.reader.parameters(self._only(self.directory.with_ancestors(some)))

    @cached_property
    def runs(self) -> RunColumns:
        """All runs in view."""
        return self.reader.runs(self._in_view)

    @cached_property
    def names(self) -> dict[str, str]:
        """The name in TensorBoard by the run's id."""
        return {self.directory.run_id(row): self.directory.name(row) for row in self.rows.tolist()}

    def series(self, data_class: DataClass) -> SeriesColumns:
        """All series of one data class in view."""
        return self.reader.series(self._in_view, data_class)

    def _only(self, rows: Rows) -> Scope:
        # The rows were chosen by what is in view: it is not for the store to choose again.
        return Scope(only=tuple(self.directory.run_id(row) for row in rows.tolist()), stages=ANY_STAGE)


class Snapshots:
    """The snapshot of now: what has changed is read anew when the store's version has. Safe to use from threads."""

    def __init__(
        self, open_reader: Callable[[], RunHistoryReader], scope: Scope, condition: Condition | None = None
    ) -> None:
        self._open_reader = open_reader
        self._scope = scope
        self._condition = condition
        self._lock = threading.Lock()
        self._reader: RunHistoryReader | None = None
        self._followed: FollowedRuns | None = None
        self._current: tuple[int, Snapshot] | None = None

    def current(self) -> Snapshot:
        """The latest snapshot.

        Raises:
          RunHistoryError: the store cannot be read now; a later call may succeed.
        """
        with self._lock:
            if self._reader is None:
                self._reader = self._open_reader()
            if self._followed is None:
                self._followed = FollowedRuns(self._reader, self._scope)
            version = self._reader.version()
            if self._current is None or self._current[0] != version:
                self._current = None
                self._current = (version, Snapshot(self._reader, self._scope, self._followed, self._condition))
            return self._current[1]


class FollowedRuns:
    """A directory of the runs of whole experiments, as many as a scope touches, that follows what changes in a store.

    Names are those of the whole store, however narrow the scope. One thread at a time may use it.
    """

    def __init__(self, reader: RunHistoryReader, scope: Scope) -> None:
        self._reader = reader
        self._scope = scope
        self._directory = RunDirectory(scope)
        self._position: int | None = None
        self._known_experiments: dict[str, float] = {}

    def refreshed(self) -> tuple[RunDirectory, ExperimentColumns]:
        """The directory as it is now, and the experiments in the stages of the scope."""
        is_plain = self._scope.stages == ACTIVE
        # Experiments first: runs that come meanwhile are then known, and not missing.
        experiments = self._reader.experiments(None if is_plain else Scope(stages=self._scope.stages))
        changes = self._reader.changes(self._position)
        # A position behind the last one is another store's: an earlier copy stands in its place.
        is_behind = self._position is not None and changes.position < self._position
        if changes.runs is None or is_behind:
            self._look_at_experiments()
            self._directory.update(self._read(self._reader.run_ids(self._named_scope())), is_all=True)
        else:
            run_ids = [run_id for _, run_id in changes.runs]
            for name in self._look_at_experiments() if changes.experiments else ():
                run_ids += self._reader.run_ids(Scope(name, stages=ANY_STAGE))
            self._directory.update(self._read(list(dict.fromkeys(run_ids))))
        self._position = changes.position
        return self._directory, experiments

    def _look_at_experiments(self) -> list[str]:
        """Names all experiments, in their order, and gives those that had another name at the last look."""
        columns = self._reader.experiments(Scope(stages=ANY_STAGE))
        now = dict(zip(columns.name, columns.created_at.tolist(), strict=True))
        for name in now:
            self._directory.first_segment(name)
        before, self._known_experiments = self._known_experiments, now
        return [name for name, created in now.items() if before.get(name) != created]

    def _named_scope(self) -> Scope:
        """The runs that are to be named: those of whole experiments, as many as the scope touches."""
        reader, scope = self._reader, self._scope
        if scope.run_ids and scope.experiment is None:
            touched = set(reader.runs(replace(scope, stages=ANY_STAGE)).experiment)
            return Scope(touched.pop() if len(touched) == 1 else None, stages=ANY_STAGE)
        return Scope(scope.experiment, stages=ANY_STAGE)

    def _read(self, run_ids: Sequence[str]) -> Iterator[RunColumns]:
        for start in range(0, len(run_ids), _RUNS_AT_ONCE):
            some = tuple(run_ids[start : start + _RUNS_AT_ONCE])
            yield self._reader.runs(Scope(only=some, stages=ANY_STAGE))


def _check_found(snapshot: Snapshot) -> None:
    scope, location = snapshot.scope, snapshot.reader.location
    for run_id in snapshot.directory.missing:
        raise NotFound(f"the store {location} has no run {run_id!r}")
    if scope.experiment is not None and scope.experiment not in snapshot.experiments.name:
        known = ", ".join(repr(name) for name in snapshot.experiments.name[:5]) or "none"
        raise NotFound(f"the store {location} has no experiment {scope.experiment!r}; it has: {known}")


def _parts(rows: Rows, size: int) -> Iterator[Rows]:
    for start in range(0, len(rows), size):
        yield rows[start : start + size]
