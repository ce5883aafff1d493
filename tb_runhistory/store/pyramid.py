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
from tb_runhistory.records.points import Floats, Points, Steps
from tb_runhistory.store.payload import ANY_ORDER, IN_ORDER, Kind, compress, decompress, seal, unseal

BUCKET_POINTS = 64
"""Points under a bucket of level 1."""

BRANCHING = 16
"""Buckets under a bucket of the next level."""

_BUCKETS = "a level of a pyramid"
_MOST_POINTS = 2**42
# Under one bucket: so that the counts of the most buckets that one payload may have can be added up.


@dataclass(frozen=True, slots=True, eq=False)
class Buckets:
    """Consecutive groups of points of a series, one row each, by increasing step.

    ``minimum`` and ``maximum`` are over the finite values, the earliest at ties; ``non_finite`` is the earliest point
    whose value is NaN or infinite. Where there is no such point each of the three is the first point. ``sum`` and
    ``sum_of_squares`` are over the finite values and may overflow to infinity.
    """

    first: Points
    last: Points
    minimum: Points
    maximum: Points
    non_finite: Points
    count: NDArray[np.int64]
    finite: NDArray[np.int64]
    sum: Floats
    sum_of_squares: Floats

    @classmethod
    def empty(cls) -> Self:
        """No buckets."""
        none, integers, floats = Points.empty(), np.empty(0, np.int64), np.empty(0)
        return cls(none, none, none, none, none, integers, integers, floats, floats)

    @classmethod
    def concatenate(cls, parts: Sequence[Self]) -> Self:
        """All buckets of ``parts``, in that order."""
        if len(parts) == 1:
            return parts[0]
        if not parts:
            return cls.empty()
        return cls(
            Points.concatenate([part.first for part in parts]),
            Points.concatenate([part.last for part in parts]),
            Points.concatenate([part.minimum for part in parts]),
            Points.concatenate([part.maximum for part in parts]),
            Points.concatenate([part.non_finite for part in parts]),
            np.concatenate([part.count for part in parts]),
            np.concatenate([part.finite for part in parts]),
            np.concatenate([part.sum for part in parts]),
            np.concatenate([part.sum_of_squares for part in parts]),
        )

    @property
    def first_step(self) -> Steps:
        """The lowest step of each bucket."""
        return self.first.steps

    @property
    def last_step(self) -> Steps:
        """The highest step of each bucket."""
        return self.last.steps

    def __len__(self) -> int:
        return len(self.count)

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_] | slice) -> Buckets:
        """The buckets at ``rows``: positions, a mask, or a slice."""
        return Buckets(
            self.first.take(rows),
            self.last.take(rows),
            self.minimum.take(rows),
            self.maximum.take(rows),
            self.non_finite.take(rows),
            self.count[rows],
            self.finite[rows],
            self.sum[rows],
            self.sum_of_squares[rows],
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
    with np.errstate(over="ignore", invalid="ignore"):
        total = known.sum(axis=1)
        squares = np.einsum("ij,ij->i", known, known)
    return Buckets(
        first=points.take(starts),
        last=points.take(starts + (width - 1)),
        minimum=points.take(starts + low.argmin(axis=1)),
        maximum=points.take(starts + high.argmax(axis=1)),
        non_finite=points.take(non_finite),
        count=np.full(len(starts), width),
        finite=finite.sum(axis=1),
        sum=total,
        sum_of_squares=squares,
    )


def _merge(buckets: Buckets, width: int) -> Buckets:
    starts = np.arange(0, len(buckets), width)
    known = (buckets.finite > 0).reshape(-1, width)
    low = np.where(known, buckets.minimum.values.reshape(-1, width), np.inf)
    high = np.where(known, buckets.maximum.values.reshape(-1, width), -np.inf)
    whole = (buckets.finite == buckets.count).reshape(-1, width)
    with np.errstate(over="ignore", invalid="ignore"):
        total = buckets.sum.reshape(-1, width).sum(axis=1)
        squares = buckets.sum_of_squares.reshape(-1, width).sum(axis=1)
    return Buckets(
        first=buckets.first.take(starts),
        last=buckets.last.take(starts + (width - 1)),
        minimum=buckets.minimum.take(starts + low.argmin(axis=1)),
        maximum=buckets.maximum.take(starts + high.argmax(axis=1)),
        non_finite=buckets.non_finite.take(starts + whole.argmin(axis=1)),
        count=buckets.count.reshape(-1, width).sum(axis=1),
        finite=buckets.finite.reshape(-1, width).sum(axis=1),
        sum=total,
        sum_of_squares=squares,
    )


def encode_buckets(buckets: Buckets) -> bytes:
    """The buckets, compressed. Every bit of every float is kept.

    Raises:
      ValueError: there are more than 2**20 buckets.
    """
    first, last, low, high = buckets.first, buckets.last, buckets.minimum, buckets.maximum
    odd = buckets.non_finite.take(buckets.finite < buckets.count)
    # Offsets are small where steps are large. A difference that overflows comes back when it is added again.
    offsets = np.concatenate((low.steps - first.steps, high.steps - first.steps))
    columns = (
        compress(np.stack((first.steps, last.steps), axis=1).ravel(), IN_ORDER),
        compress(offsets, ANY_ORDER),
        compress(np.concatenate((buckets.count, buckets.finite)), ANY_ORDER),
        compress(_in_step_order(buckets).ravel(), IN_ORDER),
        compress(np.concatenate((first.values, last.values, low.values, high.values)), ANY_ORDER),
        compress(buckets.sum, ANY_ORDER),
        compress(buckets.sum_of_squares, ANY_ORDER),
        compress(odd.steps, IN_ORDER),
        compress(odd.wall_times, IN_ORDER),
        compress(odd.values, ANY_ORDER),
    )
    return seal(Kind.BUCKETS, len(buckets), columns)


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


def decode_buckets(payload: bytes) -> Buckets:
    """The buckets that ``encode_buckets`` was given.

    Raises:
      DamagedData: the bytes are not what ``encode_buckets`` made.
    """
    frame = unseal(payload, _BUCKETS, (Kind.BUCKETS,), 10)
    number, columns = frame.count, frame.columns
    first, last = decompress(columns[0], 2 * number, np.int64, _BUCKETS).reshape(-1, 2).T.copy()
    low, high = decompress(columns[1], 2 * number, np.int64, _BUCKETS).reshape(2, -1) + first
    count, finite = decompress(columns[2], 2 * number, np.int64, _BUCKETS).reshape(2, -1)
    times = decompress(columns[3], 4 * number, np.float64, _BUCKETS).reshape(-1, 4).T.copy()
    values = decompress(columns[4], 4 * number, np.float64, _BUCKETS).reshape(4, -1)
    if not _consistent(first, last, low, high, count, finite):
        raise DamagedData(f"{_BUCKETS} is damaged: its steps or counts contradict each other")
    swapped = high < low
    opening = Points(first, times[0], values[0])
    return Buckets(
        first=opening,
        last=Points(last, times[3], values[1]),
        minimum=Points(low, np.where(swapped, times[2], times[1]), values[2]),
        maximum=Points(high, np.where(swapped, times[1], times[2]), values[3]),
        non_finite=_non_finite(opening, finite < count, columns[7:]),
        count=count,
        finite=finite,
        sum=decompress(columns[5], number, np.float64, _BUCKETS),
        sum_of_squares=decompress(columns[6], number, np.float64, _BUCKETS),
    )


def _consistent(first: Steps, last: Steps, low: Steps, high: Steps, count: Steps, finite: Steps) -> bool:
    # Who reads buckets relies on this, and a checksum does not vouch for who wrote them.
    inside = np.all((first <= low) & (low <= last) & (first <= high) & (high <= last))
    counted = np.all((count > 0) & (count <= _MOST_POINTS) & (finite >= 0) & (finite <= count))
    return bool(inside and counted and np.all(first[1:] > last[:-1]))


def _non_finite(first: Points, rows: NDArray[np.bool_], columns: Sequence[bytes]) -> Points:
    # Only the buckets that have such a point (``rows``) store it.
    number = int(np.count_nonzero(rows))
    odd = Points(first.steps.copy(), first.wall_times.copy(), first.values.copy())
    odd.steps[rows] = decompress(columns[0], number, np.int64, _BUCKETS)
    odd.wall_times[rows] = decompress(columns[1], number, np.float64, _BUCKETS)
    odd.values[rows] = decompress(columns[2], number, np.float64, _BUCKETS)
    return odd
