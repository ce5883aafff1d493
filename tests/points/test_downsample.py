"""Downsampling loses nothing that a person looks for: the ends, every spike, and that there were values not finite."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, strategies

from tb_runhistory.points.downsample import downsample, downsample_together
from tb_runhistory.points.pyramid import Buckets, merge, summarize
from tb_runhistory.records.points import Floats, Points
from tests.points.series_strategies import (
    assert_same,
    assert_taken_from,
    mixed_parts,
    noise,
    series_points,
    step_set,
)

LIMITS = strategies.integers(1, 60)


def finite_extremes(points: Points) -> set[int]:
    """The steps of the first lowest and the first highest finite value."""
    finite = points.take(np.isfinite(points.values))
    return (
        {int(finite.steps[finite.values.argmin()]), int(finite.steps[finite.values.argmax()])} if len(finite) else set()
    )


def assert_shows(found: Points, points: Points, limit: int) -> None:
    """``found`` keeps what must be kept of ``points`` with ``limit`` places."""
    assert_taken_from(found, points)
    assert len(found) <= limit
    if not len(points):
        return
    steps = step_set(found)
    assert int(points.steps[-1]) in steps
    if limit >= 2:
        assert int(points.steps[0]) in steps
    if limit >= 4:
        assert finite_extremes(points) <= steps
    if limit >= 5:
        assert np.isfinite(found.values).all() == np.isfinite(points.values).all()


@given(points=series_points(), limit=LIMITS)
def test_points_keep_ends_extremes_and_values_that_are_not_finite(points: Points, limit: int) -> None:
    found = downsample([points], limit)
    assert_shows(found, points, limit)
    if len(points) <= limit:
        assert_same(found, points)


@given(data=strategies.data(), points=series_points(), limit=LIMITS)
def test_points_and_buckets_together_keep_the_same(data: strategies.DataObject, points: Points, limit: int) -> None:
    assert_shows(downsample(data.draw(mixed_parts(points)), limit), points, limit)


@given(data=strategies.data(), points=series_points(), limit=LIMITS)
def test_the_choice_depends_on_nothing_else_and_is_stable(
    data: strategies.DataObject, points: Points, limit: int
) -> None:
    parts = data.draw(mixed_parts(points))
    found = downsample(parts, limit)
    assert_same(downsample(parts, limit), found)
    assert_same(downsample([found], limit), found)


@given(points=series_points(min_size=1, finite=True), limit=strategies.integers(4, 60))
def test_every_bucket_gives_its_minimum_and_its_maximum(points: Points, limit: int) -> None:
    buckets = (limit - 2) // 2
    bounds = [place * len(points) // buckets for place in range(buckets + 1)]
    expected = {int(points.steps[0]), int(points.steps[-1])}
    for start, end in itertools.pairwise(bounds):
        if start < end:
            expected |= finite_extremes(points.take(slice(start, end)))
    if len(points) > limit:
        assert step_set(downsample([points], limit)) >= expected


@given(points=series_points(min_size=1), limit=LIMITS, at=strategies.integers(0, 299), up=strategies.booleans())
def test_a_spike_is_never_lost(points: Points, limit: int, at: int, up: bool) -> None:
    at %= len(points)
    values = points.values.clip(-1e300, 1e300)
    values[at] = 1.5e308 if up else -1.5e308
    spiked = Points(points.steps, points.wall_times, values)
    for parts in ([spiked], [summarize(spiked, 7)], [merge(summarize(spiked, 3), 5)]):
        assert limit < 4 or int(points.steps[at]) in step_set(downsample(parts, limit))


def test_one_spike_among_a_hundred_thousand_points_of_one_value_is_shown() -> None:
    values = np.ones(100_000)
    values[54_321] = 1000.0
    points = Points(np.arange(100_000), np.arange(100_000.0), values)
    for parts in ([points], [summarize(points)], [merge(summarize(points))]):
        found = downsample(parts, 1000)
        assert 54_321 in step_set(found)
        assert {0, 99_999} <= step_set(found)
        assert len(found) <= 1000


@pytest.mark.parametrize("limit", [5, 100, 1000])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_one_value_that_is_not_finite_among_many_is_shown(limit: int, value: float) -> None:
    points = noise(100_000)
    points.values[77_777] = value
    for parts in ([points], [summarize(points)], [merge(summarize(points))]):
        assert 77_777 in step_set(downsample(parts, limit))


def test_of_four_places_none_is_left_for_a_value_that_is_not_finite() -> None:
    points = noise(100_000)
    points.values[77_777] = np.nan
    for found in (downsample([points], 4), downsample([summarize(points)], 4), *downsample_together([points], 4)):
        assert step_set(found) == {0, 99_999} | finite_extremes(points)


def test_each_bucket_with_a_value_that_is_not_finite_shows_one() -> None:
    points = noise(10_000)
    points.values[[5, 2000, 5000, 9000]] = np.nan, np.inf, -np.inf, np.nan
    for parts in ([points], [summarize(points, 10)]):
        assert {5, 2000, 5000, 9000} <= step_set(downsample(parts, 100))


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5, 100])
def test_a_series_of_nans_gives_points(limit: int) -> None:
    points = Points(np.arange(5000), np.arange(5000.0), np.full(5000, np.nan))
    for parts in ([points], [summarize(points)]):
        found = downsample(parts, limit)
        assert_taken_from(found, points)
        assert min(limit, 2) <= len(found) <= limit
        assert limit < 100 or len(found) >= 20


@given(points=series_points(min_size=1), limit=LIMITS)
def test_every_place_is_used_where_there_are_points_for_it(points: Points, limit: int) -> None:
    assert len(downsample([points], limit)) == min(limit, len(points))


VALUES = {"noise": noise(50_000).values, "rising": np.arange(50_000.0), "one value": np.ones(50_000)}


@pytest.mark.parametrize("odd", [0, 1, 3])
@pytest.mark.parametrize("values", VALUES.values(), ids=VALUES.keys())
def test_every_place_is_used_by_what_is_known_of_buckets(values: Floats, odd: int) -> None:
    points = Points(np.arange(50_000), np.arange(50_000.0), values.copy())
    points.values[1000 : 1000 + odd] = np.nan
    for size in (8, 100):
        buckets = summarize(points, size)
        known = len(np.unique(buckets.kept.steps))
        assert len(downsample([buckets], 1000)) == min(1000, known)


def test_places_that_are_left_over_are_spread_evenly() -> None:
    found = downsample([Points(np.arange(10_000), np.arange(10_000.0), np.ones(10_000))], 1000)
    assert np.diff(found.steps).max() <= 25


def test_a_dense_stretch_beside_a_distant_step_is_drawn() -> None:
    points = noise(10_000)
    points.steps[-1] = 10**12
    assert len(downsample([points], 100)) >= 95


def test_newest_points_beside_buckets_get_their_share_and_no_more() -> None:
    points = noise(64_000)
    parts: list[Points | Buckets] = [summarize(points.take(slice(0, 57_600))), points.take(slice(57_600, None))]
    found = downsample(parts, 200)
    assert_shows(found, points, 200)
    newest = int((found.steps >= 57_600).sum())
    assert 15 <= newest <= 30


@pytest.mark.parametrize("sizes", [(1, 9000), (9000, 1)])
def test_one_bucket_that_stands_for_most_points_is_one_bucket(sizes: tuple[int, int]) -> None:
    points = noise(10_000)
    cut = 1000 if sizes[0] == 1 else 9000
    parts = [summarize(points.take(slice(0, cut)), sizes[0]), summarize(points.take(slice(cut, None)), sizes[1])]
    found = downsample(parts, 100)
    assert_shows(found, points, 100)
    heavy = found.steps < cut if sizes[0] > 1 else found.steps >= cut
    assert 2 <= heavy.sum() <= 4


@pytest.mark.parametrize("parts", [[], [Points.empty()], [Buckets.empty()], [Points.empty(), Buckets.empty()]])
def test_nothing_gives_nothing(parts: list[Points | Buckets]) -> None:
    assert len(downsample(parts, 1)) == 0


@pytest.mark.parametrize("limit", [0, -1])
def test_no_places_are_refused(limit: int) -> None:
    with pytest.raises(ValueError, match="at least one point"):
        downsample([noise(3)], limit)
    with pytest.raises(ValueError, match="at least one point"):
        downsample_together([noise(3)], limit)


def with_equal_steps(number: int, length: int) -> list[Points]:
    """Series of noise with equal steps."""
    return [Points(noise(length).steps, noise(length).wall_times, noise(length, seed).values) for seed in range(number)]


@given(data=strategies.data(), points=series_points(min_size=1), limit=LIMITS, number=strategies.integers(1, 5))
def test_series_with_equal_steps_keep_equal_steps_and_their_own_extremes(
    data: strategies.DataObject, points: Points, limit: int, number: int
) -> None:
    columns = [points.values, *(data.draw(strategies.permutations(points.values.tolist())) for _ in range(number - 1))]
    series = [Points(points.steps, points.wall_times, np.array(column)) for column in columns]
    found = downsample_together(series, limit)
    for one, whole in zip(found, series, strict=True):
        assert_taken_from(one, whole)
        assert len(one) <= limit
        assert int(whole.steps[-1]) in step_set(one)
        assert limit < 4 or finite_extremes(whole) <= step_set(one)
        if len(whole) <= limit:
            assert_same(one, whole)
    if limit < 4 or limit >= 2 + 2 * number:
        assert len({tuple(one.steps.tolist()) for one in found}) == 1


def test_a_value_that_is_not_finite_is_shown_in_a_group_too() -> None:
    series = with_equal_steps(4, 10_000)
    series[2].values[1234] = np.nan
    found = downsample_together(series, 100)
    assert all(1234 in step_set(points) for points in found)


def test_series_with_other_steps_are_chosen_for_themselves() -> None:
    first, second, third = with_equal_steps(3, 1000)
    second.steps[:] *= 2
    third.steps[:] *= 2
    third.steps[1:-1] += 1
    found = downsample_together([first, second, Points.empty(), third], 50)
    for points, whole in zip(found, [first, second, Points.empty(), third], strict=True):
        assert_same(points, downsample([whole], 50))


def test_too_many_series_for_the_limit_keep_their_extremes_rather_than_their_steps() -> None:
    series = with_equal_steps(40, 1000)
    for points, whole in zip(downsample_together(series, 64), series, strict=True):
        assert_shows(points, whole, 64)
    assert len({tuple(points.steps.tolist()) for points in downsample_together(series, 82)}) == 1
