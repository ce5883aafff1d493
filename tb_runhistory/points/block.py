"""Blocks and tails: points of scalar series as bytes. ``docs/format/block.md`` draws them.

A block holds points of one series, packed column by column. A tail holds the few points that one batch brought for
each of several series of a run; it is written at every append and merged into blocks later, or, where a run stays
short, is all that there is of it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from tb_runhistory.errors import DamagedData
from tb_runhistory.points.packing import pack, pack_times, unpack
from tb_runhistory.points.payload import MAX_COUNT, Frame, Kind, seal, unseal
from tb_runhistory.records.points import Points

BLOCK_POINTS = 4096
"""Points in a full block, and the most that one may have."""

_BLOCK = "a block of points"
_TAIL = "a tail of points"
_WIDTHS = ("<u1", "<u2", "<u4")

LOGGED, SUPERSEDED = 0, 1
"""What has become of the points of a part: LOGGED ones are shown unless a later one replaced them at their step."""


def encode_block(points: Points, key: bytes = b"") -> bytes:
    """The points, in their order, for the place ``key``. Every bit of every float is kept.

    Raises:
      ValueError: there are more than BLOCK_POINTS.
    """
    if len(points) > BLOCK_POINTS:
        raise ValueError(f"a block holds at most {BLOCK_POINTS:,} points, not {len(points):,}: divide them")
    return seal(Kind.BLOCK, len(points), _columns(points), key)


def decode_block(payload: bytes, key: bytes = b"") -> Points:
    """The points of a block that stands at the place ``key``.

    Raises:
      DamagedData: the bytes are not what ``encode_block`` made.
    """
    frame = unseal(payload, _BLOCK, (Kind.BLOCK,), 3, key)
    if frame.count > BLOCK_POINTS:
        raise DamagedData(f"{_BLOCK} is damaged: it claims {frame.count:,} points, more than {BLOCK_POINTS:,}")
    return _points(frame.columns, frame.count, _BLOCK)


@dataclass(frozen=True, slots=True, eq=False)
class Tail:
    """Points of several series in the order in which they were logged, in parts of one series each.

    Part i is of the series with the number ``numbers[i]`` and has the points from ``starts[i]`` to ``starts[i + 1]``.
    Its ``states`` is what became of them: LOGGED (the later of two at one step shows) or SUPERSEDED.
    """

    numbers: NDArray[np.int64]
    states: NDArray[np.int64]
    starts: NDArray[np.int64]
    points: Points

    @classmethod
    def empty(cls) -> Self:
        """No parts."""
        return cls(np.empty(0, np.int64), np.empty(0, np.int64), np.zeros(1, np.int64), Points.empty())

    @classmethod
    def concatenate(cls, tails: Sequence[Self]) -> Self:
        """All parts of ``tails``, in that order."""
        tails = [tail for tail in tails if len(tail)]
        if len(tails) == 1:
            return tails[0]
        if not tails:
            return cls.empty()
        offsets = np.cumsum([0, *(len(tail.points) for tail in tails)])
        starts = [tail.starts[:-1] + offset for tail, offset in zip(tails, offsets[:-1].tolist(), strict=True)]
        return cls(
            np.concatenate([tail.numbers for tail in tails]),
            np.concatenate([tail.states for tail in tails]),
            np.append(np.concatenate(starts), offsets[-1]),
            Points.concatenate([tail.points for tail in tails]),
        )

    def __len__(self) -> int:
        return len(self.numbers)

    def __iter__(self) -> Iterator[tuple[int, int, Points]]:
        """The number, the state and the points of each part."""
        bounds = self.starts.tolist()
        for part, mark in enumerate(zip(self.numbers.tolist(), self.states.tolist(), strict=True)):
            yield *mark, self.points.take(slice(bounds[part], bounds[part + 1]))

    def of(self, number: int, state: int) -> Points:
        """The points of the parts of one series in one state."""
        parts = np.flatnonzero((self.numbers == number) & (self.states == state)).tolist()
        return Points.concatenate(
            [self.points.take(slice(int(self.starts[part]), int(self.starts[part + 1]))) for part in parts]
        )

    def only(self, numbers: Collection[int]) -> Tail:
        """The parts of the series with these numbers."""
        chosen = np.isin(self.numbers, list(numbers))
        if chosen.all():
            return self
        sizes = self.sizes
        starts = np.append(0, np.cumsum(sizes[chosen]))
        return Tail(
            self.numbers[chosen],
            self.states[chosen],
            starts,
            self.points.take(np.flatnonzero(np.repeat(chosen, sizes))),
        )

    @property
    def sizes(self) -> NDArray[np.int64]:
        """The number of points of each part."""
        return np.diff(self.starts)

    def regrouped(self, superseded: NDArray[np.bool_] | None = None) -> Tail:
        """The same points with one part for each series and state, by number; ``superseded`` marks those that now are.

        Within a part points keep their order.
        """
        marks = 2 * self.numbers + self.states
        if superseded is None and (marks[1:] > marks[:-1]).all():
            return self
        numbers = np.repeat(self.numbers, self.sizes)
        states = np.repeat(self.states, self.sizes)
        if superseded is not None:
            states = np.where(superseded, SUPERSEDED, states)
        order = np.argsort(2 * numbers + states, kind="stable")
        both = (2 * numbers + states)[order]
        firsts = np.flatnonzero(np.append(True, both[1:] != both[:-1])) if len(both) else np.empty(0, np.intp)
        return Tail(
            both[firsts] // 2, both[firsts] % 2, np.append(firsts, len(both)).astype(np.int64), self.points.take(order)
        )


def encode_tail(tail: Tail, key: bytes = b"") -> bytes:
    """A tail, whose series have numbers from 0 to 2**31 - 1, as one payload for the place ``key``.

    The points of all parts stand in the same columns, beside a table of which series has how many.

    Raises:
      ValueError: there are more than 2**20 points in all.
    """
    if len(tail.points) > MAX_COUNT:
        raise ValueError(f"a tail holds at most {MAX_COUNT:,} points, not {len(tail.points):,}: divide them")
    sizes = tail.sizes
    is_one_size = len(tail) > 0 and bool((sizes == sizes[0]).all())
    table = np.concatenate((2 * tail.numbers + tail.states, sizes[:1] if is_one_size else sizes))
    highest = int(table.max(initial=0))
    width = next(width for width in _WIDTHS if highest <= np.iinfo(width).max)
    each = len(tail.points) // len(tail) if len(tail) > 1 else 0
    return seal(Kind.TAIL, len(tail), (table.astype(width).tobytes(), *_columns(tail.points, period=each)), key)


def decode_tail(payload: bytes, key: bytes = b"", most_points: int = MAX_COUNT) -> Tail:
    """What ``encode_tail`` was given.

    Raises:
      DamagedData: the bytes are not what ``encode_tail`` made, or claim more than ``most_points`` points.
    """
    frame = unseal(payload, _TAIL, (Kind.TAIL, Kind.WIDE_TAIL), 4, key)
    marks, sizes = _read_table(frame)
    # None is negative, and of 2**20 numbers of four bytes the sum is exact.
    if sizes.sum() > min(most_points, MAX_COUNT):
        raise DamagedData(f"{_TAIL} is damaged: it claims more points than it may have")
    starts = np.zeros(len(sizes) + 1, np.int64)
    np.cumsum(sizes, out=starts[1:])
    return Tail(marks >> 1, marks & 1, starts, _points(frame.columns[1:], int(starts[-1]), _TAIL))


def _read_table(frame: Frame) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The marks of a tail's parts, and how many points each has. One size may stand for all."""
    table, parts = frame.columns[0], frame.count
    for numbers in (2 * parts, parts + 1):
        for width in _WIDTHS:
            if len(table) == numbers * np.dtype(width).itemsize:
                read = np.frombuffer(table, width).astype(np.int64)
                return read[:parts], np.repeat(read[parts:], parts) if numbers == parts + 1 else read[parts:]
    raise DamagedData(f"{_TAIL} is damaged: its table does not have the {parts:,} rows that are claimed")


def _columns(points: Points, period: int = 0) -> tuple[bytes, bytes, bytes]:
    steps = pack(points.steps, in_order=True, period=period)
    return steps, pack_times(points.wall_times, period), pack(points.values, in_order=False)


def _points(columns: Sequence[bytes], count: int, what: str) -> Points:
    steps, wall_times, values = columns
    return Points(
        unpack(steps, count, np.int64, what),
        unpack(wall_times, count, np.float64, what),
        unpack(values, count, np.float64, what),
    )
