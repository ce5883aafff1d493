"""A column comes back bit for bit however it is packed, and what is regular takes a few bytes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, strategies
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from tb_runhistory.errors import DamagedData
from tb_runhistory.points.packing import pack, pack_times, read_varint, unpack, varint

RANDOM = np.random.default_rng(7)
WHAT = "a column"
STEPS = strategies.integers(-(2**63), 2**63 - 1)
LENGTHS = strategies.integers(0, 60)
PERIODS = strategies.integers(0, 25)
FILE, MILLISECONDS, PROGRESSION, REPEATED, THOUSANDTHS, CHUNK, SPLIT = (bytes((number,)) for number in range(1, 8))
"""How a column says that it is packed."""


def assert_same_bits(found: NDArray[np.generic], expected: NDArray[np.generic]) -> None:
    """Two columns of 8 bytes a number are the same."""
    assert found.dtype == expected.dtype
    assert found.view(np.int64).tolist() == np.ascontiguousarray(expected).view(np.int64).tolist()


@given(
    column=arrays(np.int64, LENGTHS, elements=STEPS),
    repeats=strategies.integers(1, 4),
    period=PERIODS,
    in_order=strategies.booleans(),
)
@example(column=np.array([-(2**63), 2**63 - 1, -2]), repeats=3, period=3, in_order=True)
@example(column=np.array([5]), repeats=1, period=0, in_order=False)
def test_whole_numbers_come_back(column: NDArray[np.int64], repeats: int, period: int, in_order: bool) -> None:
    column = np.tile(column, repeats)
    packed = pack(column, in_order, period)
    assert_same_bits(unpack(packed, len(column), np.int64, WHAT), column)
    assert len(packed) <= 8 * len(column) + 2


@given(
    bits=arrays(np.int64, LENGTHS, elements=STEPS),
    repeats=strategies.integers(1, 4),
    period=PERIODS,
    in_order=strategies.booleans(),
)
def test_floats_come_back_bit_for_bit(bits: NDArray[np.int64], repeats: int, period: int, in_order: bool) -> None:
    column = np.tile(bits, repeats).view(np.float64)
    assert_same_bits(unpack(pack(column, in_order, period), len(column), np.float64, WHAT), column)
    assert_same_bits(unpack(pack_times(column, period), len(column), np.float64, WHAT), column)


@given(first=STEPS, distance=STEPS, count=strategies.integers(1, 5000))
@example(first=2**63 - 1, distance=1, count=3)
def test_a_progression_comes_back_even_beyond_64_bits(first: int, distance: int, count: int) -> None:
    with np.errstate(over="ignore"):
        column = np.int64(first) + np.arange(count) * np.int64(distance)
    packed = pack(column, in_order=True)
    assert len(packed) <= 21
    assert_same_bits(unpack(packed, count, np.int64, WHAT), column)


NOISE = RANDOM.normal(size=100)
WAYS = {
    "steps that count": (pack(np.arange(4096), in_order=True), PROGRESSION, 3),
    "steps that count, for each of five series": (
        pack(np.tile(np.arange(20), 5), in_order=True, period=20),
        REPEATED,
        5,
    ),
    "one moment": (pack_times(np.full(100, 1.7e9), period=20), THOUSANDTHS, 12),
    "moments of five series": (
        pack_times(np.tile(np.round(1.7e9 + np.cumsum(RANDOM.exponential(1.0, 20)), 3), 5), period=20),
        THOUSANDTHS,
        65,
    ),
    "noise": (pack(NOISE, in_order=False), SPLIT, 740),
    "noise from float32": (pack(NOISE.astype(np.float32).astype(np.float64), in_order=False), CHUNK, 410),
    "one value": (pack(np.full(100, 0.5), in_order=False), CHUNK, 20),
}


@pytest.mark.parametrize(("packed", "way", "most"), WAYS.values(), ids=WAYS.keys())
def test_what_is_regular_takes_a_few_bytes(packed: bytes, way: bytes, most: int) -> None:
    assert packed[:1] == way
    assert len(packed) <= most


@given(number=strategies.integers(0, 2**64 - 1), before=strategies.binary(max_size=3))
@example(number=2**64 - 1, before=b"")
def test_a_varint_comes_back(number: int, before: bytes) -> None:
    encoded = varint(number)
    assert read_varint(before + encoded + b"\xff", len(before), WHAT) == (number, len(before) + len(encoded))
    assert len(encoded) <= 10
    with pytest.raises(DamagedData, match="does not end"):
        read_varint(before + encoded[:-1], len(before), WHAT)


FORGED = {
    "an unknown way": b"\x63\0\0",
    "no way": b"",
    "a progression that does not end": PROGRESSION + b"\xff",
    "a progression of three numbers": PROGRESSION + bytes(3),
    "a stretch that does not end": REPEATED + b"\xff",
    "a stretch of nothing": REPEATED + varint(0) + PROGRESSION + bytes(2),
    "a stretch longer than all": REPEATED + varint(21) + PROGRESSION + bytes(2),
    "a stretch that does not fit": REPEATED + varint(3) + PROGRESSION + bytes(2),
    "a stretch of a stretch": REPEATED + varint(10) + REPEATED + varint(5) + PROGRESSION + bytes(2),
    "thousandths of thousandths": THOUSANDTHS + THOUSANDTHS + PROGRESSION + bytes(2),
    "a chunk of nothing": CHUNK,
    "a chunk of something else": CHUNK + bytes(40),
    "halves of nothing": SPLIT,
    "a half": SPLIT + bytes(120),
    "a file of nothing": FILE,
    "a file of something else": MILLISECONDS + bytes(40),
}


@pytest.mark.parametrize("forged", FORGED.values(), ids=FORGED.keys())
@pytest.mark.parametrize("kind", [np.int64, np.float64])
def test_a_forged_column_is_damage(forged: bytes, kind: type[np.generic]) -> None:
    with pytest.raises(DamagedData, match="a column is damaged"):
        unpack(forged, 20, kind, WHAT)


def test_a_way_of_other_numbers_is_damage() -> None:
    for packed, kind in (
        (pack(NOISE, in_order=False), np.int64),
        (pack(np.arange(100), in_order=True), np.float64),
        (pack_times(np.full(100, 1.7e9)), np.int64),
    ):
        with pytest.raises(DamagedData, match="a column is damaged"):
            unpack(packed, 100, kind, WHAT)


def test_bytes_behind_a_column_are_damage() -> None:
    for column in (NOISE, np.arange(100), np.ones(100), RANDOM.integers(0, 1000, 100), NOISE[:3]):
        packed = pack(column, in_order=False)
        with pytest.raises(DamagedData, match="a column is damaged"):
            unpack(packed + b"\0", len(column), column.dtype.type, WHAT)
