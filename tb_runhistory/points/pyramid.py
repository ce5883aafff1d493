"""The pyramid over a series: buckets of points, and buckets of buckets. ``docs/format/pyramid.md`` draws it.

A bucket keeps enough to draw and to describe its points without reading them: the first, the last, the lowest and the
highest point, and counts and sums. So that a NaN among a million numbers is not lost from view, it keeps the first
point that is not finite, too: a chart shows that point where it stands and says by the counts how many there are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from tb_runhistory.errors import DamagedData
from tb_runhistory.points.packing import pack, pack_times, unpack
from tb_runhistory.points.payload import Kind, seal, unseal
from tb_runhistory.records.points import Floats, Points, Steps

BUCKET_POINTS = 64
"""Points under a bucket of level 1."""

BRANCHING = 16
"""Buckets under a bucket of the next level."""

_BUCKETS = "a level of a pyramid"
_MOST_POINTS = 2**42
"""Under one bucket: so that the counts of the most buckets that one payload may have can be added up."""

# The rows of a table of points: what is kept of each bucket.
_FIRST, _LAST, _MINIMUM, _MAXIMUM, _NON_FINITE = range(5)


@dataclass(frozen=True, slots=True, eq=False)
class Buckets:
    """Consecutive groups of points of a series, one column each, by increasing step.

    Five points are kept of each: ``first``, ``last``, ``minimum`` and ``maximum`` over the finite values (the earliest
    at ties), and ``non_finite``, the earliest point whose value is NaN or infinite. Where there is no such point each
    of the last three is the first point. ``sum`` and ``sum_of_squares`` are over the finite values and may overflow to
    infinity. They stand in few tables, because the cost of small arrays is in their number: ``kept`` has columns of
    shape (5, buckets), ``counts`` of (count, finite), ``sums`` of (sum, sum of squares).
    """

    kept: Points
    counts: NDArray[np.int64]
    sums: Floats

    @classmethod
    def empty(cls) -> Self:
        """No buckets."""
        kept = Points(np.empty((5, 0), np.int64), np.empty((5, 0)), np.empty((5, 0)))
        return cls(kept, np.empty((2, 0), np.int64), np.empty((2, 0)))

    @classmethod
    def concatenate(cls, parts: Sequence[Self]) -> Self:
        """All buckets of ``parts``, in that order."""
        if len(parts) == 1:
            return parts[0]
        if not parts:
            return cls(
                Points(np.empty((5, 0), np.int64), *np.empty((2, 5, 0))), np.empty((2, 0), int), np.empty((2, 0))
            )
        return cls(
            Points(
                np.concatenate([part.kept.steps for part in parts], axis=1),
                np.concatenate([part.kept.wall_times for part in parts], axis=1),
                np.concatenate([part.kept.values for part in parts], axis=1),
            ),
            np.concatenate([part.counts for part in parts], axis=1),
            np.concatenate([part.sums for part in parts], axis=1),
        )

    @property
    def first(self) -> Points:
        """The first point of each bucket."""
        return self.kept.take(_FIRST)

    @property
    def last(self) -> Points:
        """The last point of each bucket."""
        return self.kept.take(_LAST)

    @property
    def minimum(self) -> Points:
        """The lowest point of each bucket."""
        return self.kept.take(_MINIMUM)

    @property
    def maximum(self) -> Points:
        """The highest point of each bucket."""
        return self.kept.take(_MAXIMUM)

    @property
    def non_finite(self) -> Points:
        """The first point of each bucket that is not finite."""
        return self.kept.take(_NON_FINITE)

    @property
    def count(self) -> NDArray[np.int64]:
        """The number of points of each bucket."""
        row: NDArray[np.int64] = self.counts[0]
        return row

    @property
    def finite(self) -> NDArray[np.int64]:
        """The number of finite values of each bucket."""
        row: NDArray[np.int64] = self.counts[1]
        return row

    @property
    def sum(self) -> Floats:
        """The sum of the finite values of each bucket."""
        row: Floats = self.sums[0]
        return row

    @property
    def sum_of_squares(self) -> Floats:
        """The sum of the squares of the finite values of each bucket."""
        row: Floats = self.sums[1]
        return row

    def __len__(self) -> int:
        return len(self.count)

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_] | slice) -> Buckets:
        """The buckets at ``rows``: positions, a mask, or a slice."""
        kept = self.kept
        return Buckets(
            Points(kept.steps[:, rows], kept.wall_times[:, rows], kept.values[:, rows]),
            self.counts[:, rows],
            self.sums[:, rows],
        )


def summarize(points: Points, size: int = BUCKET_POINTS) -> Buckets:
    """Buckets of ``size`` points each, the last of what remains. ``points`` are sorted by unique steps."""
    return Buckets.concatenate([_summarize(points.take(rows), width) for rows, width in _groups(len(points), size)])


def merge(buckets: Buckets, size: int = BRANCHING) -> Buckets:
    """Buckets of the next level: ``size`` of ``buckets`` in each, the last of what remains."""
    return Buckets.concatenate([_merge(buckets.take(rows), width) for rows, width in _groups(len(buckets), size)])


def _groups(length: int, size: int) -> Iterator[tuple[slice, int]]:
    # At most two stretches, each of groups of one width: the whole groups, and one of what remains.
    whole = length - length % size
    if whole:
        yield slice(0, whole), size
    if whole < length:
        yield slice(whole, length), length - whole


def _summarize(points: Points, width: int) -> Buckets:
    # Groups of exactly ``width`` points: a table with a row a group.
    values = points.values.reshape(-1, width)
    starts = np.arange(0, len(points), width)
    finite = np.isfinite(values)
    if finite.all():
        low = high = known = values
        non_finite = starts
    else:
        low, high, known = (np.where(finite, values, fill) for fill in (np.inf, -np.inf, 0.0))
        non_finite = starts + finite.argmin(axis=1)
    kept = np.stack(
        (starts, starts + (width - 1), starts + low.argmin(axis=1), starts + high.argmax(axis=1), non_finite)
    )
    with np.errstate(over="ignore", invalid="ignore"):
        sums = np.stack((known.sum(axis=1), np.einsum("ij,ij->i", known, known)))
    return Buckets(points.take(kept), np.stack((np.full(len(starts), width), finite.sum(axis=1))), sums)


def _merge(buckets: Buckets, width: int) -> Buckets:
    starts = np.arange(0, len(buckets), width)
    known = (buckets.finite > 0).reshape(-1, width)
    low = np.where(known, buckets.minimum.values.reshape(-1, width), np.inf)
    high = np.where(known, buckets.maximum.values.reshape(-1, width), -np.inf)
    whole = (buckets.finite == buckets.count).reshape(-1, width)
    at = np.stack(
        (
            starts,
            starts + (width - 1),
            starts + low.argmin(axis=1),
            starts + high.argmax(axis=1),
            starts + whole.argmin(axis=1),
        )
    )
    kept, rows = buckets.kept, np.arange(5)[:, None]
    with np.errstate(over="ignore", invalid="ignore"):
        sums = buckets.sums.reshape(2, -1, width).sum(axis=2)
    return Buckets(
        Points(kept.steps[rows, at], kept.wall_times[rows, at], kept.values[rows, at]),
        buckets.counts.reshape(2, -1, width).sum(axis=2),
        sums,
    )


def encode_buckets(buckets: Buckets, key: bytes = b"") -> bytes:
    """The buckets, packed for the place ``key``. Every bit of every float is kept.

    Raises:
      ValueError: there are more than 2**20 buckets.
    """
    first, last, low, high = buckets.first, buckets.last, buckets.minimum, buckets.maximum
    non_finite = buckets.non_finite.take(buckets.finite < buckets.count)
    # Offsets are small where steps are large. A difference that overflows comes back when it is added again.
    offsets = np.concatenate((low.steps - first.steps, high.steps - first.steps))
    columns = (
        pack(np.stack((first.steps, last.steps), axis=1).ravel(), in_order=True),
        pack(offsets, in_order=False),
        pack(np.concatenate((buckets.count, buckets.finite)), in_order=False),
        pack_times(_in_step_order(buckets).ravel()),
        pack(np.concatenate((first.values, last.values, low.values, high.values)), in_order=False),
        pack(buckets.sum, in_order=False),
        pack(buckets.sum_of_squares, in_order=False),
        pack(non_finite.steps, in_order=True),
        pack_times(non_finite.wall_times),
        pack(non_finite.values, in_order=False),
    )
    return seal(Kind.BUCKETS, len(buckets), columns, key)


def _in_step_order(buckets: Buckets) -> Floats:
    # The four wall times of each bucket, as they mostly grow: first, the earlier extreme, the later, last.
    low, high = buckets.minimum, buckets.maximum
    swapped = high.steps < low.steps
    return np.stack(
        (
            buckets.first.wall_times,
            np.where(swapped, high.wall_times, low.wall_times),
            np.where(swapped, low.wall_times, high.wall_times),
            buckets.last.wall_times,
        ),
        axis=1,
    )


def decode_buckets(payload: bytes, key: bytes = b"") -> Buckets:
    """The buckets that ``encode_buckets`` was given.

    Raises:
      DamagedData: the bytes are not what ``encode_buckets`` made.
    """
    frame = unseal(payload, _BUCKETS, (Kind.BUCKETS,), 10, key)
    number, columns = frame.count, frame.columns
    steps, wall_times, values = np.empty((5, number), np.int64), np.empty((5, number)), np.empty((5, number))
    steps[:_MINIMUM] = unpack(columns[0], 2 * number, np.int64, _BUCKETS).reshape(-1, 2).T
    steps[_MINIMUM:_NON_FINITE] = unpack(columns[1], 2 * number, np.int64, _BUCKETS).reshape(2, -1)
    steps[_MINIMUM:_NON_FINITE] += steps[_FIRST]
    counts = unpack(columns[2], 2 * number, np.int64, _BUCKETS).reshape(2, -1)
    wall_times[[_FIRST, _MINIMUM, _MAXIMUM, _LAST]] = (
        unpack(columns[3], 4 * number, np.float64, _BUCKETS).reshape(-1, 4).T
    )
    values[:_NON_FINITE] = unpack(columns[4], 4 * number, np.float64, _BUCKETS).reshape(4, -1)
    if not _consistent(steps, counts):
        raise DamagedData(f"{_BUCKETS} is damaged: its steps or counts contradict each other")
    # Stored in step order (see _in_step_order), the maximum's time stands first where it is the earlier extreme.
    swapped = np.flatnonzero(steps[_MAXIMUM] < steps[_MINIMUM])
    wall_times[_MINIMUM, swapped], wall_times[_MAXIMUM, swapped] = (
        wall_times[_MAXIMUM, swapped],
        wall_times[_MINIMUM, swapped],
    )
    kept = Points(steps, wall_times, values)
    _add_non_finite(kept, counts[1] < counts[0], columns[7:])
    sums = np.stack([unpack(column, number, np.float64, _BUCKETS) for column in columns[5:7]])
    return Buckets(kept, counts, sums)


def _consistent(steps: Steps, counts: Steps) -> bool:
    # Who reads buckets relies on this, and a checksum does not vouch for who wrote them.
    first, last, extremes = steps[_FIRST], steps[_LAST], steps[_MINIMUM:_NON_FINITE]
    inside = ((first <= extremes) & (extremes <= last)).all()
    counted = ((counts[0] > 0) & (counts[0] <= _MOST_POINTS) & (counts[1] >= 0) & (counts[1] <= counts[0])).all()
    return bool(inside and counted and (first[1:] > last[:-1]).all())


def _add_non_finite(kept: Points, rows: NDArray[np.bool_], columns: Sequence[bytes]) -> None:
    # Only the buckets that have such a point (``rows``) store it.
    number = int(np.count_nonzero(rows))
    for table, column in zip((kept.steps, kept.wall_times, kept.values), columns, strict=True):
        stored = unpack(column, number, table.dtype.type, _BUCKETS)
        table[_NON_FINITE] = table[_FIRST]
        if number:
            table[_NON_FINITE, rows] = stored
