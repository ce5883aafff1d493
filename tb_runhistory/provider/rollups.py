"""Runs that are computed: the mean, minimum or maximum over the children of a run, step by step.

For each subtree below a run, its nearest descendants that recorded the tag contribute. The value at a step is over the
runs that have this step, and over the finite ones of their values unless no value there is finite.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tb_runhistory.provider.deadline import Deadline
from tb_runhistory.records.columns import RunColumns, SampledPoints, SeriesColumns, SeriesKey
from tb_runhistory.records.points import Points
from tb_runhistory.store.base import RunHistoryReader
from tb_runhistory.store.downsample import downsample

WINDOW_POINTS = 1_000_000
"""How many points are held at once. Beyond it the steps are gone through window by window, each thinned at once."""

_SAMPLE_POINTS = 256


@dataclass(frozen=True, slots=True)
class Rollup:
    """What is computed for one run and tag: ``rows`` of a ``SeriesColumns`` contribute."""

    run_id: str
    tag: str
    rows: list[int]


def find_rollups(runs: RunColumns, series: SeriesColumns) -> list[Rollup]:
    """The roll-ups of every run that has descendants with a series, over the rows of ``series``."""
    above = {run_id: path.split("/")[:-1] for run_id, path in zip(runs.run_id, runs.path, strict=True)}
    recorded = {(key.run_id, tag) for key, tag in zip(series.key, series.tag, strict=True)}
    rows: dict[tuple[str, str], list[int]] = defaultdict(list)
    for row, (key, tag) in enumerate(zip(series.key, series.tag, strict=True)):
        for ancestor in reversed(above.get(key.run_id, [])):
            if ancestor not in above:
                break
            rows[ancestor, tag].append(row)
            if (ancestor, tag) in recorded:
                break
    return [Rollup(run_id, tag, found) for (run_id, tag), found in rows.items()]


def rollup_name(run_name: str, statistic: str, taken: dict[str, str]) -> str:
    """The name of the computed run below ``run_name``; a run that bears it already keeps it."""
    name = f"{run_name}/[{statistic}]"
    while name in taken:
        name += "*"
    return name


def last_point(series: SeriesColumns, rows: Sequence[int], statistic: str) -> Points:
    """The roll-up at its last step, from the series' facts alone."""
    last_step = series.last_step[rows].max()
    chosen = [row for row in rows if series.last_step[row] == last_step]
    ends = Points(series.last_step[chosen], series.last_wall_time[chosen], series.last_value[chosen])
    return combine(ends, [statistic])[statistic]


def read_rollup(
    reader: RunHistoryReader,
    keys: Sequence[SeriesKey],
    total: int,
    statistics: Sequence[str],
    limit: int,
    deadline: Deadline,
) -> dict[str, Points]:
    """The roll-ups of the series ``keys``, which have ``total`` points in all, by statistic; at most ``limit`` each."""
    if total <= WINDOW_POINTS:
        combined = combine(_joined(reader.read_points(keys)), statistics)
        return {name: downsample([points], limit) for name, points in combined.items()}
    parts: dict[str, list[Points]] = {name: [] for name in statistics}
    for window in _windows(reader.read_points(keys, _SAMPLE_POINTS), total):
        deadline.check()
        for name, points in combine(_joined(reader.read_points(keys, window=window)), statistics).items():
            parts[name].append(downsample([points], limit))
    return {name: downsample(part, limit) for name, part in parts.items()}


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


def _windows(samples: Sequence[SampledPoints], total: int) -> list[tuple[int, int]]:
    """Ranges of steps, both ends included, that hold about ``WINDOW_POINTS`` points each, judged by a sample."""
    samples = [sample for sample in samples if len(sample.points)]
    if not samples:
        return []
    steps = np.concatenate([sample.points.steps for sample in samples])
    weights = np.concatenate([np.full(len(s.points), s.total / len(s.points)) for s in samples])
    order = np.argsort(steps, kind="stable")
    steps, filled = steps[order], np.cumsum(weights[order])
    count = math.ceil(total / WINDOW_POINTS)
    at = np.searchsorted(filled, np.arange(1, count) * filled[-1] / count)
    starts = np.unique(np.concatenate((steps[:1], steps[np.minimum(at, len(steps) - 1)])))
    ends = np.concatenate((starts[1:] - 1, steps[-1:]))
    return list(zip(starts.tolist(), ends.tolist(), strict=True))
