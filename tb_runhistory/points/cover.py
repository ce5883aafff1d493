"""A window of a series, put together from the coarsest level of its pyramid that still shows enough: the heart of
"a chart costs what is on screen".

A series is stored as blocks of points (level 0) with levels of buckets above them, each complete up to some step and
absent beyond, and a tail of points that are in no block yet. Reading begins at the top. A level is taken as soon as the
buckets that lie whole within the window show as many points as are wanted; until then the window is looked at one
level lower. What the taken level leaves open (the edges of the window, the newest points, and the places where the
tail has points among those of the blocks) is read one level lower, and so on down to the points. So the parts are exact
at the edges and of bounded number wherever the window is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from tb_runhistory.points.merging import newest_wins
from tb_runhistory.points.pyramid import Buckets, summarize
from tb_runhistory.records.columns import DamagedBlock
from tb_runhistory.records.points import Points

Part: TypeAlias = Points | Buckets
Window: TypeAlias = tuple[int, int]

EVERYTHING: Window = (-(2**63), 2**63 - 1)

_POINTS_A_BUCKET = 4
"""A bucket gives up to four points (first, minimum, maximum, last)."""

_SCATTERED = 64
"""Stretches of points between buckets; where there are more, single points become buckets of one, too."""


@dataclass(slots=True)
class Cover:
    """A window of a series that is being read level by level, from ``level`` down. ``limit`` points are wanted.

    With no limit, every point is. ``open`` are the stretches of steps that are to be read at ``level``.
    """

    window: Window
    level: int
    limit: int | None
    tail: Points
    open: list[Window] = field(default_factory=list)
    damaged: list[DamagedBlock] = field(default_factory=list)
    _is_taken: bool = False
    _buckets: list[Buckets] = field(default_factory=list)
    _points: list[Points] = field(default_factory=list)

    def __post_init__(self) -> None:
        inside = (self.tail.steps >= self.window[0]) & (self.tail.steps <= self.window[1])
        if not inside.all():
            self.tail = self.tail.take(inside)
        self.open = [self.window]
        if self.limit is None:
            self.level = 0

    def take_buckets(self, levels: Sequence[Sequence[Buckets | None]]) -> None:
        """What is stored at ``level`` over each of the open stretches, in step order; None for what cannot be read.

        Goes one level down, with what then is open.
        """
        self.level -= 1
        inside = [
            [Buckets.empty() if buckets is None else self._whole(buckets, window) for buckets in stored]
            for window, stored in zip(self.open, levels, strict=True)
        ]
        if not self._is_taken and not self._shows_enough([part for parts in inside for part in parts]):
            return
        self._is_taken = True
        left: list[Window] = []
        for (first, last), stored, parts in zip(self.open, levels, inside, strict=True):
            left += _left_open(first, last, stored, parts)
            self._buckets += [part for part in parts if len(part)]
        self.open = left

    def take_points(self, stored: Sequence[Points]) -> None:
        """Blocks of points that reach into the open stretches."""
        for (first, last), points in zip(self.open, stored, strict=True):
            inside = points.take((points.steps >= first) & (points.steps <= last))
            if len(inside):
                self._points.append(inside)
        self.open = []

    def _whole(self, buckets: Buckets, window: Window) -> Buckets:
        """The buckets that lie whole within ``window`` and have no point of the tail among theirs."""
        first, last = buckets.first.steps, buckets.last.steps
        inside = (first >= window[0]) & (last <= window[1])
        if len(self.tail):
            steps = self.tail.steps
            inside &= np.searchsorted(steps, first, "left") == np.searchsorted(steps, last, "right")
        return buckets if inside.all() else buckets.take(inside)

    def _shows_enough(self, parts: Sequence[Buckets]) -> bool:
        assert self.limit is not None
        if sum(map(len, parts)) <= self.limit // _POINTS_A_BUCKET:
            return False
        known = [part.kept.steps[:_POINTS_A_BUCKET].ravel() for part in parts]
        return len(np.unique(np.concatenate(known))) >= self.limit

    @property
    def parts(self) -> list[Part]:
        """What was read, in step order, none overlapping another."""
        blocks = sorted(self._points, key=lambda points: int(points.steps[0]))
        points, _ = newest_wins(Points.concatenate([*blocks, self.tail]))
        if not self._buckets:
            return [points] if len(points) else []
        # Those of a lower level may stand in a gap of a higher one.
        buckets = _in_order(Buckets.concatenate(self._buckets))
        if not len(points):
            return [buckets]
        before = np.searchsorted(buckets.first.steps, points.steps)
        places, starts = np.unique(before, return_index=True)
        if len(places) > _SCATTERED:
            return [_in_order(Buckets.concatenate([buckets, summarize(points, 1)]))]
        parts: list[Part] = []
        done = 0
        for place, start, end in zip(places.tolist(), starts, np.append(starts, len(points))[1:], strict=True):
            parts += [buckets.take(slice(done, place)), points.take(slice(start, end))]
            done = place
        parts.append(buckets.take(slice(done, None)))
        return [part for part in parts if len(part)]


def _left_open(first: int, last: int, stored: Sequence[Buckets | None], parts: Sequence[Buckets]) -> list[Window]:
    """The steps from ``first`` to ``last`` without those of ``parts``, which were taken of ``stored``.

    Between buckets that follow one another there are no points: a level is complete as far as it goes.
    """
    left: list[Window] = []
    reached, is_next = first, False
    for buckets, taken in zip(stored, parts, strict=True):
        if buckets is None or not len(taken):
            is_next = False
            continue
        starts, ends = taken.first.steps, taken.last.steps
        places = np.searchsorted(buckets.first.steps, starts)
        if not (is_next and places[0] == 0):
            left.append((reached, int(starts[0]) - 1))
        left += [(int(ends[gap]) + 1, int(starts[gap + 1]) - 1) for gap in np.flatnonzero(np.diff(places) > 1).tolist()]
        reached, is_next = int(ends[-1]) + 1, int(places[-1]) == len(buckets) - 1
    left.append((reached, last))
    return [(start, end) for start, end in left if start <= end]


def _in_order(buckets: Buckets) -> Buckets:
    steps = buckets.first.steps
    return buckets if (steps[1:] > steps[:-1]).all() else buckets.take(np.argsort(steps))


def points_in(parts: Sequence[Part]) -> int:
    """The number of points that parts have or stand for."""
    return sum(len(part) if isinstance(part, Points) else int(part.count.sum()) for part in parts)
