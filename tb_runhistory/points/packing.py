"""A column of numbers as bytes, in the way that suits it, which its first byte says: ``docs/format/block.md`` has all.

What most columns of short runs are (steps that count, the same for each series, at times that are alike) takes a few
bytes. Everything else is compressed by pcodec, and what does not become smaller stands as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from pcodec import ChunkConfig, DeltaSpec, ModeSpec, PagingSpec, standalone, wrapped  # type: ignore[attr-defined]

from tb_runhistory.errors import DamagedData
from tb_runhistory.records.points import Floats

_FEW = 4
"""So few numbers are never smaller for being compressed."""

# Of the levels 0 to 12, 6 is within 0.5 % of the smallest for noise and takes a third of the time of 8, the default.
_LEVEL = 6
_ONE_PAGE = PagingSpec.equal_pages_up_to(2**20)
_IN_ORDER = ChunkConfig(_LEVEL, delta_spec=DeltaSpec.try_consecutive(1), paging_spec=_ONE_PAGE)
_ANY_ORDER = ChunkConfig(_LEVEL, paging_spec=_ONE_PAGE)
_REPEATING = ChunkConfig(_LEVEL, delta_spec=DeltaSpec.try_lookback(), paging_spec=_ONE_PAGE)
_PLAINLY = ChunkConfig(_LEVEL, mode_spec=ModeSpec.classic(), delta_spec=DeltaSpec.no_op(), paging_spec=_ONE_PAGE)
_LEAST_PERIOD, _MOST_REPEATING = 4, 1 << 14
"""It is looked for what nearly repeats where the stretches are so long and the numbers no more: more take too long."""

_NOISE_BYTES = 6.5
_MOST_NOISE = 1 << 10
"""Floats that take so many bytes each are noise. It is split where they are few: 4,096 lose but 0.3 % by it."""

_SHORT = 16, 4096
"""A column of so few bytes and numbers is one that many have: steps that count. The last of them are kept unpacked."""

_EXACT_MILLISECONDS = 2.0**52
_VARINT_BYTES = 10
_NAMES: Mapping[type[Any], str] = {np.int64: "i64", np.float64: "f64", np.uint16: "u16"}
"""What pcodec calls the types of numbers."""

Column = TypeVar("Column", bound=np.generic)


_PLAIN, _FILE, _MILLISECONDS, _PROGRESSION, _REPEATED, _THOUSANDTHS, _CHUNK, _SPLIT = range(8)
"""How a column stands in its bytes, which the first of them says. _THOUSANDTHS may stand before _REPEATED, and both
before any other. A _FILE of pcodec, and one of _MILLISECONDS, are read only: a _CHUNK is 13 bytes shorter."""


def pack(column: NDArray[Any], in_order: bool, period: int = 0) -> bytes:
    """A column of int64 or float64; no bytes where there are no numbers. Floats keep every bit, those of NaN too.

    ``in_order`` says that it mostly grows: each number is then compressed as its distance from the one before.
    ``period`` says after how many numbers stretches of it may be alike, as where series were logged together.
    """
    if not len(column):
        return b""
    if 0 < period < len(column) and _repeats(column, period):
        return bytes((_REPEATED,)) + varint(period) + _packed(column[:period], in_order, 0)
    return _packed(column, in_order, period)


def pack_times(times: Floats, period: int = 0) -> bytes:
    """A column of wall times, as ``pack``: as whole milliseconds, where they are."""
    with np.errstate(invalid="ignore", over="ignore"):
        thousands = np.rint(times * 1000.0)
        # -0.0 is no integer, and what is not finite compares false.
        whole = (np.abs(thousands) < _EXACT_MILLISECONDS) & (thousands / 1000.0 == times)
    if not len(times) or not whole.all() or (np.signbit(times) & (times == 0)).any():
        return pack(times, in_order=True, period=period)
    return bytes((_THOUSANDTHS,)) + pack(thousands.astype(np.int64), in_order=True, period=period)


def unpack(column: bytes, count: int, dtype: type[Column], what: str) -> NDArray[Column]:
    """The ``count`` numbers of a packed column.

    Raises:
      DamagedData: it holds another number of them, of another type, or cannot be decompressed.
    """
    if not column:
        return _unpacked(bytes((_PLAIN,)), count, dtype, what)
    if len(column) <= _SHORT[0] and count <= _SHORT[1]:
        known: NDArray[Column] = _short(column, count, np.dtype(dtype), what)
        return known.copy()
    return _column(column, count, dtype, what)


@lru_cache(maxsize=64)
def _short(column: bytes, count: int, dtype: np.dtype[Any], what: str) -> NDArray[Any]:
    return _column(column, count, dtype.type, what)


def _column(column: bytes, count: int, dtype: type[Column], what: str) -> NDArray[Column]:
    if dtype is np.float64 and column[0] == _THOUSANDTHS:
        times: NDArray[Any] = unpack(column[1:], count, np.int64, what) / 1000.0
        return times
    if column[0] == _REPEATED:
        period, start = read_varint(column, 1, what)
        if not 0 < period <= count or count % period:
            raise _damaged(what)
        return np.concatenate([_unpacked(column[start:], period, dtype, what)] * (count // period))
    return _unpacked(column, count, dtype, what)


def varint(number: int) -> bytes:
    """A whole number from 0 to 2**64 - 1, seven bits a byte, the lowest first; all but the last have their highest bit
    set."""
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)


def read_varint(data: bytes, start: int, what: str) -> tuple[int, int]:
    """The number that ``varint`` wrote at ``start``, and where it ends.

    Raises:
      DamagedData: there is none.
    """
    if start < len(data) and data[start] < 0x80:
        return data[start], start + 1
    number = shift = 0
    for place in range(start, min(start + _VARINT_BYTES, len(data))):
        byte = data[place]
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            if number >> 64:
                break
            return number, place + 1
        shift += 7
    raise DamagedData(f"{what} is damaged: a number in it does not end")


def _repeats(column: NDArray[Any], period: int) -> bool:
    """Whether all of a column is its first stretch over and over, bit for bit."""
    bits = np.ascontiguousarray(column).view(np.int64)
    return len(bits) % period == 0 and bool((bits.reshape(-1, period) == bits[:period]).all())


def _packed(column: NDArray[Any], in_order: bool, period: int) -> bytes:
    if column.dtype == np.int64 and 0 < len(progression := _progression(column)) <= 8 * len(column):
        return progression
    plain = bytes((_PLAIN,)) + column.astype(column.dtype.newbyteorder("<"), copy=False).tobytes()
    if len(column) <= _FEW:
        return plain
    configurations = [_IN_ORDER if in_order else _ANY_ORDER]
    if period >= _LEAST_PERIOD and len(column) <= _MOST_REPEATING:
        configurations.append(_REPEATING)
    packed = [plain, *(bytes((_CHUNK,)) + _chunk(column, one) for one in configurations)]
    shortest = min(packed, key=len)
    is_noise = len(shortest) > _NOISE_BYTES * len(column) and len(column) <= _MOST_NOISE
    return min(shortest, _split(column), key=len) if is_noise and column.dtype == np.float64 else shortest


def _progression(column: NDArray[np.int64]) -> bytes:
    """Numbers of which each is as far from the one before, by their first and that distance; nothing for others."""
    distances = column[1:] - column[:-1]
    if len(distances) and (distances != distances[0]).any():
        return b""
    distance = int(distances[0]) if len(distances) else 0
    return bytes((_PROGRESSION,)) + varint(_unsigned(int(column[0]))) + varint(_unsigned(distance))


def _unsigned(number: int) -> int:
    return 2 * number if number >= 0 else -2 * number - 1


def _signed(number: int) -> int:
    return number >> 1 if number % 2 == 0 else -(number >> 1) - 1


def _split(column: Floats) -> bytes:
    """Floats in two: the lower 6 bytes of each, in which noise has no pattern, and the upper 2, compressed."""
    halves = np.ascontiguousarray(column, "<f8").view(np.uint8).reshape(-1, 8)
    upper = np.ascontiguousarray(halves[:, 6:]).reshape(-1).view("<u2").astype(np.uint16)
    return bytes((_SPLIT,)) + halves[:, :6].tobytes() + _chunk(upper, _PLAINLY)


def _chunk(column: NDArray[Any], configuration: ChunkConfig) -> bytes:
    compressor = wrapped.FileCompressor()
    chunk = compressor.chunk_compressor(np.ascontiguousarray(column), configuration)
    compressed: bytes = compressor.write_header() + chunk.write_meta() + chunk.write_page(0)
    return compressed


def _unpacked(column: bytes, count: int, dtype: type[Column], what: str) -> NDArray[Column]:
    packing = column[0] if column else -1
    if packing == _PLAIN:
        if len(column) != 1 + 8 * count:
            raise DamagedData(f"{what} is damaged: a column does not have the {count:,} numbers that are claimed")
        # astype copies, which also aligns the numbers and makes them writable.
        return np.frombuffer(column, np.dtype(dtype).newbyteorder("<"), offset=1).astype(dtype)
    if packing == _CHUNK:
        return _of_chunk(column[1:], count, dtype, what)
    if packing == _PROGRESSION and dtype is np.int64:
        return _of_progression(column, count, what)  # type: ignore[return-value]
    if packing == _SPLIT and dtype is np.float64:
        return _of_halves(column, count, what)  # type: ignore[return-value]
    if packing == _FILE:
        return _of_file(column[1:], count, dtype, what)
    if packing == _MILLISECONDS and dtype is np.float64:
        times: NDArray[Any] = _of_file(column[1:], count, np.int64, what) / 1000.0
        return times
    raise _damaged(what)


def _of_progression(column: bytes, count: int, what: str) -> NDArray[np.int64]:
    first, place = read_varint(column, 1, what)
    distance, end = read_varint(column, place, what)
    if end != len(column):
        raise _damaged(what)
    # As when they were told apart, what is beyond 64 bits begins again at the other end.
    numbers = np.arange(count)
    numbers *= np.int64(_signed(distance))
    numbers += np.int64(_signed(first))
    return numbers


def _of_halves(column: bytes, count: int, what: str) -> Floats:
    start = 1 + 6 * count
    upper = _of_chunk(column[start:], count, np.uint16, what)
    numbers = np.empty((count, 8), np.uint8)
    numbers[:, :6] = np.frombuffer(column, np.uint8, 6 * count, 1).reshape(-1, 6)
    numbers[:, 6:] = upper.astype("<u2", copy=False).view(np.uint8).reshape(-1, 2)
    return numbers.reshape(-1).view("<f8").astype(np.float64, copy=False)


def _of_chunk(data: bytes, count: int, dtype: type[Column], what: str) -> NDArray[Column]:
    numbers = np.empty(count, dtype)
    try:
        decompressor, start = wrapped.FileDecompressor.new(data)
        chunk, size = decompressor.chunk_decompressor(data[start:], _NAMES[dtype])
        page = data[start + size :]
        progress, end = chunk.read_page_into(page, count, numbers)
    except (RuntimeError, TypeError) as error:
        raise _damaged(what) from error
    return _whole(numbers, progress, end == len(page), what)


def _of_file(data: bytes, count: int, dtype: type[Column], what: str) -> NDArray[Column]:
    numbers = np.empty(count, dtype)
    try:
        progress = standalone.simple_decompress_into(data, numbers)
    except (RuntimeError, TypeError) as error:
        raise _damaged(what) from error
    return _whole(numbers, progress, True, what)


def _whole(numbers: NDArray[Column], progress: Any, is_all_read: bool, what: str) -> NDArray[Column]:
    if progress.n_processed != len(numbers) or not progress.finished or not is_all_read:
        raise DamagedData(f"{what} is damaged: a column does not have the {len(numbers):,} numbers that are claimed")
    return numbers


def _damaged(what: str) -> DamagedData:
    return DamagedData(f"{what} is damaged: a column cannot be decompressed")
