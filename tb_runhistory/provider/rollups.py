"""Runs that are computed: the mean, minimum or maximum over the children of a run, step by step.

For each subtree below a run, its nearest descendants that recorded the tag contribute. The value at a step is over the
runs that have this step, and over the finite ones of their values unless no value there is finite. Beyond
``MOST_POINTS`` points in all it is computed from a sample of each run's points, which has their extremes: minimum and
maximum stay true, at steps that are as far apart as the chart's, and the mean is that of the sampled values there.
"""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tb_runhistory.points.downsample import downsample
from tb_runhistory.provider.deadline import Deadline
from tb_runhistory.provider.directory import RunDirectory
from tb_runhistory.provider.series_table import SeriesTable
from tb_runhistory.provider.snapshot import Snapshot
from tb_runhistory.records.columns import SampledPoints, SeriesKey
from tb_runhistory.records.points import Points
from tb_runhistory.store.base import SeriesReader

MOST_POINTS = 500_000
"""How many points are read for one roll-up, and so how many are held at once."""

_SERIES_AT_ONCE = 32
_COMPUTED_NAME = re.compile(r"(.+)/\[(\w+)\]\**")


@dataclass(frozen=True, slots=True)
class Rollup:
    """What is computed for one run, at ``row`` of the directory, and tag: ``lines`` of a ``SeriesTable`` contribute."""

    row: int
    tag: str
    lines: list[int]


def find_rollups(snapshot: Snapshot, table: SeriesTable) -> list[Rollup]:
    """The roll-ups of every run in view that has descendants with a series in the table."""
    runs = snapshot.directory
    recorded = set(zip(table.row.tolist(), table.tag.tolist(), strict=True))
    above: dict[int, list[int]] = {}
    lines: dict[tuple[int, int], list[int]] = defaultdict(list)
    for line, (row, tag) in enumerate(zip(table.row.tolist(), table.tag.tolist(), strict=True)):
        if row not in above:
            above[row] = runs.ancestors(row)
        for ancestor in above[row]:
            if not snapshot.is_shown(ancestor):
                break
            lines[ancestor, tag].append(line)
            if (ancestor, tag) in recorded:
                break
    return [Rollup(row, table.tags[tag], found) for (row, tag), found in lines.items()]


def rollup_name(runs: RunDirectory, row: int, statistic: str) -> str:
    """The name of the computed run below the one at ``row``; a run that bears it already keeps it."""
    name = f"{runs.name(row)}/[{statistic}]"
    while runs.row_named(name) is not None:
        name += "*"
    return name


def rolled_up_row(runs: RunDirectory, name: str, statistics: Sequence[str]) -> int | None:
    """The row of the run that the computed run ``name`` stands below; None where it is no computed run's name."""
    parts = _COMPUTED_NAME.fullmatch(name)
    row = None if parts is None else runs.row_named(parts[1])
    if parts is None or row is None or parts[2] not in statistics or rollup_name(runs, row, parts[2]) != name:
        return None
    return row


def last_point(table: SeriesTable, lines: Sequence[int], statistic: str) -> Points:
    """The roll-up at its last step, from the series' facts alone."""
    last_step = table.last_step[lines].max()
    chosen = [line for line in lines if table.last_step[line] == last_step]
    ends = Points(table.last_step[chosen], table.last_wall_time[chosen], table.last_value[chosen])
    return combine(ends, [statistic])[statistic]


def read_rollup(
    reader: SeriesReader,
    keys: Sequence[SeriesKey],
    total: int,
    statistics: Sequence[str],
    limit: int,
    deadline: Deadline,
) -> dict[str, Points]:
    """The roll-ups of the series ``keys``, which have ``total`` points in all, by statistic; at most ``limit`` each."""
    sample = None if total <= MOST_POINTS else max(1, min(2 * limit, MOST_POINTS // len(keys)))
    parts: list[Points] = []
    held = 0
    for start in range(0, len(keys), _SERIES_AT_ONCE):
        deadline.check()
        parts.append(_joined(reader.read_points(keys[start : start + _SERIES_AT_ONCE], sample)))
        held += len(parts[-1])
        if sample is None and held > MOST_POINTS:
            # A damaged store: there are more points than its facts count.
            return read_rollup(reader, keys, sys.maxsize, statistics, limit, deadline)
    points = Points.concatenate(parts)
    if sample is not None and len(points):
        points = _at_common_steps(points, limit)
    return {name: downsample([combined], limit) for name, combined in combine(points, statistics).items()}


def _at_common_steps(points: Points, count: int) -> Points:
    """The points at the ends of ``count`` ranges of steps: samples of several series have no steps in common."""
    first = int(points.steps.min())
    span = int(points.steps.max()) - first
    width = span // count + 1
    # Without a sign, since the difference of two steps may be beyond 63 bits; one range of all steps has even 65.
    distances = points.steps.astype(np.uint64) - np.uint64(first % 2**64)
    starts = np.zeros_like(distances) if count == 1 else distances // np.uint64(width) * np.uint64(width)
    ends = starts + np.minimum(np.uint64(width - 1), np.uint64(span) - starts)
    steps = (ends + np.uint64(first % 2**64)).astype(np.int64)
    return Points(steps, points.wall_times, points.values)


def combine(points: Points, statistics: Sequence[str]) -> dict[str, Points]:
    """One point a step out of points in any order. The wall time is the latest of the step."""
    if not len(points):
        return dict.fromkeys(statistics, points)
    points = points.take(np.argsort(points.steps, kind="stable"))
    starts = _group_starts(points.steps)
    finite = np.isfinite(points.values)
    none_finite = ~np.logical_or.reduceat(finite, starts)
    sizes = np.diff(starts, append=len(points))
    points = points.take(finite | np.repeat(none_finite, sizes))
    starts = _group_starts(points.steps)
    steps, wall_times = points.steps[starts], np.maximum.reduceat(points.wall_times, starts)
    with np.errstate(invalid="ignore", over="ignore"):
        return {name: Points(steps, wall_times, _reduce(points.values, starts, name)) for name in statistics}


def _reduce(values: NDArray[np.float64], starts: NDArray[np.intp], statistic: str) -> NDArray[np.float64]:
    if statistic == "min":
        return np.minimum.reduceat(values, starts)
    if statistic == "max":
        return np.maximum.reduceat(values, starts)
    # Divided before they are added, so that the mean of huge values is no infinity.
    sizes = np.diff(starts, append=len(values))
    return np.add.reduceat(values / np.repeat(sizes, sizes), starts)


def _group_starts(steps: NDArray[np.int64]) -> NDArray[np.intp]:
    return np.flatnonzero(np.concatenate(([True], steps[1:] != steps[:-1])))


def _joined(sampled: Sequence[SampledPoints]) -> Points:
    return Points.concatenate([sample.points for sample in sampled])
