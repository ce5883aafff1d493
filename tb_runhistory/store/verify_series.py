"""What can be wrong with the stored points of one scalar series, told from its rows one after another.

Memory is bounded: of the points only one block is held at a time, of the pyramid its lowest level at most.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from tb_runhistory.errors import DamagedData
from tb_runhistory.records.points import Floats, Points
from tb_runhistory.store.block import decode_block
from tb_runhistory.store.cover import StoredBlock, steps_of
from tb_runhistory.store.facts import Facts, combine, facts_of
from tb_runhistory.store.faults import Part
from tb_runhistory.store.pyramid import Buckets, decode_buckets, merge, summarize
from tb_runhistory.store.schema import HIDDEN_LEVEL, POINTS_LEVEL

_TOLERANCE = 1e-9
"""Sums depend on the order of addition: they may differ by this part of what was added."""


@dataclass(frozen=True, slots=True)
class _Summary:
    """The buckets over the steps of one stored row."""

    first_step: int
    last_step: int
    buckets: Buckets


class SeriesVerifier:
    """Takes the rows of a series in the order of their key; ``faults`` are the parts and sentences so far.

    ``points`` counts the shown points that could be read.
    """

    def __init__(self) -> None:
        self.faults: list[tuple[Part, str]] = []
        self.points = 0
        self._facts: Facts | None = None
        self._magnitude = 0.0
        self._hidden = 0
        self._is_whole = True
        self._levels: dict[int, list[_Summary]] = {POINTS_LEVEL: []}

    def take(self, level: int, row: StoredBlock) -> None:
        """One row of ``blocks``: hidden ones come first, then points, then each level of the pyramid."""
        if level == HIDDEN_LEVEL:
            self._take_hidden(row)
        elif level == POINTS_LEVEL:
            self._take_block(row)
        else:
            self._take_buckets(level, row)

    def take_tail(self, points: Points) -> None:
        """Appended points, which come after all blocks and in their order."""
        if len(points):
            self._add(points, f"the appended points at {_span(*steps_of(points))}")

    def finish(self, stored: Facts, hidden: int) -> None:
        """Compares the points with the facts that are stored of them. Nothing is known where points are lost."""
        if not self._is_whole:
            return
        if hidden != self._hidden:
            self._fault(Part.FACTS, f"{hidden:,} points are said to be hidden, {self._hidden:,} are")
        if self._facts is None:
            if stored.count:
                self._fault(Part.FACTS, f"{stored.count:,} points are said to be shown, there are none")
            return
        found = self._facts
        wrong = [field.name for field in fields(Facts) if not self._agrees(field.name, stored, found)]
        for name in wrong:
            told, true = getattr(stored, name), getattr(found, name)
            self._fault(Part.FACTS, f"the stored {name.replace('_', ' ')} is {told}, the points have {true}")

    def _agrees(self, name: str, stored: Facts, found: Facts) -> bool:
        told, true = getattr(stored, name), getattr(found, name)
        if name == "sum":
            # A sum that overflowed depends on the order as well.
            return not math.isfinite(self._magnitude) or abs(told - true) <= _TOLERANCE * self._magnitude
        return bool(told == true or (told != told and true != true))

    def _take_hidden(self, row: StoredBlock) -> None:
        self._hidden += row.count
        points = self._decoded(row, "hidden points")
        if points is not None and (len(points) != row.count or _range_of(points) != (row.first_step, row.last_step)):
            self._fault(Part.POINTS, f"the hidden points at {_steps(row)} are not those that their row tells of")

    def _take_block(self, row: StoredBlock) -> None:
        points = self._decoded(row, "points")
        if points is None:
            self._is_whole = False
            return
        what = f"the block of points at {_steps(row)}"
        if len(points) != row.count or steps_of(points) != (row.first_step, row.last_step):
            self._is_whole = False
            self._fault(Part.POINTS, f"{what} holds {len(points):,} at {_span(*_range_of(points))} instead")
            return
        if self._add(points, what):
            self._levels[POINTS_LEVEL].append(_Summary(row.first_step, row.last_step, summarize(points)))

    def _add(self, points: Points, what: str) -> bool:
        """Adds shown points to what is known; whether they stand where they may."""
        if not points.increasing() or (self._facts is not None and points.steps[0] <= self._facts.last_step):
            self._is_whole = False
            self._fault(Part.POINTS, f"{what} is not in the order of steps")
            return False
        self.points += len(points)
        facts = facts_of([points])
        self._facts = facts if self._facts is None else combine(self._facts, facts)
        with np.errstate(over="ignore"):
            self._magnitude += float(np.abs(points.values[np.isfinite(points.values)]).sum())
        return True

    def _decoded(self, row: StoredBlock, what: str) -> Points | None:
        try:
            points = decode_block(row.payload)
        except (DamagedData, TypeError) as error:
            reason = error if isinstance(error, DamagedData) else "its payload is no bytes"
            self._fault(Part.POINTS, f"{row.count:,} {what} at {_steps(row)} cannot be read: {reason}")
            return None
        if not len(points):
            self._fault(Part.POINTS, f"{row.count:,} {what} at {_steps(row)} are not there: the block is empty")
            return None
        return points

    def _take_buckets(self, level: int, row: StoredBlock) -> None:
        what = f"level {level} of the pyramid at {_steps(row)}"
        below = _within(self._levels.get(level - 1, []), row)
        expected = _expected(level, below)
        try:
            buckets = decode_buckets(row.payload)
        except (DamagedData, TypeError) as error:
            reason = error if isinstance(error, DamagedData) else "its payload is no bytes"
            self._fault(Part.PYRAMID, f"{what} cannot be read: {reason}")
            buckets = expected
        else:
            self._compare(what, row, buckets, expected)
        if len(buckets):
            self._levels.setdefault(level, []).append(_Summary(row.first_step, row.last_step, buckets))

    def _compare(self, what: str, row: StoredBlock, buckets: Buckets, expected: Buckets) -> None:
        ends = (int(buckets.first.steps[0]), int(buckets.last.steps[-1])) if len(buckets) else (0, 0)
        if ends != (row.first_step, row.last_step) or int(buckets.count.sum()) != row.count:
            self._fault(Part.PYRAMID, f"{what} holds other steps or counts than its row tells of")
        elif int(expected.count.sum()) != row.count:
            # Where a block below is damaged there is nothing to compare with.
            if self._is_whole:
                self._fault(Part.PYRAMID, f"{what} summarizes points that are not there")
        elif not _same(buckets, expected):
            self._fault(Part.PYRAMID, f"{what} does not agree with the points that it summarizes")

    def _fault(self, part: Part, sentence: str) -> None:
        self.faults.append((part, sentence))


def _within(summaries: Sequence[_Summary], row: StoredBlock) -> list[Buckets]:
    start = bisect_left(summaries, row.first_step, key=lambda each: each.first_step)
    found = []
    for each in summaries[start:]:
        if each.last_step > row.last_step:
            break
        found.append(each.buckets)
    return found


def _expected(level: int, below: Sequence[Buckets]) -> Buckets:
    """What a row of ``level`` should hold. Below level 1 stand the buckets that its blocks should have."""
    if not below:
        return Buckets.empty()
    together = Buckets.concatenate(below)
    return together if level == POINTS_LEVEL + 1 else merge(together)


def _same(buckets: Buckets, expected: Buckets) -> bool:
    if len(buckets) != len(expected) or not np.array_equal(buckets.counts, expected.counts):
        return False
    kept, wanted = buckets.kept, expected.kept
    exact = (
        np.array_equal(kept.steps, wanted.steps)
        and np.array_equal(kept.wall_times, wanted.wall_times, equal_nan=True)
        and np.array_equal(kept.values, wanted.values, equal_nan=True)
    )
    with np.errstate(over="ignore", invalid="ignore"):
        # The sum of magnitudes is at most this, by Cauchy and Schwarz.
        magnitude = np.sqrt(expected.count * expected.sum_of_squares)
        return (
            exact
            and _close(buckets.sum, expected.sum, magnitude)
            and _close(buckets.sum_of_squares, expected.sum_of_squares, expected.sum_of_squares)
        )


def _close(told: Floats, true: Floats, magnitude: Floats) -> bool:
    overflowed = ~np.isfinite(magnitude)
    return bool((overflowed | (np.abs(told - true) <= _TOLERANCE * magnitude)).all())


def _range_of(points: Points) -> tuple[int, int]:
    return int(points.steps.min()), int(points.steps.max())


def _steps(row: StoredBlock) -> str:
    return _span(row.first_step, row.last_step)


def _span(first: int, last: int) -> str:
    return f"step {first}" if first == last else f"steps {first} to {last}"
