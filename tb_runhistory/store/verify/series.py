"""What can be wrong with one scalar series: its blocks, the pyramid above them, its appended points, and its facts."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from tb_runhistory.errors import DamagedData
from tb_runhistory.points.block import decode_block
from tb_runhistory.points.payload import block_key
from tb_runhistory.points.pyramid import decode_buckets, summarize
from tb_runhistory.records.columns import SeriesKey
from tb_runhistory.records.points import Points
from tb_runhistory.store.sql.schema import POINTS_LEVEL
from tb_runhistory.store.verify.cells import shown
from tb_runhistory.store.verify.faults import Fault, Part, StoreReport
from tb_runhistory.store.verify.pyramid import Summary, SummaryRow, span, verified_level

_ROUNDING = 2.0**-51
"""Sums depend on the order of addition: for each number they may differ by this part of what was added."""

_EXACT = ("count", "non_finite", "first_step", "last_step", "last_wall_time", "last_value", "first_value", "minimum",
          "minimum_step", "maximum", "maximum_step")  # fmt: skip


@dataclass(slots=True)
class SeenFacts:
    """The facts of a series, found by looking at its points in the order of their steps."""

    count: int = 0
    non_finite: int = 0
    first_step: int = 0
    last_step: int = 0
    last_wall_time: float = math.nan
    last_value: float = math.nan
    first_value: float = math.nan
    minimum: float = math.nan
    minimum_step: int = 0
    maximum: float = math.nan
    maximum_step: int = 0
    sum: float = 0.0
    magnitude: float = 0.0
    """What the finite values add up to without their signs."""

    def add(self, points: Points) -> None:
        """Takes sorted points, at least one, all at steps beyond those before."""
        if not self.count:
            self.first_step, self.first_value = int(points.steps[0]), float(points.values[0])
        self.count += len(points)
        self.last_step = int(points.steps[-1])
        self.last_wall_time, self.last_value = float(points.wall_times[-1]), float(points.values[-1])
        finite = points.take(np.isfinite(points.values))
        self.non_finite += len(points) - len(finite)
        if not len(finite):
            return
        low, high = int(finite.values.argmin()), int(finite.values.argmax())
        if not self.minimum <= finite.values[low]:
            self.minimum, self.minimum_step = float(finite.values[low]), int(finite.steps[low])
        if not self.maximum >= finite.values[high]:
            self.maximum, self.maximum_step = float(finite.values[high]), int(finite.steps[high])
        with np.errstate(over="ignore", invalid="ignore"):
            self.sum += float(finite.values.sum())
            self.magnitude += float(np.abs(finite.values).sum())

    def problems(self, stored: Mapping[str, Any]) -> Iterator[str]:
        """Where the facts that are stored say something else, in sentences."""
        for name in _EXACT:
            said, true = _number(stored[name]), getattr(self, name)
            if said != true and not (said != said and true != true):
                yield f"the stored {name.replace('_', ' ')} is {shown(said)}, the points have {true}"
        said = _number(stored["sum"])
        # A sum that overflowed depends on the order as well.
        tolerance = _ROUNDING * self.count * self.magnitude
        if math.isfinite(self.magnitude) and not abs(said - self.sum) <= tolerance:
            yield f"the stored sum is {shown(said)}, the points have {self.sum}"


def _number(cell: Any) -> Any:
    return math.nan if cell is None else cell


@dataclass(slots=True)
class ScalarCheck:
    """One scalar series: takes its appended points, then its blocks, and then compares with its row."""

    key: SeriesKey
    row: Mapping[str, Any]
    report: StoreReport
    facts: SeenFacts = field(default_factory=SeenFacts)
    hidden: int = 0
    is_whole: bool = True
    """Whether all points could be read: where some are lost nothing can be said of facts."""
    _tail: Points = field(default_factory=Points.empty)
    """Shown points that were appended, by step, and stand behind the blocks that were taken."""

    def take_hidden(self, level: int, rows: Iterable[Any]) -> None:
        """Rows of ``blocks`` below level 0."""
        for row in rows:
            self.report.blocks += 1
            points = self._decoded(level, row, "hidden points")
            if points is None:
                self.is_whole = False
                continue
            self.hidden += len(points)
            if len(points) != row.count or _range_of(points) != (row.first_step, row.last_step):
                self._fault(Part.POINTS, f"the hidden points at {_steps(row)} are not those that their row names")

    def take_shown(self, levels: Mapping[int, Callable[[], Iterator[Any]]]) -> None:
        """The rows of levels 0 and up, each level in the order of steps."""
        below = self._blocks(levels[POINTS_LEVEL]() if POINTS_LEVEL in levels else iter(()))
        say = partial(self._fault, Part.PYRAMID)
        for level in range(POINTS_LEVEL + 1, max(levels, default=0) + 1):
            rows = self._summaries(level, levels[level]() if level in levels else iter(()))
            below = verified_level(level, rows, below, say)
        for _ in below:
            pass

    def take_tail(self, points: Points) -> None:
        """What was appended and is not superseded, as logged: before any block is taken."""
        self._tail = self._newest(points)

    def finish(self) -> None:
        """Compares all points with what the row says of them."""
        if len(self._tail):
            self.facts.add(self._tail)
        self.report.points += self.facts.count
        if not self.is_whole:
            return
        if self.hidden != self.row["hidden"]:
            self._fault(Part.FACTS, f"{shown(self.row['hidden'])} points are said to be hidden, {self.hidden:,} are")
        for problem in self.facts.problems(self.row):
            self._fault(Part.FACTS, problem)

    def _blocks(self, rows: Iterator[Any]) -> Iterator[Summary]:
        """Takes the blocks of points, each with what was appended at its steps, which replaces what it has there."""
        last_step: int | None = None
        for row in rows:
            self.report.blocks += 1
            points = self._decoded(POINTS_LEVEL, row, "points")
            problem = "" if points is None else _block_problem(points, row, last_step)
            if problem:
                self._fault(Part.POINTS, f"the block of points at {_steps(row)} {problem}")
            if points is None or problem:
                self.is_whole = False
                yield Summary(row.first_step, row.last_step, None)
                continue
            # Behind its last step a block holds what was superseded since it was written.
            self.hidden += len(points) - row.count
            points = points.take(slice(0, row.count))
            last_step = row.last_step
            appended = self._tail.steps <= last_step
            self.facts.add(self._newest(Points.concatenate([points, self._tail.take(appended)])))
            self._tail = self._tail.take(~appended)
            yield Summary(row.first_step, row.last_step, summarize(points))

    def _summaries(self, level: int, rows: Iterator[Any]) -> Iterator[SummaryRow]:
        for row in rows:
            self.report.blocks += 1
            decode = partial(decode_buckets, row.payload, block_key(self.key, level, row.number))
            yield SummaryRow(row.first_step, row.last_step, row.count, decode)

    def _newest(self, points: Points) -> Points:
        """The points by step; of those at one step the last one, and the others are hidden."""
        order = np.argsort(points.steps, kind="stable")
        steps = points.steps[order]
        is_newest = np.append(steps[1:] != steps[:-1], True)[: len(steps)]
        self.hidden += int(np.count_nonzero(~is_newest))
        return points.take(order[is_newest])

    def _decoded(self, level: int, row: Any, what: str) -> Points | None:
        try:
            points = decode_block(row.payload, block_key(self.key, level, row.number))
        except DamagedData as error:
            self._fault(Part.POINTS, f"{row.count} {what} at {_steps(row)} cannot be read: {error}")
            return None
        if not len(points):
            self._fault(Part.POINTS, f"{row.count} {what} at {_steps(row)} are not there: the block is empty")
            return None
        return points

    def _fault(self, part: Part, sentence: str) -> None:
        self.report.faults.append(Fault(part, sentence, self.key.run_id, self.row["tag"]))


def _block_problem(points: Points, row: Any, last_step: int | None) -> str:
    """What is wrong with a block of points behind one that ends at ``last_step``; "" if nothing is."""
    if not 0 < row.count <= len(points):
        return "does not hold the points that its row names"
    if _range_of(points.take(slice(0, row.count))) != (row.first_step, row.last_step):
        return "does not hold the points that its row names"
    if not points.increasing() or (last_step is not None and points.steps[0] <= last_step):
        return "is not in the order of steps"
    return ""


def _range_of(points: Points) -> tuple[int, int]:
    return int(points.steps.min()), int(points.steps.max())


def _steps(row: Any) -> str:
    return span(row.first_step, row.last_step)
