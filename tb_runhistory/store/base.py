"""The interfaces of a run-history store, and their contract.

The recording half holds a writer, the viewing half a reader; neither knows what stands behind them. An implementation
adds nothing to these methods' meaning: what they promise is said here and checked by ``tests/conformance``.

Errors of all: ``StoreUnavailable`` when the store cannot be used now and another try may mend it, ``NotFound`` when it
is gone, ``NotAStore`` and ``StoreTooNew`` when it holds something else or something newer. No exception of a library
below passes through.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from tb_runhistory.query.groups import GroupPage, GroupQuery
from tb_runhistory.query.search import FoundRuns, RunSearch, ValueCounts
from tb_runhistory.query.terms import Column, LabelKind
from tb_runhistory.query.tree import Cells, ColumnCounts, TreePage, TreeQuery
from tb_runhistory.records.changes import Change, DataClass, DeclareSeries, Direction, LifecycleStage
from tb_runhistory.records.columns import (
    ACTIVE,
    Changes,
    EntryColumns,
    ExperimentColumns,
    LabelColumns,
    ParameterColumns,
    RunColumns,
    SampledPoints,
    Scope,
    SeriesColumns,
    SeriesKey,
)
from tb_runhistory.records.points import Points


@dataclass(frozen=True, slots=True, eq=False)
class LoggedPoints:
    """Points of the scalar series of one tree: those of ``series[i]`` are the rows from ``starts[i]`` to
    ``starts[i + 1]``, in the order in which they were logged (steps in any order). ``starts`` is int64 and one longer
    than ``series``; a series has at least one point.
    """

    series: Sequence[DeclareSeries]
    starts: NDArray[np.int64]
    points: Points

    @classmethod
    def of(cls, parts: Sequence[tuple[DeclareSeries, Points]]) -> Self:
        """The points of several series, each given by itself."""
        held = [(series, points) for series, points in parts if len(points)]
        starts = np.cumsum([0, *(len(points) for _, points in held)], dtype=np.int64)
        return cls([series for series, _ in held], starts, Points.concatenate([points for _, points in held]))

    def __len__(self) -> int:
        return len(self.points)


@dataclass(frozen=True, slots=True)
class LoggedEntries:
    """Values of one series that is not scalar, in the order in which they were logged, as (step, wall time, contents).

    A text has one content, its UTF-8; a tensor one, its ``TensorProto``; a blob sequence any number.
    """

    series: DeclareSeries
    entries: Sequence[tuple[int, float, tuple[bytes, ...]]]


@dataclass(frozen=True, slots=True, eq=False)
class TreeBatch:
    """What one journal says of one tree, in order: its records behind ``after``, up to and including ``sequence``.

    The changes are applied first, in their order, then the points and the entries. A series comes into being with its
    first value.
    """

    journal_id: str
    root_id: str
    after: int
    sequence: int
    changes: Sequence[Change]
    points: LoggedPoints
    entries: Sequence[LoggedEntries] = ()


class _OpenStore(ABC):
    """What is closed in the end, or by leaving its ``with`` block."""

    @abstractmethod
    def close(self) -> None:
        """Releases everything. Idempotent."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class RunHistoryWriter(_OpenStore):
    """Applies what journals carry. One thread at a time may use a writer; many writers may share a store.

    Exactly once: each batch is applied in one transaction that compares and advances how far its journal is applied to
    its tree, durably, before ``apply`` returns. Nothing else is needed for it: no lock, no single shipper.
    """

    @abstractmethod
    def applied(self, journal_id: str) -> Mapping[str, int]:
        """How far the journal is applied: for each tree (``root_id``) the last sequence number."""

    @abstractmethod
    def apply(self, batches: Sequence[TreeBatch]) -> None:
        """Applies the batches in order, each whole or not at all, durably.

        A batch that the store has already (its journal is applied up to ``sequence`` or beyond in this tree) is left
        out. No meaning is refused: a change that contradicts what is stored (a second value of a parameter, the end of
        a session that is over, a child whose parent is unknown) is applied as its class says.

        Within one session points are kept whatever the order of their steps, and of two at one step the later shows.
        The first point that a session logs to a series at step s supersedes what earlier sessions logged there at s
        and beyond. Superseded and replaced points stay stored, are counted as hidden, and are left out of all views.
        The same holds for entries. Stored rows that are damaged cost themselves and stop nothing.

        Raises:
          JournalMoved: a batch begins before the place up to which its journal is applied, and ends behind it. No
            batch was applied.
          RefusedData: the store cannot take something of a batch (a number or a text that it cannot hold). No batch
            was applied; the caller divides them to find which.
          StoreUnavailable: any number of the batches may have been applied: ``applied`` tells.
        """

    @abstractmethod
    def refuse(self, journal_id: str, root_id: str, after: int, sequence: int, run_ids: Mapping[str, int]) -> None:
        """Passes over records that the store cannot take: progress moves on, and their number is counted at their runs.

        Raises:
          JournalMoved: as ``apply``.
        """

    @abstractmethod
    def forget(self, journal_id: str) -> None:
        """Drops the progress of a journal whose files are gone."""

    @abstractmethod
    def beat(self, runs: Sequence[tuple[str, str]], now: float) -> None:
        """Renews the heartbeat of running runs, given as (root_id, run_id)."""

    @abstractmethod
    def remove_deleted(self, progress: Callable[[int, int], None] | None = None) -> int:
        """Removes for good the runs and experiments that are deleted, and artifacts that nothing refers to.

        ``progress`` is told how many runs of how many are gone. Returns their number.
        """


