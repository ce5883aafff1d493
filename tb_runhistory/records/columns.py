"""What a reader answers: lists of one length a column, one row a run, a parameter, a label or a series.

Text columns are lists of str, numbers are numpy arrays. Times are seconds since the epoch, NaN where there is none.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tb_runhistory.records.changes import LifecycleStage, MetricShape, ParameterValue
from tb_runhistory.records.points import Floats, Points
from tb_runhistory.records.status import RunStatus

ACTIVE = frozenset({LifecycleStage.ACTIVE})
ANY_STAGE = frozenset(LifecycleStage)


@dataclass(frozen=True, slots=True)
class Scope:
    """Which runs are meant: all; those of an experiment; runs with their whole subtrees; or both conditions.

    ``run_ids`` may hold chosen ids, too: each stands for all runs that bear it. ``only``, where it is given, leaves of
    these the runs with these ids, each without what is below it. ``stages`` leaves those in one of these stages. A run
    is in its own, or in its experiment's where that is further out of sight.
    """

    experiment: str | None = None
    run_ids: tuple[str, ...] = ()
    only: tuple[str, ...] | None = None
    stages: frozenset[LifecycleStage] = ACTIVE


@dataclass(frozen=True, slots=True, eq=False)
class ExperimentColumns:
    """Experiments, oldest first. ``run_count`` counts the runs that are in scope; ``view`` is "" for none."""

    name: list[str]
    stage: list[LifecycleStage]
    description: list[str]
    view: list[str]
    created_at: Floats
    run_count: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.name)


@dataclass(frozen=True, slots=True, eq=False)
class RunColumns:
    """Runs, ordered by creation time, then number; a parent stands before its children.

    ``parent_id`` is "" at a root and ``path`` the ids from the root to the run joined by "/". ``status`` is as
    stored: see ``records.status.shown_status``. ``number`` counts within the experiment from 1. ``dropped`` is the
    number of points that found no room in a journal, ``refused`` that of records that the store could not take.
    ``session_id`` is the session that runs or ran last, "" at a run that never started.
    """

    run_id: list[str]
    root_id: list[str]
    parent_id: list[str]
    path: list[str]
    chosen_id: list[str]
    stage: list[LifecycleStage]
    experiment: list[str]
    display_name: list[str]
    description: list[str]
    status: list[RunStatus]
    error: list[str]
    session_id: list[str]
    number: NDArray[np.int64]
    depth: NDArray[np.int64]
    created_at: Floats
    started_at: Floats
    ended_at: Floats
    heartbeat_at: Floats
    dropped: NDArray[np.int64]
    refused: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.run_id)

    def take(self, rows: Sequence[int]) -> RunColumns:
        """The runs at ``rows``, in that order."""
        columns: Iterable[Any] = (getattr(self, field.name) for field in fields(self))
        positions = np.array(rows, np.intp)
        taken: list[Any] = [
            [column[row] for row in rows] if isinstance(column, list) else column[positions] for column in columns
        ]
        return RunColumns(*taken)


@dataclass(frozen=True, slots=True, eq=False)
class ParameterColumns:
    """Parameters, ordered by run id, then name. Values keep their type."""

    run_id: list[str]
    name: list[str]
    value: list[ParameterValue]

    def __len__(self) -> int:
        return len(self.run_id)


@dataclass(frozen=True, slots=True, eq=False)
class LabelColumns:
    """Tags or properties, ordered by run id, then name. A bare tag has the value None."""

    run_id: list[str]
    name: list[str]
    value: list[str | None]

    def __len__(self) -> int:
        return len(self.run_id)


@dataclass(frozen=True, slots=True, order=True)
class SeriesKey:
    """Names a series in a store: its tree, its run and its number within the run."""

    root_id: str
    run_id: str
    number: int


@dataclass(frozen=True, slots=True, eq=False)
class SeriesColumns:
    """Series of one data class with their running facts, ordered by run id, then tag.

    Facts are over the points that are shown (what a later session supersedes, or a later point at the same step
    replaces, is in ``hidden`` only). ``count`` is the number of points, ``first_*`` and ``last_*`` are of the lowest
    and the highest step; ``minimum``, ``maximum`` and ``sum`` are over the finite values, with the step where the
    extreme stands first (minimum and maximum are NaN and their steps 0 where no value is finite). ``sum`` is NaN where
    it overflows both ways. Other classes have no value facts: NaN and 0.
    """

    key: list[SeriesKey]
    tag: list[str]
    metric: list[str]
    column: list[str]
    shape: list[MetricShape]
    description: list[str]
    plugin_name: list[str]
    plugin_data: list[bytes]
    count: NDArray[np.int64]
    hidden: NDArray[np.int64]
    non_finite: NDArray[np.int64]
    first_step: NDArray[np.int64]
    last_step: NDArray[np.int64]
    last_wall_time: Floats
    last_value: Floats
    first_value: Floats
    minimum: Floats
    minimum_step: NDArray[np.int64]
    maximum: Floats
    maximum_step: NDArray[np.int64]
    sum: Floats

    def __len__(self) -> int:
        return len(self.key)


@dataclass(frozen=True, slots=True)
class DamagedBlock:
    """A block whose checksum does not match: the steps it spans and the number of points that cannot be shown."""

    first_step: int
    last_step: int
    count: int


@dataclass(frozen=True, slots=True, eq=False)
class SampledPoints:
    """What is shown of a series: ``points`` by increasing step, out of ``total`` points in the window."""

    points: Points
    total: int
    damaged: tuple[DamagedBlock, ...] = ()


@dataclass(frozen=True, slots=True)
class Content:
    """One content of an entry: its bytes, or where it is large the digest by which the artifacts have it."""

    size: int
    data: bytes | None
    digest: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class EntryColumns:
    """Entries of one text, tensor or blob sequence series by increasing step, out of ``total``.

    ``damaged`` counts those that should be among them and cannot be read.
    """

    step: NDArray[np.int64]
    wall_time: Floats
    contents: list[tuple[Content, ...]]
    total: int
    damaged: int = 0

    def __len__(self) -> int:
        return len(self.contents)


@dataclass(frozen=True, slots=True)
class Changes:
    """What has changed in a store since some position: ``runs`` as (root_id, run_id), None where it may be anything.

    ``experiments`` says whether the name or the stage of an experiment may have changed, which concerns its runs, of
    which none need have changed. ``position`` is where to go on from the next time.
    """

    position: int
    runs: list[tuple[str, str]] | None
    experiments: bool = True
