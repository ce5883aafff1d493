"""A window that is put together from levels holds what the points hold, whatever stands in the tail or is damaged."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from hypothesis import example, given, settings, strategies

from tb_runhistory.points.cover import EVERYTHING, Cover, Window, points_in
from tb_runhistory.points.merging import newest_wins
from tb_runhistory.points.pyramid import Buckets, merge, summarize
from tb_runhistory.records.points import Points
from tests.points.series_strategies import assert_same, noise

BLOCK = 32
BUCKET = 4
BRANCH = 4


class Stored:
    """A series in blocks of few points, with a pyramid above them whose newest rows are missing, as it is stored."""

    def __init__(self, points: Points, unreadable: frozenset[tuple[int, int]] = frozenset()) -> None:
        self.blocks = [points.take(slice(start, start + BLOCK)) for start in range(0, len(points), BLOCK)]
        self.levels: list[list[Buckets]] = [[summarize(block, BUCKET) for block in self.blocks if len(block) == BLOCK]]
        while len(self.levels[-1]) >= BRANCH:
            below = self.levels[-1]
            whole = range(0, len(below) - len(below) % BRANCH, BRANCH)
            self.levels.append([merge(Buckets.concatenate(below[start : start + BRANCH]), BRANCH) for start in whole])
        self.levels = [level for level in self.levels if level]
        self.unreadable = unreadable

    def buckets(self, level: int, window: Window) -> list[Buckets | None]:
        """The rows of a level that reach into a window."""
        return [
            None if (level, place) in self.unreadable else row
            for place, row in enumerate(self.levels[level - 1])
            if row.first.steps[0] <= window[1] and row.last.steps[-1] >= window[0]
        ]

    def points(self, window: Window) -> Points:
        """The blocks that reach into a window."""
        held = [block for block in self.blocks if block.steps[0] <= window[1] and block.steps[-1] >= window[0]]
        return Points.concatenate(held)

    def covered(self, window: Window, limit: int | None, tail: Points) -> Cover:
        """The window, read level by level."""
        cover = Cover(window, len(self.levels), limit, tail)
        while cover.level > 0:
            cover.take_buckets([self.buckets(cover.level, stretch) for stretch in cover.open])
        cover.take_points([self.points(stretch) for stretch in cover.open])
        return cover


def series(count: int, stride: int, seed: int) -> Points:
    """Noise at every ``stride``-th step."""
    points = noise(count, seed)
    points.steps[:] *= stride
    return points


def steps_in(parts: Sequence[Points | Buckets]) -> list[int]:
    """The first and the last step of each part."""
    ends = []
    for part in parts:
        first, last = (part, part) if isinstance(part, Points) else (part.first, part.last)
        ends += [int(first.steps[0]), int(last.steps[-1])]
    return ends


@settings(deadline=None, max_examples=300)
@given(
    count=strategies.integers(0, 2000),
    stride=strategies.sampled_from([1, 3]),
    bounds=strategies.lists(strategies.integers(-5, 6005), min_size=2, max_size=2),
    limit=strategies.sampled_from([1, 8, 60, 400, None]),
    late=strategies.lists(strategies.integers(0, 7000), max_size=80),
    unreadable=strategies.frozensets(strategies.tuples(strategies.integers(1, 3), strategies.integers(0, 60))),
)
@example(count=128, stride=1, bounds=[-5, 6005], limit=8, late=[], unreadable=frozenset())
def test_a_cover_holds_what_the_points_hold(
    count: int,
    stride: int,
    bounds: list[int],
    limit: int | None,
    late: list[int],
    unreadable: frozenset[tuple[int, int]],
) -> None:
    stored, tail = series(count, stride, 1), newest_wins(Points(np.array(late, np.int64), *np.ones((2, len(late)))))[0]
    window = min(bounds), max(bounds)
    cover = Stored(stored, unreadable).covered(window, limit, tail)
    shown, _ = newest_wins(Points.concatenate([stored, tail]))
    shown = shown.take((shown.steps >= window[0]) & (shown.steps <= window[1]))
    assert points_in(cover.parts) == len(shown)
    ends = steps_in(cover.parts)
    assert ends == sorted(ends)
    for part in cover.parts:
        first, last = steps_in([part])
        expected = shown.take((shown.steps >= first) & (shown.steps <= last))
        if isinstance(part, Points):
            assert_same(part, expected)
        else:
            low, high = part.minimum.values.min(), part.maximum.values.max()
            assert (low, high) == (expected.values.min(), expected.values.max())
    if limit is None:
        assert all(isinstance(part, Points) for part in cover.parts)


def test_the_level_is_chosen_by_what_the_window_holds() -> None:
    stored = Stored(series(20_000, 1, 1))
    for window, limit in ((EVERYTHING, 64), ((5_000, 5_999), 64), ((5_000, 5_063), 64), ((19_900, 30_000), 64)):
        cover = stored.covered(window, limit, Points.empty())
        held = min(window[1], 19_999) - max(window[0], 0) + 1
        known = sum(len(part) if isinstance(part, Points) else 4 * len(part) for part in cover.parts)
        assert min(limit, held) <= known <= 4 * BRANCH * limit + 2 * BLOCK + 16 * BRANCH


def test_nothing_is_covered_by_nothing() -> None:
    assert Stored(Points.empty()).covered(EVERYTHING, 10, Points.empty()).parts == []
