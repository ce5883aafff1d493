"""Blocks and tails: points of scalar series as bytes. ``docs/format/block.md`` draws them.

A block holds points of one series, compressed column by column. A tail holds the few points that one batch brought for
each of several series; it is written at every append and merged into blocks later.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tb_runhistory.errors import DamagedData
from tb_runhistory.records.points import Points
from tb_runhistory.store.payload import ANY_ORDER, IN_ORDER, Kind, compress, decompress, seal, unseal

BLOCK_POINTS = 4096
"""Points in a full block."""

_COMPRESSED_TAIL_POINTS = 128
# Below this the overhead of three compressed columns eats what is saved.

_BLOCK = "a block of points"
_TAIL = "a tail of points"


def encode_block(points: Points) -> bytes:
    """The points, in their order, compressed. Every bit of every float is kept.

    Raises:
      ValueError: there are more than 2**20 points.
    """
    columns = (
        compress(points.steps, IN_ORDER),
        compress(points.wall_times, IN_ORDER),
        compress(points.values, ANY_ORDER),
    )
    return seal(Kind.BLOCK, len(points), columns)


def encode_raw(points: Points) -> bytes:
    """The points as they are, for so few that compressing costs more than it saves.

    Raises:
      ValueError: there are more than 2**20 points.
    """
    columns = (
        points.steps.astype("<i8", copy=False).tobytes(),
        points.wall_times.astype("<f8", copy=False).tobytes(),
        points.values.astype("<f8", copy=False).tobytes(),
    )
    return seal(Kind.RAW_BLOCK, len(points), columns)


def decode_block(payload: bytes) -> Points:
    """The points of a block, compressed or raw.

    Raises:
      DamagedData: the bytes are not what ``encode_block`` or ``encode_raw`` made.
    """
    frame = unseal(payload, _BLOCK, (Kind.BLOCK, Kind.RAW_BLOCK), 3)
    steps, wall_times, values = frame.columns
    if frame.kind == Kind.BLOCK:
        return Points(
            decompress(steps, frame.count, np.int64, _BLOCK),
            decompress(wall_times, frame.count, np.float64, _BLOCK),
            decompress(values, frame.count, np.float64, _BLOCK),
        )
    if any(len(column) != 8 * frame.count for column in frame.columns):
        raise DamagedData(f"{_BLOCK} is damaged: a column does not have the {frame.count:,} numbers that are claimed")
    # astype copies, which also aligns the numbers and makes them writable.
    return Points(
        np.frombuffer(steps, "<i8").astype(np.int64),
        np.frombuffer(wall_times, "<f8").astype(np.float64),
        np.frombuffer(values, "<f8").astype(np.float64),
    )


def encode_tail(parts: Sequence[tuple[int, Points]]) -> bytes:
    """The points of several series, each given with its number (0 to 2**32 - 1), as one payload.

    The points of all stand in one block, beside a table of which series has how many.

    Raises:
      ValueError: there are more than 2**20 points in all.
    """
    together = Points.concatenate([points for _, points in parts])
    table = np.array([(number, len(points)) for number, points in parts], "<u4")
    encode = encode_block if len(together) >= _COMPRESSED_TAIL_POINTS else encode_raw
    return seal(Kind.TAIL, len(parts), (table.tobytes(), encode(together)))


def decode_tail(payload: bytes) -> list[tuple[int, Points]]:
    """What ``encode_tail`` was given.

    Raises:
      DamagedData: the bytes are not what ``encode_tail`` made.
    """
    frame = unseal(payload, _TAIL, (Kind.TAIL,), 2)
    table, block = frame.columns
    if len(table) != 8 * frame.count:
        raise DamagedData(f"{_TAIL} is damaged: its table does not have the {frame.count:,} rows that are claimed")
    numbers, counts = np.frombuffer(table, "<u4").reshape(-1, 2).astype(np.int64).T
    together = decode_block(block)
    ends = np.cumsum(counts)
    if len(together) != counts.sum():
        raise DamagedData(f"{_TAIL} is damaged: it holds {len(together):,} points where {counts.sum():,} are claimed")
    return [
        (number, together.take(slice(end - count, end)))
        for number, count, end in zip(numbers.tolist(), counts.tolist(), ends.tolist(), strict=True)
    ]
