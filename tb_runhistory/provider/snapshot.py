"""What a reader says at one version of the store, with the names that runs have in TensorBoard."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Self

from tb_runhistory.errors import NotFound
from tb_runhistory.provider.naming import experiment_names, run_names
from tb_runhistory.records.changes import DataClass
from tb_runhistory.records.columns import ExperimentColumns, ParameterColumns, RunColumns, Scope, SeriesColumns
from tb_runhistory.store.base import RunHistoryReader


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
    """The runs in a scope with their names, and on demand their series and parameters. Safe to use from threads.

    What is asked of the reader later may be of a later moment; a run that came in between is then left out.
    """

    def __init__(self, reader: RunHistoryReader, scope: Scope) -> None:
        self.reader = reader
        self.scope = scope
        self._lock = threading.RLock()
        self._series: dict[DataClass, SeriesColumns] = {}
        self.experiments: ExperimentColumns = reader.experiments()
        self.runs: RunColumns = reader.runs(scope)
        _check_found(self, scope)

    @cached_property
    def names(self) -> dict[str, str]:
        """The name in TensorBoard by the run's id. They are those of the whole store, however narrow the scope."""
        runs = self.runs
        if self.scope.run_ids:
            experiments = set(runs.experiment)
            runs = self.reader.runs(Scope(experiments.pop()) if len(experiments) == 1 else Scope())
        names = run_names(runs, self.experiments.name)
        return {run_id: names[run_id] for run_id in self.runs.run_id if run_id in names}

    @cached_property
    def ids(self) -> dict[str, str]:
        """The run's id by its name in TensorBoard."""
        return {name: run_id for run_id, name in self.names.items()}

    @cached_property
    def experiment_names(self) -> dict[str, str]:
        """The first segment of the names of an experiment's runs, by the experiment's name."""
        return experiment_names([*self.experiments.name, *self.runs.experiment])

    @cached_property
    def parameters(self) -> ParameterColumns:
        """The parameters of the runs in scope and, where it names runs, of those runs' ancestors."""
        if self.scope.run_ids:
            return self.reader.parameters(Scope(run_ids=tuple(dict.fromkeys(self.runs.root_id))))
        return self.reader.parameters(self.scope)

    def series(self, data_class: DataClass, tags: frozenset[str] | None = None) -> SeriesColumns:
        """The series of one data class in scope, at least those with one of ``tags``."""
        with self._lock:
            if data_class not in self._series:
                # All of them are kept for the life of the snapshot; a few tags are cheaper to ask for again.
                if tags is not None:
                    return self.reader.series(self.scope, data_class, sorted(tags))
                self._series[data_class] = self.reader.series(self.scope, data_class)
            return self._series[data_class]

    def series_of_run(self, data_class: DataClass, run_id: str) -> SeriesColumns:
        """The series of one data class of a run, and perhaps of others."""
        with self._lock:
            kept = self._series.get(data_class)
        return kept if kept is not None else self.reader.series(Scope(only=(run_id,)), data_class)


class Snapshots:
    """The snapshot of now: made anew when the store's version has changed. Safe to use from threads."""

    def __init__(self, open_reader: Callable[[], RunHistoryReader], scope: Scope) -> None:
        self._open_reader = open_reader
        self._scope = scope
        self._lock = threading.Lock()
        self._reader: RunHistoryReader | None = None
        self._current: tuple[int, Snapshot] | None = None

    def current(self) -> Snapshot:
        """The latest snapshot.

        Raises:
          RunHistoryError: the store cannot be read now; a later call may succeed.
        """
        with self._lock:
            if self._reader is None:
                self._reader = self._open_reader()
            version = self._reader.version()
            if self._current is None or self._current[0] != version:
                self._current = None
                self._current = (version, Snapshot(self._reader, self._scope))
            return self._current[1]


def _check_found(snapshot: Snapshot, scope: Scope) -> None:
    missing = set(scope.run_ids).difference(snapshot.runs.run_id)
    if missing:
        raise NotFound(f"the store {snapshot.reader.location} has no run {min(missing)!r}")
    if scope.experiment is not None and scope.experiment not in snapshot.experiments.name:
        known = ", ".join(repr(name) for name in snapshot.experiments.name[:5]) or "none"
        raise NotFound(f"the store {snapshot.reader.location} has no experiment {scope.experiment!r}; it has: {known}")
