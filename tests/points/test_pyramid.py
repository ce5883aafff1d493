"""The pyramid says of points what the points themselves say, at every level, and hides no value that is not finite."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, strategies
from numpy.testing import assert_allclose, assert_array_equal

from tb_runhistory.points.pyramid import (
    BRANCHING,
    BUCKET_POINTS,
    Buckets,
    decode_buckets,
    encode_buckets,
    merge,
    summarize,
)
from tb_runhistory.records.points import Points
from tests.points.make_golden import BUCKETS_PLACE, GOLDEN
from tests.points.series_strategies import assert_same, noise, series_points

SIZES = strategies.integers(1, 40)


def points_of(buckets: Buckets) -> dict[str, Points]:
    """The points that buckets keep, by name."""
    names = ("first", "last", "minimum", "maximum", "non_finite")
    return {name: getattr(buckets, name) for name in names}


def assert_same_buckets(found: Buckets, expected: Buckets) -> None:
    """Both are equal to the bit."""
    for name, points in points_of(found).items():
        assert_same(points, points_of(expected)[name])
    assert_array_equal(found.count, expected.count)
    assert_array_equal(found.finite, expected.finite)
    assert_array_equal(found.sum.view(np.int64), expected.sum.view(np.int64))
    assert_array_equal(found.sum_of_squares.view(np.int64), expected.sum_of_squares.view(np.int64))


def assert_describes(buckets: Buckets, row: int, points: Points) -> None:
    """The bucket at ``row`` is what its points say, one at a time."""
    steps, values = points.steps.tolist(), points.values.tolist()
    finite = [place for place, value in enumerate(values) if math.isfinite(value)]
    odd = [place for place, value in enumerate(values) if not math.isfinite(value)]
    places = {
        "first": 0,
        "last": len(values) - 1,
        "minimum": min(finite, key=lambda place: values[place], default=0),
        "maximum": max(finite, key=lambda place: values[place], default=0),
        "non_finite": odd[0] if odd else 0,
    }
    for name, place in places.items():
        assert_same(points_of(buckets)[name].take(slice(row, row + 1)), points.take(slice(place, place + 1)))
    assert (buckets.count[row], buckets.finite[row]) == (len(values), len(finite))
    assert (buckets.first.steps[row], buckets.last.steps[row]) == (steps[0], steps[-1])


@given(points=series_points(), size=SIZES)
def test_a_bucket_is_what_its_points_say(points: Points, size: int) -> None:
    buckets = summarize(points, size)
    assert len(buckets) == -(-len(points) // size)
    for row in range(len(buckets)):
        assert_describes(buckets, row, points.take(slice(row * size, row * size + size)))


@given(points=series_points(finite=True), size=SIZES)
def test_sums_are_over_the_values(points: Points, size: int) -> None:
    buckets = summarize(points, size)
    for row in range(len(buckets)):
        values = points.values[row * size : row * size + size].tolist()
        assert buckets.sum[row] == pytest.approx(math.fsum(values), rel=1e-12, abs=1e-6)
        squares = math.fsum(value * value for value in values)
        assert buckets.sum_of_squares[row] == pytest.approx(squares, rel=1e-12)


def test_sums_leave_out_what_is_not_finite() -> None:
    points = Points(np.arange(4), np.arange(4.0), np.array([np.nan, 3.0, -np.inf, 4.0]))
    buckets = summarize(points)
    assert (buckets.sum.tolist(), buckets.sum_of_squares.tolist()) == ([7.0], [25.0])
    assert (buckets.count.tolist(), buckets.finite.tolist()) == ([4], [2])


def test_a_sum_that_overflows_is_infinite_and_warns_nobody() -> None:
    points = Points(np.arange(32), np.arange(32.0), np.full(32, 1e308))
    assert summarize(points, 4).sum.tolist() == [math.inf] * 8
    assert merge(summarize(points, 1)).sum_of_squares.tolist() == [math.inf] * 2


@given(points=series_points(max_size=300), size=SIZES, branching=strategies.integers(1, 20))
def test_merging_buckets_is_summarizing_their_points(points: Points, size: int, branching: int) -> None:
    merged, direct = merge(summarize(points, size), branching), summarize(points, size * branching)
    assert len(merged) == len(direct)
    for name, kept in points_of(merged).items():
        assert_same(kept, points_of(direct)[name])
    assert_array_equal(merged.count, direct.count)
    assert_array_equal(merged.finite, direct.finite)
    with np.errstate(invalid="ignore"):
        comparable = np.abs(points.values[np.isfinite(points.values)]).max(initial=0) < 1e100
    if comparable:
        assert_allclose(merged.sum, direct.sum, rtol=1e-12, atol=1e-6)
        assert_allclose(merged.sum_of_squares, direct.sum_of_squares, rtol=1e-12)


def test_one_value_that_is_not_finite_is_kept_by_every_level() -> None:
    points = noise(BUCKET_POINTS * BRANCHING * BRANCHING)
    points.values[12_345] = np.nan
    buckets = summarize(points)
    while len(buckets) > 1:
        buckets = merge(buckets)
    assert buckets.non_finite.steps.tolist() == [12_345]
    assert np.isnan(buckets.non_finite.values).tolist() == [True]
    assert (buckets.count - buckets.finite).tolist() == [1]
    assert buckets.minimum.values.tolist() == [np.nanmin(points.values)]


@given(points=series_points(max_size=300), size=SIZES)
def test_encoded_buckets_come_back_to_the_bit(points: Points, size: int) -> None:
    buckets = summarize(points, size)
    assert_same_buckets(decode_buckets(encode_buckets(buckets)), buckets)


def test_wall_times_that_run_backwards_come_back() -> None:
    points = noise(1000)
    buckets = summarize(Points(points.steps, points.wall_times[::-1].copy(), points.values))
    assert_same_buckets(decode_buckets(encode_buckets(buckets)), buckets)


@given(points=series_points(), size=SIZES, cut=strategies.integers(0, 10))
def test_taking_and_concatenating_are_inverse(points: Points, size: int, cut: int) -> None:
    buckets = summarize(points, size)
    parts = [buckets.take(slice(0, cut)), buckets.take(np.arange(len(buckets)) >= cut)]
    assert_same_buckets(Buckets.concatenate(parts), buckets)


def test_no_buckets_are_no_buckets() -> None:
    for empty in (Buckets.empty(), Buckets.concatenate([]), summarize(Points.empty()), merge(Buckets.empty())):
        assert len(empty) == 0
    assert len(decode_buckets(encode_buckets(Buckets.empty()))) == 0


@pytest.mark.parametrize(("buckets", "bytes_a_point"), [(64, 0.88), (1024, 0.79)])
def test_a_level_is_small_beside_the_points_below_it(buckets: int, bytes_a_point: float) -> None:
    points = noise(buckets * BUCKET_POINTS)
    assert len(encode_buckets(summarize(points))) / len(points) <= bytes_a_point


def test_a_golden_level_is_read_as_it_was_written() -> None:
    buckets = decode_buckets((GOLDEN / "buckets-3.bin").read_bytes(), BUCKETS_PLACE)
    columns = {
        name: (points.steps.tolist(), repr(points.values.tolist())) for name, points in points_of(buckets).items()
    }
    assert columns == {
        "first": ([-9223372036854775808, 2, 1000], "[0.5, -inf, -2.5]"),
        "last": ([1, 100, 9223372036854775807], "[inf, 1e+308, 7.0]"),
        "minimum": ([-5, 3, 1000], "[-0.0, 5e-324, -2.5]"),
        "maximum": ([-9223372036854775808, 100, 9223372036854775807], "[0.5, 1e+308, 7.0]"),
        "non_finite": ([0, 2, 1000], "[nan, -inf, -2.5]"),
    }
    assert buckets.first.wall_times.tolist() == [1700000000.0, 1700000000.5, 1700000001.0]
    assert buckets.minimum.wall_times.tolist() == [1700000000.125, 1700000000.625, 1700000001.0]
    assert buckets.maximum.wall_times.tolist() == [1700000000.0, 1700000000.875, 1700000001.125]
    assert buckets.last.wall_times.tolist() == [1700000000.375, 1700000000.875, 1700000001.125]
    assert buckets.non_finite.wall_times.tolist() == [1700000000.25, 1700000000.5, 1700000001.0]
    assert (buckets.count.tolist(), buckets.finite.tolist()) == ([4, 4, 2], [2, 3, 2])
    assert (buckets.sum.tolist(), buckets.sum_of_squares.tolist()) == ([0.5, 1e308, 4.5], [0.25, math.inf, 55.25])
