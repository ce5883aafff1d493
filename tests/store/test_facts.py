"""Running facts are the same however a series is divided, and however they came about."""

from __future__ import annotations

import math
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given, strategies

from tb_runhistory.records.points import Points
from tb_runhistory.store.facts import Facts, combine, facts_of
from tb_runhistory.store.pyramid import Buckets
from tests.store.series_strategies import mixed_parts, noise, series_points


def expected_facts(points: Points) -> Facts:
    """The facts, point by point."""
    rows = list(zip(points.steps.tolist(), points.wall_times.tolist(), points.values.tolist(), strict=True))
    finite = [(value, step) for step, _, value in rows if math.isfinite(value)]
    minimum, minimum_step = min(finite, key=lambda pair: pair[0], default=(math.nan, 0))
    maximum, maximum_step = max(finite, key=lambda pair: pair[0], default=(math.nan, 0))
    return Facts(
        count=len(rows),
        non_finite=len(rows) - len(finite),
        first_step=rows[0][0],
        first_wall_time=rows[0][1],
        last_step=rows[-1][0],
        last_wall_time=rows[-1][1],
        last_value=rows[-1][2],
        minimum=minimum,
        minimum_step=minimum_step,
        maximum=maximum,
        maximum_step=maximum_step,
        sum=sum(value for value, _ in finite),
    )


def assert_equal_facts(found: Facts, expected: Facts) -> None:
    """Equal, NaN to NaN; the sum up to rounding, unless it overflows on the way."""
    assert repr({**asdict(found), "sum": 0}) == repr({**asdict(expected), "sum": 0})
    if math.isfinite(expected.sum) and math.isfinite(found.sum):
        assert found.sum == pytest.approx(
            expected.sum, rel=1e-9, abs=max(1e-6, 1e-12 * abs(found.maximum)) * found.count
        )


@given(points=series_points(min_size=1))
def test_facts_are_what_the_points_say(points: Points) -> None:
    assert_equal_facts(facts_of([points]), expected_facts(points))


@given(data=strategies.data(), points=series_points(min_size=1))
def test_facts_over_any_division_into_points_and_buckets_are_the_same(
    data: strategies.DataObject, points: Points
) -> None:
    parts: list[Points | Buckets] = data.draw(mixed_parts(points))
    assert_equal_facts(facts_of(parts), facts_of([points]))


@given(points=series_points(min_size=2), cut=strategies.integers(1, 300))
def test_facts_that_are_combined_as_points_arrive_are_the_facts_over_all(points: Points, cut: int) -> None:
    cut = min(cut, len(points) - 1)
    earlier, later = facts_of([points.take(slice(0, cut))]), facts_of([points.take(slice(cut, None))])
    assert_equal_facts(combine(earlier, later), facts_of([points]))


def test_the_earliest_of_equal_extremes_stands() -> None:
    points = Points(np.array([10, 20, 30, 40]), np.zeros(4), np.array([2.0, 1.0, 2.0, 1.0]))
    for cut in (1, 2, 3):
        facts = facts_of([points.take(slice(0, cut)), points.take(slice(cut, None))])
        assert (facts.maximum_step, facts.minimum_step) == (10, 20)


def test_where_nothing_is_finite_there_are_no_extremes() -> None:
    facts = facts_of([Points(np.array([4, 5]), np.array([1.0, 2.0]), np.array([np.nan, np.inf]))])
    assert (facts.count, facts.non_finite, facts.last_value, facts.sum) == (2, 2, math.inf, 0.0)
    assert (facts.minimum_step, facts.maximum_step) == (0, 0)
    assert math.isnan(facts.minimum)
    assert math.isnan(facts.maximum)


def test_facts_are_plain_numbers() -> None:
    for value in asdict(facts_of([noise(3)])).values():
        assert type(value) in (int, float)


@pytest.mark.parametrize("parts", [[], [Points.empty()], [Points.empty(), Buckets.empty()]])
def test_no_points_have_no_facts(parts: list[Points | Buckets]) -> None:
    with pytest.raises(ValueError, match="no points"):
        facts_of(parts)
