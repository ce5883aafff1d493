"""Applying batches within one transaction: what they touch is read, what they say is folded in, and all is written.

Each step is one question or one statement for all that the batches touch, whatever their number.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from tb_runhistory.artifacts.base import ArtifactStore
from tb_runhistory.errors import RefusedData
from tb_runhistory.records.changes import (
    AddProperties,
    Change,
    CreateExperiment,
    CreateRun,
    DeclareSeries,
    DescribeRun,
    DropPoints,
    EndRun,
    RemoveTags,
    RenameExperiment,
    SetParameter,
    SetTags,
    StageExperiment,
    StageRun,
    StartRun,
)
from tb_runhistory.store.base import TreeBatch
from tb_runhistory.store.sql.codes import METRIC_NAMES, PARAMETER_NAMES
from tb_runhistory.store.sql.database import Database
from tb_runhistory.store.sql.paths import is_id
from tb_runhistory.store.sql.runs.doubled_ids import new_ids, with_new_ids
from tb_runhistory.store.sql.runs.experiments import ExperimentsWriter
from tb_runhistory.store.sql.runs.labels_writing import LabelsWriter
from tb_runhistory.store.sql.runs.run_rows import RunKey
from tb_runhistory.store.sql.runs.runs_writing import RefusedRecords, RunsWriter
from tb_runhistory.store.sql.series.series_writing import SeriesWriter

_ABOUT_EXPERIMENTS = (CreateExperiment, RenameExperiment, StageExperiment)


class BatchWriter:
    """What one transaction writes. Its parts know nothing of one another; it gives each what concerns it."""

    def __init__(self, connection: Connection, database: Database, stamp: int) -> None:
        self._stamp = stamp
        self._experiments = ExperimentsWriter(connection, lambda: database.lock_experiments(connection), self._stamp)
        self.runs = RunsWriter(connection, self._experiments, time.time())
        self._labels = LabelsWriter(connection, self.runs.is_new)
        self._apply: Mapping[type[Any], Callable[[Any], None]] = {
            CreateExperiment: self._experiments.create,
            RenameExperiment: self._experiments.rename,
            StageExperiment: self._experiments.stage,
            CreateRun: self.runs.create,
            StageRun: self.runs.stage,
            StartRun: self.runs.start,
            EndRun: self.runs.end,
            DescribeRun: self.runs.describe,
            DropPoints: self.runs.drop,
            RefusedRecords: self.runs.refuse,
            SetParameter: self._labels.set_parameter,
            SetTags: self._labels.set_tags,
            RemoveTags: self._labels.remove_tags,
            AddProperties: self._labels.add_properties,
        }

    def load(self, batches: Sequence[TreeBatch]) -> set[RunKey]:
        """Reads what the batches touch. Returns those of the runs whose ids belong to runs of other trees."""
        touched: dict[RunKey, None] = {}
        sessions: dict[tuple[str, str, str], None] = {}
        by_type: dict[type[Any], list[Any]] = {kind: [] for kind in self._apply}
        for batch in batches:
            for change in batch.changes:
                if type(change) not in by_type:
                    raise RefusedData(f"a {type(change).__name__} is nothing that a store applies")
                by_type[type(change)].append(change)
                if not isinstance(change, _ABOUT_EXPERIMENTS):
                    touched[_run_of(change, batch)] = None
                    if isinstance(change, StartRun | EndRun):
                        sessions[change.root_id, change.run_id, change.session_id] = None
                        if isinstance(change, StartRun) and change.follows:
                            sessions[change.root_id, change.run_id, change.follows] = None
            for series in [*batch.points.series, *(logged.series for logged in batch.entries)]:
                touched[_run_of(series, batch)] = None
                sessions[series.root_id, series.run_id, series.session_id] = None
        for *_, session_id in sessions:
            if not is_id(session_id):
                raise RefusedData(f"a session has an id that is none: {session_id[:40]!r}")
        self._touched = list(touched)
        doubled = self.runs.trees.load(touched, by_type[CreateRun], by_type[StageRun])
        self.runs.trees.load_sessions(sessions)
        self._experiments.load(
            [change.name for kind in _ABOUT_EXPERIMENTS for change in by_type[kind]]
            + [change.experiment for change in by_type[CreateRun]]
        )
        return doubled

    def session_of(self, series: DeclareSeries) -> int:
        """The ordinal of the session in which a series is logged to."""
        return self.runs.session(series.root_id, series.run_id, series.session_id)

    def apply(self, changes: Sequence[Change]) -> None:
        """Folds in what changes say.

        Raises:
          RefusedData: one of them holds what it should not, such as a number in place of a text.
        """
        for change in changes:
            try:
                self._apply[type(change)](change)
            except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
                raise RefusedData(f"a {type(change).__name__} of {change.root_id} is malformed: {error}") from error

    def store(self, new_series: Callable[[], Iterable[tuple[str, str, str]]]) -> None:
        """Writes all of it. ``new_series`` writes the series, and says of which runs (root_id, run_id) and tags scalar
        ones came into being."""
        for run in self._touched:
            self.runs.trees.state(*run)
        # What runs had is counted before more is added.
        self.runs.count()
        for root_id, run_id, name in self._labels.store():
            self._count_name((root_id, run_id), PARAMETER_NAMES, name)
        self.runs.store(self._stamp)
        for root_id, run_id, tag in new_series():
            self._count_name((root_id, run_id), METRIC_NAMES, tag)
        self._experiments.store()

    def _count_name(self, run: RunKey, kind: int, name: str) -> None:
        if self.runs.is_active(run):
            self._experiments.count_name(self.runs.experiment_id(run), kind, name, 1)


def apply_batches(
    connection: Connection, database: Database, artifacts: ArtifactStore, batches: Sequence[TreeBatch]
) -> None:
    """Applies batches whose trees are locked, and whose progress somebody else notes."""
    stamp = database.stamp(connection)
    writer = BatchWriter(connection, database, stamp)
    doubled = writer.load(batches)
    if doubled:
        ids = new_ids(doubled)
        batches = [with_new_ids(batch, ids) for batch in batches]
        writer = BatchWriter(connection, database, stamp)
        writer.load(batches)
    for batch in batches:
        writer.apply(batch.changes)
    logged = SeriesWriter(connection, artifacts, writer.session_of)
    for batch in batches:
        logged.append(batch.points)
        for entries in batch.entries:
            logged.append_entries(entries)
    ended = {(change.root_id, change.run_id) for batch in batches for change in batch.changes if type(change) is EndRun}
    writer.store(lambda: logged.finish(ended))


def _run_of(part: Any, batch: TreeBatch) -> RunKey:
    """The run that a change or a series belongs to.

    Raises:
      RefusedData: it is of another tree than the batch, which is all that is locked, or its id is none.
    """
    if part.root_id != batch.root_id or not is_id(part.root_id) or not is_id(part.run_id):
        raise RefusedData(
            f"{type(part).__name__} of the run {part.run_id[:40]!r} in the tree {part.root_id[:40]!r} has an id that "
            "is none, or is not of the tree it came with"
        )
    return part.root_id, part.run_id
