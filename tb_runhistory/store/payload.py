"""The frame around every payload of columns: a checksum, the lengths, and each column compressed.

    crc u32 | kind u8 | count u32 | length of each column, u32 | the columns

Integers are little-endian. The checksum is CRC-32 (``zlib.crc32``) over all that follows it. Neither the compression
nor the database notices a flipped bit, so nothing of a payload is used before its checksum has matched. A checksum
does not stop a forger: sizes are checked before memory is taken for them.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from pcodec import ChunkConfig, DeltaSpec, standalone  # type: ignore[attr-defined]

from tb_runhistory.errors import DamagedData

MAX_COUNT = 2**20
"""The greatest count (of points, buckets or parts) that a payload may declare."""

_CHECKSUM = struct.Struct("<I")
_KIND_AND_COUNT = struct.Struct("<BI")

# Of the levels 0 to 12, 6 is within 0.5 % of the smallest for noise and takes a third of the time of 8, the default.
IN_ORDER = ChunkConfig(compression_level=6, delta_spec=DeltaSpec.try_consecutive(1))
"""For a column that grows: steps and wall times. Each number is compressed as its distance from the one before."""

ANY_ORDER = ChunkConfig(compression_level=6)
"""For a column of values: what suits it best is found out by trying."""

Column = TypeVar("Column", bound=np.generic)


class Kind(IntEnum):
    """What a payload holds. A number is given once: another layout gets another number."""

    BLOCK = 1
    RAW_BLOCK = 2
    TAIL = 3
    BUCKETS = 4


@dataclass(frozen=True, slots=True)
class Frame:
    """An opened payload: its kind, its count, and the bytes of its columns."""

    kind: int
    count: int
    columns: list[bytes]


def seal(kind: Kind, count: int, columns: Sequence[bytes]) -> bytes:
    """Puts columns into a frame.

    Raises:
      ValueError: ``count`` is greater than ``MAX_COUNT``.
    """
    if count > MAX_COUNT:
        raise ValueError(f"a payload holds at most {MAX_COUNT:,} rows, not {count:,}: divide them")
    lengths = struct.pack(f"<{len(columns)}I", *map(len, columns))
    body = b"".join((_KIND_AND_COUNT.pack(kind, count), lengths, *columns))
    return _CHECKSUM.pack(zlib.crc32(body)) + body


def unseal(payload: bytes, what: str, kinds: Collection[int], width: int) -> Frame:
    """Opens a payload that should be one of ``kinds`` and have ``width`` columns; ``what`` names it in errors.

    Raises:
      DamagedData: the checksum does not match, or what the frame says of itself cannot be.
    """
    head = _CHECKSUM.size + _KIND_AND_COUNT.size
    start = head + 4 * width
    if len(payload) < head:
        raise DamagedData(f"{what} is damaged: it ends after {len(payload)} bytes")
    if zlib.crc32(memoryview(payload)[_CHECKSUM.size :]) != _CHECKSUM.unpack_from(payload)[0]:
        raise DamagedData(f"{what} is damaged: its checksum does not match")
    kind, count = _KIND_AND_COUNT.unpack_from(payload, _CHECKSUM.size)
    if kind not in kinds:
        raise DamagedData(
            f"{what} cannot be read: its format {kind} is not known to this version; update tb-runhistory"
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
    return Frame(kind, count, columns)


def compress(column: NDArray[Any], config: ChunkConfig) -> bytes:
    """The column, compressed; no bytes where there are no numbers. Floats keep every bit, those of NaN too."""
    if not len(column):
        return b""
    compressed: bytes = standalone.simple_compress(np.ascontiguousarray(column), config)
    return compressed


def decompress(column: bytes, count: int, dtype: type[Column], what: str) -> NDArray[Column]:
    """The ``count`` numbers of a compressed column.

    Raises:
      DamagedData: it holds another number of them, of another type, or cannot be decompressed.
    """
    if not count and not column:
        return np.empty(0, dtype)
    numbers = np.empty(count, dtype)
    try:
        progress = standalone.simple_decompress_into(column, numbers)
    except (RuntimeError, TypeError) as error:
        raise DamagedData(f"{what} is damaged: a column cannot be decompressed") from error
    if progress.n_processed != count or not progress.finished:
        raise DamagedData(f"{what} is damaged: a column does not have the {count:,} numbers that are claimed")
    return numbers
