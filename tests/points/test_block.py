"""Blocks and tails give back every bit they were given, and are small."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, strategies
from hypothesis.extra.numpy import arrays

from tb_runhistory.points.block import (
    BLOCK_POINTS,
    LOGGED,
    SUPERSEDED,
    Tail,
    decode_block,
    decode_tail,
    encode_block,
    encode_tail,
)
from tb_runhistory.records.points import Points
from tests.points.make_golden import BLOCK_PLACE, GOLDEN, TAIL_PLACE
from tests.points.series_strategies import assert_same, logged_points, noise

PLACE = b"a place"


@given(points=logged_points())
@example(points=Points.empty())
def test_a_block_gives_back_every_bit(points: Points) -> None:
    assert_same(decode_block(encode_block(points, PLACE), PLACE), points)


@given(milliseconds=arrays(np.int64, strategies.integers(0, 60), elements=strategies.integers(-(2**55), 2**55)))
@example(milliseconds=np.array([2**52 - 1] * 20))
@example(milliseconds=np.array([-(2**53)] * 20))
def test_wall_times_in_milliseconds_give_back_every_bit(
    milliseconds: np.ndarray[tuple[int], np.dtype[np.int64]],
) -> None:
    points = Points(np.arange(len(milliseconds)), milliseconds / 1000, np.zeros(len(milliseconds)))
    assert_same(decode_block(encode_block(points)), points)


@pytest.mark.parametrize("value", [-0.0, np.nan, np.inf, -np.inf, 1e300, 5e-324])
def test_wall_times_that_no_clock_gives_come_back(value: float) -> None:
    points = Points(np.arange(20), np.array([1.5] * 19 + [value]), np.zeros(20))
    assert_same(decode_block(encode_block(points)), points)


@pytest.mark.parametrize("count", [0, 1, 7, 8, 9, BLOCK_POINTS - 1, BLOCK_POINTS])
def test_a_block_may_be_of_any_size_up_to_the_limit(count: int) -> None:
    points = noise(count)
    assert_same(decode_block(encode_block(points)), points)


def test_points_that_are_a_view_into_others_are_encoded_as_they_look() -> None:
    points = noise(100)
    assert_same(decode_block(encode_block(points.take(slice(1, None, 3)))), points.take(np.arange(1, 100, 3)))


@pytest.mark.parametrize("count", [3, 100])
def test_decoded_columns_are_native_and_belong_to_the_caller(count: int) -> None:
    points = decode_block(encode_block(noise(count)))
    for column, dtype in ((points.steps, "i8"), (points.wall_times, "f8"), (points.values, "f8")):
        assert column.dtype == np.dtype(dtype)
        assert column.flags.writeable
        assert column.flags.aligned


def tail_of(*parts: tuple[int, int, Points]) -> Tail:
    """A tail of parts, each a number, a state and points."""
    starts = np.cumsum([0, *(len(points) for _, _, points in parts)])
    return Tail(
        np.array([number for number, _, _ in parts], np.int64),
        np.array([state for _, state, _ in parts], np.int64),
        starts.astype(np.int64),
        Points.concatenate([points for _, _, points in parts]),
    )


PARTS = strategies.tuples(
    strategies.one_of(strategies.integers(0, 5), strategies.integers(0, 2**31 - 1)),
    strategies.sampled_from([LOGGED, SUPERSEDED]),
    logged_points(),
)


@given(parts=strategies.lists(PARTS, max_size=6))
@example(parts=[])
@example(parts=[(5, LOGGED, noise(1)), (0, LOGGED, Points.empty()), (5, SUPERSEDED, noise(200))])
def test_a_tail_gives_back_its_parts(parts: list[tuple[int, int, Points]]) -> None:
    found = list(decode_tail(encode_tail(tail_of(*parts), PLACE), PLACE))
    assert [mark for *mark, _ in found] == [list(mark) for *mark, _ in parts]
    for (*_, points), (*_, expected) in zip(found, parts, strict=True):
        assert_same(points, expected)


@given(parts=strategies.lists(PARTS, max_size=6), data=strategies.data())
def test_regrouping_gives_each_series_one_part_a_state_and_keeps_the_order(
    parts: list[tuple[int, int, Points]], data: strategies.DataObject
) -> None:
    tail = tail_of(*parts)
    superseded = data.draw(arrays(np.bool_, len(tail.points)))
    regrouped = tail.regrouped(superseded)
    marks = [(number, state) for number, state, _ in regrouped]
    assert marks == sorted(set(marks))
    numbers, states = np.repeat(tail.numbers, tail.sizes), np.repeat(tail.states, tail.sizes)
    states = np.where(superseded, SUPERSEDED, states)
    for number, state in {*zip(numbers.tolist(), states.tolist(), strict=True)}:
        assert_same(regrouped.of(number, state), tail.points.take((numbers == number) & (states == state)))


def with_values(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> Points:
    """A full block of these values."""
    points = noise(BLOCK_POINTS)
    return Points(points.steps, points.wall_times, values)


RANDOM = np.random.default_rng(3)
SIZES: dict[str, tuple[Points, float]] = {
    "noise": (with_values(RANDOM.normal(size=BLOCK_POINTS)), 8.0),
    "noise that came from float32": (
        with_values(RANDOM.normal(size=BLOCK_POINTS).astype(np.float32).astype(float)),
        4.4,
    ),
    "four decimals": (with_values(RANDOM.normal(size=BLOCK_POINTS).round(4)), 3.1),
    "one value": (with_values(np.ones(BLOCK_POINTS)), 1.0),
}


@pytest.mark.parametrize(("points", "bytes_a_point"), SIZES.values(), ids=SIZES.keys())
def test_a_full_block_is_small(points: Points, bytes_a_point: float) -> None:
    assert len(encode_block(points)) / len(points) <= bytes_a_point


@pytest.mark.parametrize(("count", "bytes_a_point"), [(1, 49), (8, 26), (16, 17), (100, 9)])
def test_a_few_points_cost_little_more_than_their_numbers(count: int, bytes_a_point: float) -> None:
    assert len(encode_block(noise(count))) / count <= bytes_a_point


@pytest.mark.parametrize(("pace", "most"), [(0.0, (770, 435)), (0.05, (860, 540))])
def test_a_short_run_is_small(pace: float, most: tuple[int, int]) -> None:
    """One of noise that was logged at once leaves room for five in a page of 4,096 bytes, with their keys."""
    moments = np.round(1.7e9 + np.repeat(np.arange(20), 5) * pace + RANDOM.uniform(0, pace / 50, 100), 3)
    noise = RANDOM.normal(size=100)
    for values, bound in zip((noise, noise.astype(np.float32).astype(float)), most, strict=True):
        parts = [(series, LOGGED, Points(np.arange(20), moments[series::5], values[series::5])) for series in range(5)]
        assert len(encode_tail(tail_of(*parts))) <= bound


@pytest.mark.parametrize("series", [1, 5])
def test_a_point_of_each_series_takes_less_than_a_tail_of_numbers(series: int) -> None:
    parts = [(number, LOGGED, Points(np.array([7]), np.array([1.7e9]), np.array([0.1]))) for number in range(series)]
    assert len(encode_tail(tail_of(*parts))) <= 35 + 8 * series


@pytest.mark.parametrize(("series", "each", "most"), [(5, 20, 150), (200, 10, 520)])
def test_series_that_were_logged_together_share_what_their_steps_and_times_cost(
    series: int, each: int, most: int
) -> None:
    random = np.random.default_rng(4)
    steps = np.cumsum(random.integers(1, 50, each))
    times = np.round(1.7e9 + np.cumsum(random.exponential(1.0, each)), 3)
    together = Points(steps, times, np.full(each, 0.5))
    tail = encode_tail(tail_of(*((number, LOGGED, together) for number in range(series))), PLACE)
    assert len(tail) <= most
    for _, _, points in decode_tail(tail, PLACE):
        assert_same(points, together)


GOLDEN_BLOCKS = {
    "block-1.bin": [1700000000 + place / 8 for place in range(10)],
    "block-1-exact-times.bin": [1700000000 + place / 8 + 1 / 3 for place in range(10)],
    "block-1-plain.bin": [1700000000 + place / 8 for place in range(3)],
}


@pytest.mark.parametrize(("name", "times"), GOLDEN_BLOCKS.items())
def test_a_golden_block_is_read_as_it_was_written(name: str, times: list[float]) -> None:
    points = decode_block((GOLDEN / name).read_bytes(), BLOCK_PLACE)
    steps = [-9223372036854775808, -5, 0, 1, 2, 3, 10, 100, 1000, 9223372036854775807]
    assert points.steps.tolist() == steps[: len(times)]
    assert points.wall_times.tolist() == times
    values = ["0.5", "-0.0", "nan", "inf", "-inf", "5e-324", "0.1", "1e+308", "-2.5", "7.0"]
    assert [repr(value) for value in points.values.tolist()] == values[: len(times)]


@pytest.mark.parametrize("name", ["tail-2.bin", "tail-5.bin"])
def test_a_golden_tail_is_read_as_it_was_written(name: str) -> None:
    (first, state, points), (second, other, point) = decode_tail((GOLDEN / name).read_bytes(), TAIL_PLACE)
    assert (first, state, second, other) == (3, LOGGED, 70_000, SUPERSEDED)
    assert points.steps.tolist() == [-9223372036854775808, -5, 0, 1]
    assert points.wall_times.tolist() == [1700000000.0, 1700000000.125, 1700000000.25, 1700000000.375]
    assert repr(points.values.tolist()) == "[0.5, -0.0, nan, inf]"
    assert (point.steps.tolist(), point.wall_times.tolist()) == ([2], [1700000000.5])
    assert repr(point.values.tolist()) == "[-inf]"


def test_a_golden_short_run_is_read_as_it_was_written() -> None:
    parts = list(decode_tail((GOLDEN / "tail-5-short-run.bin").read_bytes(), TAIL_PLACE))
    assert [(number, state) for number, state, _ in parts] == [(number, LOGGED) for number in range(5)]
    for _, _, points in parts:
        assert points.steps.tolist() == list(range(0, 24, 2))
        assert points.wall_times.tolist() == [1700000000 + step**2 / 1000 for step in range(12)]
    assert [repr(points.values[1].item()) for _, _, points in parts] == [
        "1.2804903282692988",
        "0.7993333774407985",
        "1.058672090944622",
        "0.7766201053540158",
        "1.2444445986097505",
    ]