class StoreReader(_OpenStore):
    """What every reader has. It answers in columns, never writes, never locks a writer out, and may be used by threads.

    Each answer is of one moment; two answers may be of two moments. A ``Scope`` whose experiment or run does not exist
    answers empty columns. Queries take a bounded time and end in ``StoreUnavailable`` beyond it. What is stored is
    trusted in nothing: a cell that cannot be understood costs itself, and memory is bounded whatever a file claims.
    """

    @property
    @abstractmethod
    def location(self) -> str:
        """Where the store is, for people: a URI without secrets."""

    @abstractmethod
    def version(self) -> int:
        """A number that differs whenever an answer may differ from an earlier one. It costs one index read at most."""

    @abstractmethod
    def changes(self, since: int | None) -> Changes:
        """Of which runs anything has changed since the ``position`` of an earlier answer; of all, with None."""


class RunReader(StoreReader):
    """What is known of experiments and runs: the listing, the tree, and what describes a run."""

    @abstractmethod
    def experiments(self, scope: Scope | None = None) -> ExperimentColumns:
        """All active experiments; or those that have runs in ``scope``, with the number of those runs.

        A scope that only names stages is answered with all experiments in these stages, those without runs too.
        """

    @abstractmethod
    def find_runs(self, text: str) -> list[str]:
        """The ids of the runs that have this id or chosen id, whatever their stage, the latest made first."""

    @abstractmethod
    def run_ids(self, scope: Scope) -> list[str]:
        """The ids of the runs in scope, in the order of ``runs``: for reading many runs a part at a time."""

    @abstractmethod
    def runs(self, scope: Scope) -> RunColumns:
        """The runs in scope."""

    @abstractmethod
    def count_not_responding(self, now: float) -> int:
        """How many runs are stored as running and have sent no heartbeat for the time-out at ``now``, whatever their
        stage: with time alone, this is all that becomes another answer. It may read every run.
        """

    @abstractmethod
    def tree_page(self, query: TreeQuery) -> TreePage:
        """One page of runs of one parent, sorted, with the cells that are asked for.

        Own cells are read for the runs of the page only. A parent that is not in scope has no children. What is asked
        of relatives is asked of all that are in the scope's stages, whatever else the scope leaves out.

        Raises:
          BadRequest: a pattern of the filter cannot be used, or there are too many runs to ask about at once.
        """

    @abstractmethod
    def search(self, search: RunSearch) -> FoundRuns:
        """The runs that meet a condition, wherever they stand in their trees, in order.

        Raises:
          BadRequest: as ``tree_page``.
        """

    @abstractmethod
    def groups(self, query: GroupQuery) -> GroupPage:
        """The runs that meet a condition, in groups by their values in a column.

        Raises:
          BadRequest: as ``tree_page``.
        """

    @abstractmethod
    def cells(
        self,
        run_ids: Sequence[str],
        columns: Sequence[Column],
        now: float,
        directions: Mapping[str, Direction] | None = None,
        stages: frozenset[LifecycleStage] = ACTIVE,
    ) -> list[Cells]:
        """The cells of some runs, a list for each column; nothing is known of a run that is not there.

        ``now`` and ``directions`` are as in a ``TreeQuery``. Relatives are those in one of ``stages``.
        """

    @abstractmethod
    def run_values(
        self, run_ids: Sequence[str], columns: Sequence[Column], scope: Scope, now: float
    ) -> list[NDArray[Any]]:
        """The values of columns for any number of runs, an array a column, one row a run.

        Numbers are float64, NaN where there is none. Where anything else is among them, they are objects: float, bool,
        str, and None where there is none. What is asked of relatives is asked of all that are in the scope's stages.
        """

    @abstractmethod
    def column_values(self, column: Column, scope: Scope, now: float, text: str = "", limit: int = 100) -> ValueCounts:
        """The different values that a column has among the runs in scope, the most frequent first: those that hold
        ``text``, in either case of letters.
        """

    @abstractmethod
    def tree_columns(self, scope: Scope) -> ColumnCounts:
        """Which parameters and metrics the runs in scope have, and how many runs have each themselves."""

    @abstractmethod
    def label_names(self, kind: LabelKind, scope: Scope) -> list[str]:
        """Names of tags or properties that runs of the scope's experiment have, or with none that any run has: the most
        frequent first, a thousand at most.
        """

    @abstractmethod
    def directions(self, scope: Scope) -> dict[str, Direction]:
        """Which value of a metric is the better one, by its tag, where somebody said so: in the scope's experiment or,
        where it names none, in any, of which the one that was made last counts.
        """

    @abstractmethod
    def parameters(self, scope: Scope) -> ParameterColumns:
        """The parameters of the runs in scope, each run's own (what it inherits is for views to add)."""

    @abstractmethod
    def tags(self, scope: Scope) -> LabelColumns:
        """The tags of the runs in scope."""

    @abstractmethod
    def properties(self, scope: Scope) -> LabelColumns:
        """The properties of the runs in scope."""


