"""Statistics over the values of many runs, for many groups of runs at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tb_runhistory.query.terms import Statistic
from tb_runhistory.records.points import Floats
from tb_runhistory.store.evaluation.values import Rows

Counts = NDArray[np.int64]

EXTREMES = (Statistic.MIN, Statistic.MAX)
"""The statistics that one of the values is."""


@dataclass(frozen=True, slots=True, eq=False)
class Grouped:
    """Numbers (none is NaN) in groups: those of group i from ``starts[i]`` to ``starts[i + 1]``, at least one."""

    values: Floats
    starts: NDArray[np.intp]

    @property
    def counts(self) -> Counts:
        """How many each group has."""
        return np.diff(self.starts)


def in_groups(group: Rows) -> tuple[Rows, NDArray[np.intp]]:
    """The groups that occur, and where each begins among its members, which stand together; then where the last ends.

    ``group`` is that of each member.
    """
    firsts = np.flatnonzero(np.diff(group, prepend=-1))
    return group[firsts], np.append(firsts, len(group))


def means(grouped: Grouped) -> Floats:
    """The mean of each group: NaN where infinities of both signs have none."""
    with np.errstate(over="ignore", invalid="ignore"):
        found: Floats = np.add.reduceat(grouped.values, grouped.starts[:-1]) / grouped.counts
    return found


def statistic_of(grouped: Grouped, statistic: Statistic) -> Floats:
    """A statistic of each group but ``BEST``, which is a minimum or a maximum."""
    if not len(grouped.values):
        return np.empty(0)
    return _STATISTICS[statistic](grouped)


def first_with(grouped: Grouped, extreme: Floats) -> Rows:
    """The place of the first member of each group that has its group's ``extreme``."""
    if not len(grouped.values):
        return np.empty(0, np.intp)
    matches = np.flatnonzero(grouped.values == np.repeat(extreme, grouped.counts))
    return matches[np.searchsorted(matches, grouped.starts[:-1])]


def _deviations(grouped: Grouped) -> Floats:
    with np.errstate(over="ignore", invalid="ignore"):
        mean = means(grouped)
        apart = grouped.values - np.repeat(mean, grouped.counts)
        found = np.sqrt(np.add.reduceat(apart * apart, grouped.starts[:-1]) / grouped.counts)
    finite: Floats = np.where(np.isfinite(mean), found, np.nan)
    return finite


def _medians(grouped: Grouped) -> Floats:
    counts = grouped.counts
    order = np.lexsort((grouped.values, np.repeat(np.arange(len(counts)), counts)))
    ordered = grouped.values[order]
    low, high = ordered[grouped.starts[:-1] + (counts - 1) // 2], ordered[grouped.starts[:-1] + counts // 2]
    with np.errstate(over="ignore", invalid="ignore"):
        middle: Floats = np.where(low == high, low, (low + high) / 2)
    return middle


_STATISTICS: Mapping[Statistic, Callable[[Grouped], Floats]] = {
    Statistic.MIN: lambda grouped: np.minimum.reduceat(grouped.values, grouped.starts[:-1]),
    Statistic.MAX: lambda grouped: np.maximum.reduceat(grouped.values, grouped.starts[:-1]),
    Statistic.MEAN: means,
    Statistic.STD: _deviations,
    Statistic.MEDIAN: _medians,
    Statistic.COUNT: lambda grouped: grouped.counts.astype(float),
}
