"""The two interfaces of a run-history store, and their contract.

The recording half holds a writer, the viewing half a reader; neither knows what stands behind them. An implementation
adds nothing to these methods' meaning: what they promise is said here and checked by ``tests/conformance``.

Errors of both: ``StoreUnavailable`` when the store cannot be used now, ``NotFound`` when it is gone, ``NotAStore`` and
``StoreTooNew`` when it holds something else or something newer. No exception of a library below passes through.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from tb_runhistory.records.changes import Change, DataClass, DeclareSeries
from tb_runhistory.records.columns import (
    ExperimentColumns,
    LabelColumns,
    ParameterColumns,
    RunColumns,
    SampledPoints,
    Scope,
    SeriesColumns,
    SeriesKey,
    TextColumns,
)
from tb_runhistory.records.points import Points
from tb_runhistory.records.tree import ColumnCounts, TreePage, TreeQuery


@dataclass(frozen=True, slots=True, eq=False)
class LoggedPoints:
    """Points of one series, in the order in which they were logged (steps in any order)."""

    series: DeclareSeries
    points: Points


@dataclass(frozen=True, slots=True)
class LoggedTexts:
    """Texts of one series, in the order in which they were logged, as (step, wall time, text)."""

    series: DeclareSeries
    texts: Sequence[tuple[int, float, str]]


@dataclass(frozen=True, slots=True, eq=False)
class TreeBatch:
    """What one journal says of one tree, in order, up to and including the journal's record ``sequence``.

    The changes are applied first, in their order, then the points and the texts. A series comes into being with its
    first point or text.
    """

    journal_id: str
    root_id: str
    sequence: int
    changes: Sequence[Change]
    points: Sequence[LoggedPoints]
    texts: Sequence[LoggedTexts]


class RunHistoryWriter(ABC):
    """Applies what journals carry. One thread at a time may use a writer; many writers may share a store.

    Exactly once: each batch is applied in one transaction that also stores the batch's ``sequence``, durably, before
    ``apply`` returns. A caller that was cut off asks ``applied`` and goes on from there.
    """

    @abstractmethod
    def applied(self, journal_id: str) -> Mapping[str, int]:
        """How far the journal is applied: for each tree (``root_id``) the last sequence number."""

    @abstractmethod
    def apply(self, batches: Sequence[TreeBatch]) -> None:
        """Applies the batches in order, each whole or not at all, durably.

        No content is refused: a change that contradicts what is stored (a second value of a parameter, the end of a
        session that is over, a child whose parent is unknown) is applied as its class says. On an exception any number
        of the batches, in any combination, may have been applied: ``applied`` tells.

        Within one session points are kept whatever the order of their steps, and of two at one step the later shows.
        The first point that a session logs to a series at step s supersedes what earlier sessions logged there at s
        and beyond. Superseded and replaced points stay stored, are counted as hidden, and are left out of all views.
        """

    @abstractmethod
    def forget(self, journal_id: str) -> None:
        """Drops the progress of a journal whose files are gone."""

    @abstractmethod
    def beat(self, runs: Sequence[tuple[str, str]], now: float) -> None:
        """Renews the heartbeat of running runs, given as (root_id, run_id)."""

    @abstractmethod
    def close(self) -> None:
        """Releases everything. Idempotent."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class RunHistoryReader(ABC):
    """Answers questions in columns, never writes, never locks a writer out. Safe to use from several threads.

    Each answer is of one moment; two answers may be of two moments. A ``Scope`` whose experiment or run does not exist
    answers empty columns. Queries take a bounded time and end in ``StoreUnavailable`` beyond it.
    """

    @property
    @abstractmethod
    def location(self) -> str:
        """Where the store is, for people: a URI without secrets."""

    @abstractmethod
    def version(self) -> int:
        """A number that differs whenever an answer may differ from an earlier one. Cheap: no table is read."""

    @abstractmethod
    def experiments(self, scope: Scope | None = None) -> ExperimentColumns:
        """All experiments; or those that have runs in ``scope``, with the number of those runs."""

    @abstractmethod
    def runs(self, scope: Scope) -> RunColumns:
        """The runs in scope."""

    @abstractmethod
    def tree_page(self, query: TreeQuery) -> TreePage:
        """One page of runs of one parent, sorted, with the cells that are asked for.

        It costs what is asked for: cells are read for the runs of the page only. A parent that is not in scope has no
        children.
        """

    @abstractmethod
    def tree_columns(self, scope: Scope) -> ColumnCounts:
        """Which parameters and metrics the runs in scope have, and how many runs have each themselves."""

    @abstractmethod
    def parameters(self, scope: Scope) -> ParameterColumns:
        """The parameters of the runs in scope, each run's own (what it inherits is for views to add)."""

    @abstractmethod
    def tags(self, scope: Scope) -> LabelColumns:
        """The tags of the runs in scope."""

    @abstractmethod
    def properties(self, scope: Scope) -> LabelColumns:
        """The properties of the runs in scope."""

    @abstractmethod
    def series(self, scope: Scope, data_class: DataClass, tags: Sequence[str] | None = None) -> SeriesColumns:
        """The series of one data class in scope, all or those named ``tags``, that have at least one shown point."""

    @abstractmethod
    def read_points(
        self, keys: Sequence[SeriesKey], limit: int | None = None, window: tuple[int, int] | None = None
    ) -> list[SampledPoints]:
        """The points of scalar series, in the order of ``keys``, by increasing step.

        ``window`` is a first and a last step, both inclusive. With no ``limit`` every point is given. With a limit N,
        at most N points a series are: the last, and for N ≥ 2 the first; for N ≥ 4 also the minimum and the maximum
        of every bucket, so that no spike is lost. Asking again for the same gives the same. The cost is O(N) a series.
        A key that names no series answers no points.
        """

    @abstractmethod
    def read_texts(self, keys: Sequence[SeriesKey], limit: int | None = None) -> list[TextColumns]:
        """The texts of text series, in the order of ``keys``: all, or at most ``limit`` with the last among them."""

    @abstractmethod
    def close(self) -> None:
        """Releases everything. Idempotent."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
