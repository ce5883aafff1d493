"""Running facts are the same however a series is divided, in whatever order its parts come, and beside which others."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import example, given, strategies

from tb_runhistory.points.facts import FACT_NAMES, Facts, combine, facts_in_groups, facts_of
from tb_runhistory.points.pyramid import Buckets
from tb_runhistory.records.points import Points
from tests.points.series_strategies import mixed_parts, noise, series_points


def expected_facts(points: Points) -> dict[str, float]:
    """The facts, point by point."""
    rows = list(zip(points.steps.tolist(), points.wall_times.tolist(), points.values.tolist(), strict=True))
    finite = [(value, step) for step, _, value in rows if math.isfinite(value)]
    minimum, minimum_step = min(finite, key=lambda pair: pair[0], default=(math.nan, 0))
    maximum, maximum_step = max(finite, key=lambda pair: pair[0], default=(math.nan, 0))
    return {
        "count": len(rows),
        "non_finite": len(rows) - len(finite),
        "first_step": rows[0][0] if rows else 0,
        "last_step": rows[-1][0] if rows else 0,
        "last_wall_time": rows[-1][1] if rows else math.nan,
        "last_value": rows[-1][2] if rows else math.nan,
        "first_value": rows[0][2] if rows else math.nan,
        "minimum": minimum,
        "minimum_step": minimum_step,
        "maximum": maximum,
        "maximum_step": maximum_step,
        "sum": sum(value for value, _ in finite),
    }


def row_of(facts: Facts, row: int = 0) -> dict[str, float]:
    """One row of facts, by name."""
    return {name: getattr(facts, name)[row].item() for name in FACT_NAMES}


def assert_equal_facts(found: dict[str, float], expected: dict[str, float]) -> None:
    """Equal, NaN to NaN; the sum up to rounding, unless it overflows on the way."""
    assert repr({**found, "sum": 0}) == repr({**expected, "sum": 0})
    if math.isfinite(expected["sum"]) and math.isfinite(found["sum"]):
        largest = max(abs(expected["maximum"]), abs(expected["minimum"])) if found["count"] else 0
        slack = max(1e-6, 1e-12 * (0 if math.isnan(largest) else largest)) * max(found["count"], 1)
        assert found["sum"] == pytest.approx(expected["sum"], rel=1e-9, abs=slack)


@given(points=series_points())
def test_facts_are_what_the_points_say(points: Points) -> None:
    assert_equal_facts(row_of(facts_of([points])), expected_facts(points))


@given(data=strategies.data(), points=series_points(min_size=1))
def test_facts_over_any_division_into_points_and_buckets_are_the_same(
    data: strategies.DataObject, points: Points
) -> None:
    parts: list[Points | Buckets] = data.draw(mixed_parts(points))
    assert_equal_facts(row_of(facts_of(parts)), row_of(facts_of([points])))


@given(groups=strategies.lists(series_points(min_size=1, max_size=20), max_size=8))
def test_facts_of_many_series_at_once_are_those_of_each(groups: list[Points]) -> None:
    starts = np.cumsum([0, *map(len, groups)])
    facts = facts_in_groups(Points.concatenate(groups), starts)
    assert len(facts) == len(groups)
    for row, points in enumerate(groups):
        assert_equal_facts(row_of(facts, row), expected_facts(points))


@given(points=series_points(), data=strategies.data())
@example(points=Points.empty(), data=None)
def test_facts_that_are_combined_in_any_order_are_the_facts_over_all(
    points: Points, data: strategies.DataObject | None
) -> None:
    masks = strategies.lists(strategies.booleans(), min_size=len(points), max_size=len(points))
    mask = np.array(data.draw(masks) if data else [], np.bool_)
    one, other = facts_of([points.take(mask)]), facts_of([points.take(~mask)])
    assert_equal_facts(row_of(combine(one, other)), expected_facts(points))
    assert_equal_facts(row_of(combine(other, one)), expected_facts(points))


def test_the_earliest_of_equal_extremes_stands() -> None:
    points = Points(np.array([10, 20, 30, 40]), np.zeros(4), np.array([2.0, 1.0, 2.0, 1.0]))
    for cut in (1, 2, 3):
        facts = row_of(facts_of([points.take(slice(cut, None)), points.take(slice(0, cut))]))
        assert (facts["maximum_step"], facts["minimum_step"]) == (10, 20)


def test_where_nothing_is_finite_there_are_no_extremes() -> None:
    facts = row_of(facts_of([Points(np.array([4, 5]), np.array([1.0, 2.0]), np.array([np.nan, np.inf]))]))
    assert (facts["count"], facts["non_finite"], facts["last_value"], facts["sum"]) == (2, 2, math.inf, 0.0)
    assert (facts["minimum_step"], facts["maximum_step"]) == (0, 0)
    assert math.isnan(facts["minimum"])
    assert math.isnan(facts["maximum"])


def test_sums_that_overflow_both_ways_are_no_number_and_warn_nobody() -> None:
    high, low = (Points(np.arange(2) + at, np.zeros(2), np.full(2, value)) for at, value in ((0, 1e308), (5, -1e308)))
    assert row_of(facts_of([high]))["sum"] == math.inf
    assert math.isnan(row_of(combine(facts_of([high]), facts_of([low])))["sum"])


@pytest.mark.parametrize("parts", [[], [Points.empty()], [Points.empty(), Buckets.empty()]])
def test_no_points_have_the_facts_of_none(parts: list[Points | Buckets]) -> None:
    assert (
        repr(row_of(facts_of(parts)))
        == repr(row_of(Facts.none(1)))
        == repr(expected_facts(Points.empty()) | {"sum": 0.0})
    )


def test_rows_are_taken_and_put() -> None:
    facts = Facts.concatenate([facts_of([noise(3)]), facts_of([noise(4)]), Facts.none(1)])
    facts.put(np.array([2, 0]), facts.take(np.array([0, 1])))
    assert facts.count.tolist() == [4, 4, 3]
