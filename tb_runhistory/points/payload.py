"""The frame around every payload of columns: a checksum, the lengths, and the columns, each packed as suits it.

    crc u32 | kind u8 | count u32 | length of each column, u32 | the columns

Integers are little-endian. The checksum is CRC-32 (``zlib.crc32``) over the key of the place where the payload stands
and then over all that follows it. Neither the compression nor the database notices a flipped bit, nor that an index
leads to another row than was asked for, so nothing of a payload is used before its checksum has matched. A checksum
does not stop a forger: sizes are checked before memory is taken for them.
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from pcodec import ChunkConfig, DeltaSpec, standalone  # type: ignore[attr-defined]

from tb_runhistory.errors import DamagedData
from tb_runhistory.records.columns import SeriesKey
from tb_runhistory.records.identity import id_bytes
from tb_runhistory.records.points import Floats

MAX_COUNT = 2**20
"""The greatest count (of points, buckets or parts) that a payload may declare."""

_CHECKSUM = struct.Struct("<I")
_KIND_AND_COUNT = struct.Struct("<BI")
_BLOCK_PLACE, _TAIL_PLACE, _ENTRY_PLACE = struct.Struct("<qqq"), struct.Struct("<q"), struct.Struct("<qqqqd")
_FEW = 8
"""So few numbers are never smaller for being compressed."""

# Of the levels 0 to 12, 6 is within 0.5 % of the smallest for noise and takes a third of the time of 8, the default.
_IN_ORDER = ChunkConfig(compression_level=6, delta_spec=DeltaSpec.try_consecutive(1))
_ANY_ORDER = ChunkConfig(compression_level=6)
_REPEATED = ChunkConfig(compression_level=6, delta_spec=DeltaSpec.try_lookback())
_MOST_REPEATED = 1 << 14
"""In so many numbers at most it is looked for what repeats: in more it takes too long."""

_EXACT_MILLISECONDS = 2.0**52

Column = TypeVar("Column", bound=np.generic)


class Kind(IntEnum):
    """What a payload holds. A number is given once: another layout gets another number."""

    BLOCK = 1
    TAIL = 2
    BUCKETS = 3
    ENTRY = 4


class _Packing(IntEnum):
    """How a column stands in its bytes, which is said by the first of them."""

    PLAIN = 0
    COMPRESSED = 1
    MILLISECONDS = 2


@dataclass(frozen=True, slots=True)
class Frame:
    """An opened payload: its kind, its count, and the bytes of its columns."""

    kind: int
    count: int
    columns: list[bytes]


def block_key(key: SeriesKey, level: int, number: int = 0) -> bytes:
    """The place of a row of ``blocks``: what is hidden is never served as shown."""
    return _place(key.root_id, key.run_id, _BLOCK_PLACE, key.number, level, number)


def tail_key(root_id: str, run_id: str, number: int) -> bytes:
    """The place of a row of ``appends``."""
    return _place(root_id, run_id, _TAIL_PLACE, number)


def entry_key(key: SeriesKey, step: int, number: int, session: int, wall_time: float | None) -> bytes:
    """The place of a row of ``entries``, with those of its cells that never change."""
    # As databases give it back: one NaN, and no zero with a sign.
    at = wall_time + 0.0 if isinstance(wall_time, int | float) and wall_time == wall_time else math.nan
    return _place(key.root_id, key.run_id, _ENTRY_PLACE, key.number, step, number, session, at)


def _place(root_id: str, run_id: str, numbers: struct.Struct, *cells: float) -> bytes:
    try:
        return (id_bytes(root_id) or b"") + (id_bytes(run_id) or b"") + numbers.pack(*cells)
    except struct.error:
        # A damaged cell may hold anything: nothing stands at such a place.
        return b"nowhere"


def seal(kind: Kind, count: int, columns: Sequence[bytes], key: bytes = b"") -> bytes:
    """Puts columns into a frame that is good at the place ``key`` only.

    Raises:
      ValueError: ``count`` is more than MAX_COUNT.
    """
    if count > MAX_COUNT:
        raise ValueError(f"a payload holds at most {MAX_COUNT:,} rows, not {count:,}: divide them")
    lengths = struct.pack(f"<{len(columns)}I", *map(len, columns))
    body = b"".join((_KIND_AND_COUNT.pack(kind, count), lengths, *columns))
    return _CHECKSUM.pack(zlib.crc32(body, zlib.crc32(key))) + body


def unseal(payload: bytes, what: str, kind: Kind, width: int, key: bytes = b"") -> Frame:
    """Opens a payload that should be of this kind, have ``width`` columns and stand at the place ``key``.

    ``what`` names it in errors.

    Raises:
      DamagedData: the checksum does not match, or what the frame says of itself cannot be.
    """
    head = _CHECKSUM.size + _KIND_AND_COUNT.size
    start = head + 4 * width
    if not isinstance(payload, bytes):
        raise DamagedData(f"{what} is damaged: it is no bytes")
    if len(payload) < head:
        raise DamagedData(f"{what} is damaged: it ends after {len(payload)} bytes")
    if zlib.crc32(memoryview(payload)[_CHECKSUM.size :], zlib.crc32(key)) != _CHECKSUM.unpack_from(payload)[0]:
        raise DamagedData(f"{what} is damaged: its checksum does not match")
    found, count = _KIND_AND_COUNT.unpack_from(payload, _CHECKSUM.size)
    if found != kind:
        raise DamagedData(
            f"{what} cannot be read: its format {found} is not known to this version; update tb-runhistory"
        )
    if count > MAX_COUNT:
        raise DamagedData(f"{what} is damaged: it claims {count:,} rows, more than the {MAX_COUNT:,} that one may have")
    if len(payload) < start:
        raise DamagedData(f"{what} is damaged: it ends after {len(payload)} bytes")
    lengths = struct.unpack_from(f"<{width}I", payload, head)
    if start + sum(lengths) != len(payload):
        raise DamagedData(f"{what} is damaged: it has {len(payload)} bytes where {start + sum(lengths)} are claimed")
    columns = []
    for length in lengths:
        columns.append(payload[start : start + length])
        start += length
    return Frame(found, count, columns)


def moved(payload: bytes, key: bytes) -> bytes:
    """A payload that is sound where it stands, for the place ``key``."""
    body = payload[_CHECKSUM.size :]
    return _CHECKSUM.pack(zlib.crc32(body, zlib.crc32(key))) + body


def declared_count(payload: bytes) -> int:
    """The count that a payload declares, unchecked; 0 where it has none."""
    head = _CHECKSUM.size + _KIND_AND_COUNT.size
    if not isinstance(payload, bytes) or len(payload) < head:
        return 0
    return int(_KIND_AND_COUNT.unpack_from(payload, _CHECKSUM.size)[1])


def pack(column: NDArray[Any], in_order: bool, repeats: bool = False) -> bytes:
    """A column of int64 or float64; no bytes where there are no numbers. Floats keep every bit, those of NaN too.

    ``in_order`` says that it mostly grows: each number is then compressed as its distance from the one before.
    ``repeats`` says that stretches of it may be alike, as where several series were logged together.
    """
    return _packed(column, _Packing.COMPRESSED, _configurations(column, in_order, repeats))


def pack_times(times: Floats, repeats: bool = False) -> bytes:
    """A column of wall times, as ``pack``: as whole milliseconds, where they are."""
    with np.errstate(invalid="ignore", over="ignore"):
        thousands = np.rint(times * 1000.0)
        # -0.0 is no integer, and what is not finite compares false.
        whole = (np.abs(thousands) < _EXACT_MILLISECONDS) & (thousands / 1000.0 == times)
    configurations = _configurations(times, True, repeats)
    if not len(times) or not whole.all() or (np.signbit(times) & (times == 0)).any():
        return _packed(times, _Packing.COMPRESSED, configurations)
    return _packed(thousands.astype(np.int64), _Packing.MILLISECONDS, configurations)


def _configurations(column: NDArray[Any], in_order: bool, repeats: bool) -> tuple[ChunkConfig, ...]:
    """How a column may be compressed; the smallest is taken."""
    usual = _IN_ORDER if in_order else _ANY_ORDER
    return (usual, _REPEATED) if repeats and len(column) <= _MOST_REPEATED else (usual,)


def _packed(column: NDArray[Any], packing: _Packing, configurations: Sequence[ChunkConfig]) -> bytes:
    if not len(column):
        return b""
    if len(column) > _FEW:
        numbers = np.ascontiguousarray(column)
        compressed: bytes = min((standalone.simple_compress(numbers, one) for one in configurations), key=len)
        if len(compressed) < 8 * len(column):
            return bytes((packing,)) + compressed
    if packing is _Packing.MILLISECONDS:
        column = column / 1000.0
    return bytes((_Packing.PLAIN,)) + column.astype(column.dtype.newbyteorder("<"), copy=False).tobytes()


def unpack(column: bytes, count: int, dtype: type[Column], what: str) -> NDArray[Column]:
    """The ``count`` numbers of a packed column.

    Raises:
      DamagedData: it holds another number of them, of another type, or cannot be decompressed.
    """
    if not count and not column:
        return np.empty(0, dtype)
    packing = column[0] if column else _Packing.PLAIN
    if packing == _Packing.PLAIN:
        if len(column) != 1 + 8 * count:
            raise DamagedData(f"{what} is damaged: a column does not have the {count:,} numbers that are claimed")
        # astype copies, which also aligns the numbers and makes them writable.
        return np.frombuffer(column, np.dtype(dtype).newbyteorder("<"), offset=1).astype(dtype)
    if packing == _Packing.COMPRESSED:
        return _decompressed(column[1:], count, dtype, what)
    if packing == _Packing.MILLISECONDS and dtype is np.float64:
        times: NDArray[Any] = _decompressed(column[1:], count, np.int64, what) / 1000.0
        return times
    raise DamagedData(f"{what} is damaged: a column cannot be decompressed")


def _decompressed(column: bytes, count: int, dtype: type[Column], what: str) -> NDArray[Column]:
    numbers = np.empty(count, dtype)
    try:
        progress = standalone.simple_decompress_into(column, numbers)
    except (RuntimeError, TypeError) as error:
        raise DamagedData(f"{what} is damaged: a column cannot be decompressed") from error
    if progress.n_processed != count or not progress.finished:
        raise DamagedData(f"{what} is damaged: a column does not have the {count:,} numbers that are claimed")
    return numbers
