"""The frame around every payload of columns: a checksum, the lengths, and the columns, each packed as suits it.

    crc u32 | kind u8 | count u32 | length of each column, u32 | the columns

Integers are little-endian; the count and the lengths of a tail, which is short, are varints (``packing``). The checksum
is CRC-32 (``zlib.crc32``) over the key of the place where the payload stands and then over all that follows it.
Neither the compression nor the database notices a flipped bit, nor that an index leads to another row than was asked
for, so nothing of a payload is used before its checksum has matched. A checksum does not stop a forger: sizes are
checked before memory is taken for them.
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import IntEnum

from tb_runhistory.errors import DamagedData
from tb_runhistory.points.packing import read_varint, varint
from tb_runhistory.records.columns import SeriesKey
from tb_runhistory.records.identity import id_bytes

MAX_COUNT = 2**20
"""The greatest count (of points, buckets or parts) that a payload may declare."""

_CHECKSUM = struct.Struct("<I")
_KIND_AND_COUNT = struct.Struct("<BI")
_LEAST_BYTES = 9
_BLOCK_PLACE, _TAIL_PLACE, _ENTRY_PLACE = struct.Struct("<qqq"), struct.Struct("<q"), struct.Struct("<qqqqd")


class Kind(IntEnum):
    """What a payload holds. A number is given once: another layout gets another number."""

    BLOCK = 1
    WIDE_TAIL = 2
    """A tail with a wide head. It is read only."""
    BUCKETS = 3
    ENTRY = 4
    TAIL = 5


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
    body = b"".join((_head(kind, count, [len(column) for column in columns]), *columns))
    return _CHECKSUM.pack(zlib.crc32(body, zlib.crc32(key))) + body


def _head(kind: Kind, count: int, lengths: Sequence[int]) -> bytes:
    if kind is Kind.TAIL:
        return bytes((kind, *b"".join(map(varint, (count, *lengths)))))
    return _KIND_AND_COUNT.pack(kind, count) + struct.pack(f"<{len(lengths)}I", *lengths)


def unseal(payload: bytes, what: str, kinds: Collection[Kind], width: int, key: bytes = b"") -> Frame:
    """Opens a payload that should be of one of these kinds, have ``width`` columns and stand at the place ``key``.

    ``what`` names it in errors.

    Raises:
      DamagedData: the checksum does not match, or what the frame says of itself cannot be.
    """
    if not isinstance(payload, bytes):
        raise DamagedData(f"{what} is damaged: it is no bytes")
    if len(payload) < _LEAST_BYTES:
        raise DamagedData(f"{what} is damaged: it ends after {len(payload)} bytes")
    if zlib.crc32(memoryview(payload)[_CHECKSUM.size :], zlib.crc32(key)) != _CHECKSUM.unpack_from(payload)[0]:
        raise DamagedData(f"{what} is damaged: its checksum does not match")
    found = payload[_CHECKSUM.size]
    if found not in kinds:
        raise DamagedData(
            f"{what} cannot be read: its format {found} is not known to this version; update tb-runhistory"
        )
    count, lengths, start = _read_head(payload, width, what)
    if count > MAX_COUNT:
        raise DamagedData(f"{what} is damaged: it claims {count:,} rows, more than the {MAX_COUNT:,} that one may have")
    if start + sum(lengths) != len(payload):
        raise DamagedData(f"{what} is damaged: it has {len(payload)} bytes where {start + sum(lengths)} are claimed")
    columns = []
    for length in lengths:
        columns.append(payload[start : start + length])
        start += length
    return Frame(found, count, columns)


def _read_head(payload: bytes, width: int, what: str) -> tuple[int, Sequence[int], int]:
    """The count, the lengths of the columns, and where they begin."""
    if payload[_CHECKSUM.size] == Kind.TAIL:
        start, numbers = _CHECKSUM.size + 1, list[int]()
        for _ in range(1 + width):
            number, start = read_varint(payload, start, what)
            numbers.append(number)
        return numbers[0], numbers[1:], start
    start = _CHECKSUM.size + _KIND_AND_COUNT.size
    if len(payload) < start + 4 * width:
        raise DamagedData(f"{what} is damaged: it ends after {len(payload)} bytes")
    _, count = _KIND_AND_COUNT.unpack_from(payload, _CHECKSUM.size)
    return count, struct.unpack_from(f"<{width}I", payload, start), start + 4 * width


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
