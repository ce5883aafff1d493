"""Of two points at one step the one logged later shows, for one series as for many at once."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, strategies

from tb_runhistory.points.merging import (
    divided,
    increasing_in_groups,
    newest_wins,
    newest_wins_in_groups,
)
from tb_runhistory.records.points import Points
from tests.points.series_strategies import assert_same, noise

STEPS = strategies.lists(strategies.integers(0, 9), max_size=20)


def logged(steps: list[int]) -> Points:
    """Points at these steps, told apart by their values."""
    return Points(np.array(steps, np.int64), np.zeros(len(steps)), np.arange(0.5, len(steps)))


@given(steps=STEPS)
def test_the_later_of_two_shows_and_none_is_lost(steps: list[int]) -> None:
    shown, replaced = newest_wins(logged(steps))
    last = {step: place + 0.5 for place, step in enumerate(steps)}
    assert dict(zip(shown.steps.tolist(), shown.values.tolist(), strict=True)) == last
    assert shown.increasing()
    together = sorted([*shown.values.tolist(), *replaced.values.tolist()])
    assert together == [place + 0.5 for place in range(len(steps))]
    pairs = list(zip(replaced.steps.tolist(), replaced.values.tolist(), strict=True))
    assert pairs == sorted(pairs)


@given(groups=strategies.lists(STEPS.filter(len), max_size=6))
def test_many_groups_at_once_are_as_each_alone(groups: list[list[int]]) -> None:
    points = [logged(steps) for steps in groups]
    together = Points.concatenate(points)
    starts = np.cumsum([0, *map(len, points)])
    shown, places = newest_wins_in_groups(together, starts)
    assert len(places) == len(groups) + 1
    for group, (start, end) in zip(points, itertools.pairwise(places.tolist()), strict=True):
        assert_same(shown.take(slice(start, end)), newest_wins(group)[0])
    if groups:
        assert increasing_in_groups(together.steps, starts).tolist() == [group.increasing() for group in points]


@given(
    count=strategies.integers(0, 60),
    most=strategies.integers(1, 20),
    first=strategies.integers(0, 59),
    length=strategies.integers(0, 59),
)
def test_divided_points_are_all_there_and_no_stretch_is_too_long(
    count: int, most: int, first: int, length: int
) -> None:
    points = noise(60).take(slice(0, count))
    parts = divided(points, most, (first, min(first + length, 59)))
    assert_same(Points.concatenate(parts), points)
    assert all(0 < len(part) <= most for part in parts)
    assert len(parts) == -(-count // most)


@pytest.mark.parametrize(
    ("new", "sizes"),
    [((100, 109), [40, 40, 30]), ((60, 109), [40, 40, 30]), ((0, 9), [30, 40, 40]), ((0, 109), [36, 37, 37])],
)
def test_points_in_one_direction_leave_full_stretches_behind(new: tuple[int, int], sizes: list[int]) -> None:
    assert [len(part) for part in divided(noise(110), 40, new)] == sizes
