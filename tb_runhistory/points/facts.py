"""The running facts of scalar series: what listing, sorting and filtering read in place of their points.

They stand in columns, one row a series, because a batch brings points to thousands of series at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Self

import numpy as np
from numpy.typing import NDArray

from tb_runhistory.points.pyramid import Buckets, merge
from tb_runhistory.records.points import Floats, Points, Steps


@dataclass(frozen=True, slots=True, eq=False)
class Facts:
    """Facts of series, with the meaning of the columns of the same names in ``SeriesColumns``.

    A series without points counts 0, has steps of 0, a sum of 0 and no other number (NaN).
    """

    count: NDArray[np.int64]
    non_finite: NDArray[np.int64]
    first_step: Steps
    last_step: Steps
    last_wall_time: Floats
    last_value: Floats
    first_value: Floats
    minimum: Floats
    minimum_step: Steps
    maximum: Floats
    maximum_step: Steps
    sum: Floats

    @classmethod
    def none(cls, number: int) -> Self:
        """The facts of ``number`` series without points."""
        columns: list[NDArray[np.int64] | Floats] = []
        for name in FACT_NAMES:
            if name in _FLOATS:
                columns.append(np.full(number, 0.0 if name == "sum" else np.nan))
            else:
                columns.append(np.zeros(number, np.int64))
        return cls(*columns)  # type: ignore[arg-type]

    @classmethod
    def concatenate(cls, parts: Sequence[Self]) -> Self:
        """All rows of ``parts``, in that order."""
        if not parts:
            return cls.none(0)
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in FACT_NAMES))

    def __len__(self) -> int:
        return len(self.count)

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_] | slice) -> Facts:
        """The rows at these positions, or those of a mask."""
        return Facts(*(getattr(self, name)[rows] for name in FACT_NAMES))

    def put(self, rows: NDArray[np.intp] | NDArray[np.bool_], facts: Facts) -> None:
        """Writes ``facts`` at these positions."""
        for name in FACT_NAMES:
            getattr(self, name)[rows] = getattr(facts, name)


_FLOATS = frozenset({"last_wall_time", "last_value", "first_value", "minimum", "maximum", "sum"})
FACT_NAMES = tuple(field.name for field in fields(Facts))


def facts_in_groups(points: Points, starts: NDArray[np.int64]) -> Facts:
    """The facts of many groups of points, each by increasing step and not empty.

    Group i has the rows from ``starts[i]`` to ``starts[i + 1]``.
    """
    if len(starts) < 2:
        return Facts.none(0)
    firsts, lasts = starts[:-1], starts[1:] - 1
    count = np.diff(starts)
    known = np.isfinite(points.values)
    finite = np.add.reduceat(known.astype(np.int64), firsts)
    low = _first_lowest(np.where(known, points.values, np.inf), starts)
    high = _first_lowest(np.where(known, -points.values, np.inf), starts)
    some = finite > 0
    with np.errstate(over="ignore", invalid="ignore"):
        total = np.add.reduceat(np.where(known, points.values, 0.0), firsts)
    return Facts(
        count=count,
        non_finite=count - finite,
        first_step=points.steps[firsts],
        last_step=points.steps[lasts],
        last_wall_time=points.wall_times[lasts],
        last_value=points.values[lasts],
        first_value=points.values[firsts],
        minimum=np.where(some, points.values[low], np.nan),
        minimum_step=np.where(some, points.steps[low], 0),
        maximum=np.where(some, points.values[high], np.nan),
        maximum_step=np.where(some, points.steps[high], 0),
        sum=total,
    )


def _first_lowest(values: Floats, starts: NDArray[np.int64]) -> NDArray[np.intp]:
    # The row of the lowest value of each group, the first of equal ones.
    firsts = starts[:-1]
    lowest = np.repeat(np.minimum.reduceat(values, firsts), np.diff(starts))
    matches = np.flatnonzero(values == lowest)
    return matches[np.searchsorted(matches, firsts)]


def facts_of(parts: Sequence[Points | Buckets]) -> Facts:
    """The facts, one row, over parts of a series: points by increasing step, or buckets that stand for points."""
    facts = Facts.none(1)
    for part in parts:
        if len(part):
            facts = combine(facts, _of_points(part) if isinstance(part, Points) else _of_buckets(part))
    return facts


def _of_points(points: Points) -> Facts:
    return facts_in_groups(points, np.array([0, len(points)]))


def _of_buckets(buckets: Buckets) -> Facts:
    one = merge(buckets, len(buckets))
    some = one.finite > 0
    return Facts(
        count=one.count,
        non_finite=one.count - one.finite,
        first_step=one.first.steps,
        last_step=one.last.steps,
        last_wall_time=one.last.wall_times,
        last_value=one.last.values,
        first_value=one.first.values,
        minimum=np.where(some, one.minimum.values, np.nan),
        minimum_step=np.where(some, one.minimum.steps, 0),
        maximum=np.where(some, one.maximum.values, np.nan),
        maximum_step=np.where(some, one.maximum.steps, 0),
        sum=one.sum,
    )


def combine(one: Facts, other: Facts) -> Facts:
    """The facts over the points of both, row by row. They have no step in common; either may have no points."""
    only_one, only_other = other.count == 0, one.count == 0
    later = only_other | (~only_one & (other.last_step > one.last_step))
    earlier = only_other | (~only_one & (other.first_step < one.first_step))
    lower = _beats(other.minimum, other.minimum_step, one.minimum, one.minimum_step)
    higher = _beats(-other.maximum, other.maximum_step, -one.maximum, one.maximum_step)
    with np.errstate(over="ignore", invalid="ignore"):
        total = one.sum + other.sum
    return Facts(
        count=one.count + other.count,
        non_finite=one.non_finite + other.non_finite,
        first_step=np.where(earlier, other.first_step, one.first_step),
        last_step=np.where(later, other.last_step, one.last_step),
        last_wall_time=np.where(later, other.last_wall_time, one.last_wall_time),
        last_value=np.where(later, other.last_value, one.last_value),
        first_value=np.where(earlier, other.first_value, one.first_value),
        minimum=np.where(lower, other.minimum, one.minimum),
        minimum_step=np.where(lower, other.minimum_step, one.minimum_step),
        maximum=np.where(higher, other.maximum, one.maximum),
        maximum_step=np.where(higher, other.maximum_step, one.maximum_step),
        sum=total,
    )


def _beats(new: Floats, new_step: Steps, old: Floats, old_step: Steps) -> NDArray[np.bool_]:
    # Whether the new value is the extreme: the lower, or of equal ones the earlier. NaN stands where there is none.
    answer: NDArray[np.bool_] = (new < old) | ((new == old) & (new_step < old_step)) | (np.isnan(old) & ~np.isnan(new))
    return answer