class SeriesReader(StoreReader):
    """What runs have logged."""

    @abstractmethod
    def series(self, scope: Scope, data_class: DataClass, tags: Sequence[str] | None = None) -> SeriesColumns:
        """The series of one data class in scope, all or those named ``tags``, that have at least one shown value."""

    @abstractmethod
    def read_points(
        self, keys: Sequence[SeriesKey], limit: int | None = None, window: tuple[int, int] | None = None
    ) -> list[SampledPoints]:
        """The points of scalar series, in the order of ``keys``, by increasing step.

        ``window`` is a first and a last step, both inclusive. With no ``limit`` every point is given. With a limit N,
        at most N points a series are, and as many where the window holds as many: the last, and for N ≥ 2 the first;
        for N ≥ 4 also the minimum and the maximum of every bucket, so that no spike is lost. Asking again for the same
        gives the same. The cost is O(N) a series, wherever the window is. A key that names no series answers no points.
        """

    @abstractmethod
    def read_all_values(self, keys: Sequence[SeriesKey]) -> list[Points]:
        """All values of scalar series but what a later session superseded, by step and, at one step, as logged."""

    @abstractmethod
    def read_entries(
        self,
        keys: Sequence[SeriesKey],
        limit: int | None = None,
        all_values: bool = False,
        window: tuple[int, int] | None = None,
    ) -> list[EntryColumns]:
        """The entries of series that are not scalar, in the order of ``keys``: all, or at most ``limit`` with the last
        among them. With ``all_values`` also those that a later one of their session replaced at their step.
        ``window`` is a first and a last step, both inclusive: only entries there are read.
        """

    @abstractmethod
    def read_artifact(self, digest: str) -> bytes:
        """The content that is stored under ``digest``.

        Raises:
          NotFound: there is none.
          DamagedData: it is not what the digest says.
        """


class RunHistoryReader(RunReader, SeriesReader):
    """All that can be asked of a store."""
