"""Blocks and tails give back every bit they were given, and are small."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import example, given, strategies

from tb_runhistory.records.points import Points
from tb_runhistory.store.block import (
    BLOCK_POINTS,
    decode_block,
    decode_tail,
    encode_block,
    encode_raw,
    encode_tail,
)
from tests.store.make_golden import GOLDEN
from tests.store.series_strategies import assert_same, logged_points, noise

each_encoding = pytest.mark.parametrize("encode", [encode_block, encode_raw])


@each_encoding
@given(points=logged_points())
@example(points=Points.empty())
def test_a_block_gives_back_every_bit(encode: Callable[[Points], bytes], points: Points) -> None:
    assert_same(decode_block(encode(points)), points)


@each_encoding
@pytest.mark.parametrize("count", [BLOCK_POINTS - 1, BLOCK_POINTS, BLOCK_POINTS + 1, 2**20])
def test_a_block_may_be_of_any_size_up_to_the_limit(encode: Callable[[Points], bytes], count: int) -> None:
    points = noise(count)
    assert_same(decode_block(encode(points)), points)


@each_encoding
def test_points_that_are_a_view_into_others_are_encoded_as_they_look(encode: Callable[[Points], bytes]) -> None:
    points = noise(100)
    assert_same(decode_block(encode(points.take(slice(1, None, 3)))), points.take(np.arange(1, 100, 3)))


@each_encoding
def test_decoded_columns_are_native_and_belong_to_the_caller(encode: Callable[[Points], bytes]) -> None:
    points = decode_block(encode(noise(10)))
    for column, dtype in ((points.steps, "i8"), (points.wall_times, "f8"), (points.values, "f8")):
        assert column.dtype == np.dtype(dtype)
        assert column.flags.writeable
        assert column.flags.aligned


@given(parts=strategies.lists(strategies.tuples(strategies.integers(0, 2**32 - 1), logged_points()), max_size=6))
@example(parts=[])
@example(parts=[(5, noise(1)), (0, Points.empty()), (5, noise(200))])
def test_a_tail_gives_back_the_points_of_each_series(parts: list[tuple[int, Points]]) -> None:
    found = decode_tail(encode_tail(parts))
    assert [number for number, _ in found] == [number for number, _ in parts]
    for (_, points), (_, expected) in zip(found, parts, strict=True):
        assert_same(points, expected)


def with_values(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> Points:
    """A full block of these values."""
    points = noise(BLOCK_POINTS)
    return Points(points.steps, points.wall_times, values)


RANDOM = np.random.default_rng(3)
SIZES: dict[str, tuple[Points, float]] = {
    "noise": (with_values(RANDOM.normal(size=BLOCK_POINTS)), 8.1),
    "noise that came from float32": (
        with_values(RANDOM.normal(size=BLOCK_POINTS).astype(np.float32).astype(float)),
        4.5,
    ),
    "four decimals": (with_values(RANDOM.normal(size=BLOCK_POINTS).round(4)), 3.2),
    "one value": (with_values(np.ones(BLOCK_POINTS)), 1.1),
}


@pytest.mark.parametrize(("points", "bytes_a_point"), SIZES.values(), ids=SIZES.keys())
def test_a_full_block_is_small(points: Points, bytes_a_point: float) -> None:
    assert len(encode_block(points)) / len(points) <= bytes_a_point


@pytest.mark.parametrize(("count", "bytes_a_point"), [(1, 46), (10, 27), (100, 25)])
def test_a_few_points_cost_little_more_than_their_numbers(count: int, bytes_a_point: float) -> None:
    assert len(encode_raw(noise(count))) / count <= bytes_a_point


def test_a_tail_of_many_points_is_compressed() -> None:
    assert len(encode_tail([(number, noise(64)) for number in range(64)])) / 4096 <= 16


@pytest.mark.parametrize("name", ["block-1.bin", "raw-block-1.bin"])
def test_a_golden_block_is_read_as_it_was_written(name: str) -> None:
    points = decode_block((GOLDEN / name).read_bytes())
    assert points.steps.tolist() == [-9223372036854775808, -5, 0, 1, 2, 3, 10, 100, 1000, 9223372036854775807]
    assert points.wall_times.tolist() == [1700000000 + place / 8 for place in range(10)]
    assert repr(points.values.tolist()) == "[0.5, -0.0, nan, inf, -inf, 5e-324, 0.1, 1e+308, -2.5, 7.0]"


def test_a_golden_tail_is_read_as_it_was_written() -> None:
    (first, points), (second, point) = decode_tail((GOLDEN / "tail-1.bin").read_bytes())
    assert (first, second) == (3, 4294967295)
    assert points.steps.tolist() == [-9223372036854775808, -5, 0, 1]
    assert points.wall_times.tolist() == [1700000000.0, 1700000000.125, 1700000000.25, 1700000000.375]
    assert repr(points.values.tolist()) == "[0.5, -0.0, nan, inf]"
    assert (point.steps.tolist(), point.wall_times.tolist()) == ([2], [1700000000.5])
    assert repr(point.values.tolist()) == "[-inf]"
