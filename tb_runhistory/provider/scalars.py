"""Scalar series as TensorBoard asks for them: what there is, the last points, and the points of a chart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from tb_runhistory.provider.deadline import Deadline
from tb_runhistory.provider.points_cache import PointsCache
from tb_runhistory.provider.rollups import Rollup, find_rollups, last_point, read_rollup, rollup_name
from tb_runhistory.provider.sampling import parallel_groups, points_each
from tb_runhistory.provider.snapshot import Snapshot, Wanted
from tb_runhistory.records.changes import DataClass
from tb_runhistory.records.columns import SampledPoints, SeriesColumns
from tb_runhistory.records.points import Points
from tb_runhistory.store.downsample import downsample_together

_CHUNK_POINTS = 100_000


@dataclass(frozen=True, slots=True)
class ListedSeries:
    """A series by its names in TensorBoard, with the highest step and the wall time there."""

    run: str
    tag: str
    last_step: int
    last_wall_time: float
    description: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class ChartPoints:
    """What is shown of one series; ``lost`` is the number of points that cannot be shown because they are damaged."""

    run: str
    tag: str
    points: Points
    lost: int = 0


@dataclass(frozen=True, slots=True)
class LastPoint:
    """The point of a series at its highest step."""

    run: str
    tag: str
    step: int
    wall_time: float
    value: float


class Scalars:
    """The scalar series of a snapshot, computed runs included."""

    def __init__(
        self, snapshot: Snapshot, cache: PointsCache, rollups: Sequence[str] = (), points_budget: int | None = None
    ) -> None:
        self._snapshot = snapshot
        self._cache = cache
        self._rollups = rollups
        self._budget = points_budget

    def series(self, wanted: Wanted) -> Iterator[ListedSeries]:
        """The series that are wanted, with their facts."""
        chosen = _Selection(self._snapshot, self._rollups, wanted)
        series = chosen.series
        steps, times = series.last_step.tolist(), series.last_wall_time.tolist()
        for row in chosen.rows:
            name = self._snapshot.names[series.key[row].run_id]
            yield ListedSeries(name, series.tag[row], steps[row], times[row], series.description[row])
        for rollup, statistics in chosen.rollups:
            last_step, last_time = max(steps[row] for row in rollup.rows), max(times[row] for row in rollup.rows)
            for name in statistics.values():
                yield ListedSeries(name, rollup.tag, last_step, last_time, series.description[rollup.rows[0]])

    def last(self, wanted: Wanted) -> Iterator[LastPoint]:
        """The last point of each series that is wanted. No point is read: the facts hold it."""
        chosen = _Selection(self._snapshot, self._rollups, wanted)
        series, names = chosen.series, self._snapshot.names
        steps, times, values = series.last_step.tolist(), series.last_wall_time.tolist(), series.last_value.tolist()
        for row in chosen.rows:
            yield LastPoint(names[series.key[row].run_id], series.tag[row], steps[row], times[row], values[row])
        for rollup, statistics in chosen.rollups:
            for statistic, name in statistics.items():
                end = last_point(series, rollup.rows, statistic)
                yield LastPoint(name, rollup.tag, int(end.steps[0]), float(end.wall_times[0]), float(end.values[0]))

    def points(self, wanted: Wanted, asked: int, deadline: Deadline) -> Iterator[ChartPoints]:
        """At most ``asked`` points (0: all) of each series that is wanted, extremes kept, within the points budget."""
        chosen = _Selection(self._snapshot, self._rollups, wanted)
        computed = sum(len(statistics) for _, statistics in chosen.rollups)
        limit = points_each(asked, len(chosen.rows) + computed, self._budget)
        yield from self._read_recorded(chosen, limit, deadline)
        reader, series = self._snapshot.reader, chosen.series
        for rollup, statistics in chosen.rollups:
            deadline.check()
            keys, total = [series.key[row] for row in rollup.rows], int(series.count[rollup.rows].sum())
            results = read_rollup(reader, keys, total, list(statistics), limit, deadline)
            for statistic, name in statistics.items():
                yield ChartPoints(name, rollup.tag, results[statistic])

    def _read_recorded(self, chosen: _Selection, limit: int, deadline: Deadline) -> Iterator[ChartPoints]:
        series, names = chosen.series, self._snapshot.names
        together = self._read_together(chosen, limit, deadline)
        size = max(1, _CHUNK_POINTS // limit)
        for start in range(0, len(chosen.rows), size):
            deadline.check()
            rows = chosen.rows[start : start + size]
            alone = [row for row in rows if row not in together]
            read = dict(zip(alone, self._cache.read(self._snapshot.reader, series, alone, limit), strict=True))
            for row in rows:
                sampled = together.get(row) or read[row]
                lost = sum(block.count for block in sampled.damaged)
                yield ChartPoints(names[series.key[row].run_id], series.tag[row], sampled.points, lost)

    def _read_together(self, chosen: _Selection, limit: int, deadline: Deadline) -> dict[int, SampledPoints]:
        """Series with equal steps, thinned to equal steps, by row."""
        series = chosen.series
        thinned: dict[int, SampledPoints] = {}
        # A request that names one run is one of several that a margin chart makes, one a series. Only when the
        # run's other series have their say are the answers to all of these requests at equal steps.
        candidates = chosen.siblings if chosen.one_run else chosen.rows
        for groups in _batches(series, parallel_groups(series, candidates, limit)):
            deadline.check()
            rows = [row for group in groups for row in group]
            full = dict(zip(rows, self._snapshot.reader.read_points([series.key[row] for row in rows]), strict=True))
            for group in groups:
                points = downsample_together([full[row].points for row in group], limit)
                for row, shown in zip(group, points, strict=True):
                    thinned[row] = SampledPoints(shown, full[row].total, full[row].damaged)
        return thinned


def _batches(series: SeriesColumns, groups: Iterable[list[int]]) -> Iterator[list[list[int]]]:
    """Groups that are read at once, since each read has its own cost."""
    batch: list[list[int]] = []
    size = 0
    for group in groups:
        points = int(series.count[group].sum())
        if batch and size + points > _CHUNK_POINTS:
            yield batch
            batch, size = [], 0
        batch.append(group)
        size += points
    if batch:
        yield batch


class _Selection:
    """The rows of the series that are wanted, and the roll-ups with the names of the runs that show them."""

    def __init__(self, snapshot: Snapshot, rollups: Sequence[str], wanted: Wanted) -> None:
        names = snapshot.names
        self.one_run = wanted.runs is not None and len(wanted.runs) == 1
        tags = wanted.tags
        self.series = self._find_series(snapshot, wanted)
        keys = self.series.key
        in_run = [
            row for row, key in enumerate(keys) if wanted.has_run(names.get(key.run_id, "")) and key.run_id in names
        ]
        self.siblings = in_run
        self.rows = in_run if tags is None else [row for row in in_run if self.series.tag[row] in tags]
        self.rollups: list[tuple[Rollup, dict[str, str]]] = []
        if rollups:
            for rollup in find_rollups(snapshot.runs, self.series):
                if not wanted.has_tag(rollup.tag):
                    continue
                shown = {s: rollup_name(names[rollup.run_id], s, snapshot.ids) for s in rollups}
                shown = {statistic: name for statistic, name in shown.items() if wanted.has_run(name)}
                if shown:
                    self.rollups.append((rollup, shown))

    def _find_series(self, snapshot: Snapshot, wanted: Wanted) -> SeriesColumns:
        if not self.one_run:
            return snapshot.series(DataClass.SCALAR, wanted.tags)
        run_id = snapshot.ids.get(next(iter(wanted.runs or ())))
        # A name that no recorded run bears may be that of a computed one, to which any series may contribute.
        return snapshot.series(DataClass.SCALAR) if run_id is None else snapshot.series_of_run(DataClass.SCALAR, run_id)


def rollup_run_names(snapshot: Snapshot, rollups: Sequence[str]) -> dict[str, float]:
    """The names of the computed runs that have data, with the start time of the run they belong to."""
    if not rollups:
        return {}
    started = dict(zip(snapshot.runs.run_id, start_times(snapshot), strict=True))
    found = dict.fromkeys(rollup.run_id for rollup in find_rollups(snapshot.runs, snapshot.series(DataClass.SCALAR)))
    return {
        rollup_name(snapshot.names[run_id], statistic, snapshot.ids): started[run_id]
        for run_id in found
        for statistic in rollups
    }


def start_times(snapshot: Snapshot) -> list[float]:
    """When each run started, or was created when it has not started yet; seconds since the epoch."""
    runs = snapshot.runs
    times: list[float] = np.where(np.isnan(runs.started_at), runs.created_at, runs.started_at).tolist()
    return times
