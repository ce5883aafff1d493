"""Scalar series as TensorBoard asks for them: what there is, the last points, and the points of a chart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from tb_runhistory.points.downsample import downsample_together
from tb_runhistory.provider.deadline import Deadline
from tb_runhistory.provider.directory import Rows
from tb_runhistory.provider.plugin_index import PluginIndex
from tb_runhistory.provider.points_cache import PointsCache, SeriesState
from tb_runhistory.provider.rollups import (
    Rollup,
    find_rollups,
    last_point,
    read_rollup,
    rolled_up_row,
    rollup_name,
)
from tb_runhistory.provider.sampling import parallel_groups, points_each
from tb_runhistory.provider.series_table import SeriesTable, of_plugin, read_table
from tb_runhistory.provider.snapshot import Snapshot, Wanted
from tb_runhistory.records.changes import DataClass
from tb_runhistory.records.columns import SampledPoints, SeriesColumns, SeriesKey
from tb_runhistory.records.points import Points

SCALARS = "scalars"
CUSTOM_SCALARS = "custom_scalars"
_CHUNK_POINTS = 100_000
_CHUNK_SERIES = 1000


@dataclass(frozen=True, slots=True)
class ListedSeries:
    """A series by its names in TensorBoard, with the highest step and the wall time there.

    ``key`` is None where no run has recorded it: it is computed, or stands for a description.
    """

    run: str
    tag: str
    last_step: int
    last_wall_time: float
    description: str = ""
    plugin_data: bytes = b""
    key: SeriesKey | None = None


@dataclass(frozen=True, slots=True, eq=False)
class ChartPoints:
    """What is shown of one series; ``lost`` is the number of points that cannot be shown because they are damaged."""

    run: str
    tag: str
    points: Points
    lost: int = 0


class Scalars:
    """The scalar series of a snapshot that belong to one plugin, computed runs included.

    Whatever gives series gives those of one run in succession.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        cache: PointsCache,
        rollups: Sequence[str] = (),
        points_budget: int | None = None,
        plugin: str = SCALARS,
        index: PluginIndex | None = None,
    ) -> None:
        self._index = index or PluginIndex()
        self._snapshot = snapshot
        self._cache = cache
        self._rollups = rollups
        self._budget = points_budget
        self._plugin = plugin

    def series(self, wanted: Wanted) -> Iterator[ListedSeries]:
        """The series that are wanted, with their facts, recorded ones before computed ones."""
        yield from self.recorded(self._snapshot.wanted_rows(wanted), wanted.tags)
        yield from self.computed(wanted)

    def recorded(self, rows: Rows, tags: frozenset[str] | None = None) -> Iterator[ListedSeries]:
        """The series of the runs in rows."""
        for series in self._snapshot.series_of(DataClass.SCALAR, rows, tags):
            yield from listed(self._snapshot, series, self._plugin, SCALARS)

    def computed(self, wanted: Wanted) -> Iterator[ListedSeries]:
        """The computed series that are wanted."""
        if not self._rollups:
            return
        chosen = self._select(wanted)
        table = chosen.table
        for rollup, statistics in chosen.rollups:
            lines = rollup.lines
            last_step, last_time = int(table.last_step[lines].max()), float(table.last_wall_time[lines].max())
            for name in statistics.values():
                yield ListedSeries(name, rollup.tag, last_step, last_time)

    def last(self, wanted: Wanted) -> Iterator[ChartPoints]:
        """The last point of each series that is wanted. No point is read: the facts hold it."""
        chosen = self._select(wanted)
        table = chosen.table
        for line in chosen.lines:
            end = slice(line, line + 1)
            points = Points(table.last_step[end], table.last_wall_time[end], table.last_value[end])
            yield ChartPoints(table.name(line), table.tag_name(line), points)
        for rollup, statistics in chosen.rollups:
            for statistic, name in statistics.items():
                yield ChartPoints(name, rollup.tag, last_point(table, rollup.lines, statistic))

    def points(self, wanted: Wanted, asked: int, deadline: Deadline) -> Iterator[ChartPoints]:
        """At most ``asked`` points (0: all) of each series that is wanted, extremes kept, within the points budget."""
        chosen = self._select(wanted)
        computed = sum(len(statistics) for _, statistics in chosen.rollups)
        limit = points_each(asked, len(chosen.lines) + computed, self._budget)
        yield from self._read_recorded(chosen, limit, deadline)
        for rollup, statistics in chosen.rollups:
            deadline.check()
            for name, points in zip(
                statistics.values(),
                self._read_rollup(chosen.table, rollup, list(statistics), limit, deadline),
                strict=True,
            ):
                yield ChartPoints(name, rollup.tag, points)

    def computed_run_names(self) -> dict[str, float]:
        """The names of the computed runs that have data, with the start time of the run they belong to."""
        if not self._rollups:
            return {}
        runs = self._snapshot.directory
        found = dict.fromkeys(rollup.row for rollup, _ in self._select(Wanted()).rollups)
        started = runs.start_times(np.array(list(found), np.intp)).tolist()
        return {
            rollup_name(runs, row, statistic): start
            for row, start in zip(found, started, strict=True)
            for statistic in self._rollups
        }

    def _select(self, wanted: Wanted) -> _Selection:
        return _Selection(self._snapshot, self._index, self._plugin, self._rollups, wanted)

    def _read_recorded(self, chosen: _Selection, limit: int, deadline: Deadline) -> Iterator[ChartPoints]:
        table = chosen.table
        together = self._read_together(chosen, limit, deadline)
        size = max(1, min(_CHUNK_POINTS // limit, _CHUNK_SERIES))
        for start in range(0, len(chosen.lines), size):
            deadline.check()
            lines = chosen.lines[start : start + size]
            apart = [line for line in lines if line not in together]
            read = self._cache.read(self._snapshot.reader, table.states(apart), limit)
            samples = together | dict(zip(apart, read, strict=True))
            for line in lines:
                lost = sum(block.count for block in samples[line].damaged)
                yield ChartPoints(table.name(line), table.tag_name(line), samples[line].points, lost)

    def _read_together(self, chosen: _Selection, limit: int, deadline: Deadline) -> dict[int, SampledPoints]:
        """Series with equal steps, thinned to equal steps, by line."""
        thinned: dict[int, SampledPoints] = {}
        for group in parallel_groups(chosen.table, chosen.candidates, limit):
            deadline.check()
            states = chosen.table.states(group)

            def compute(states: Sequence[SeriesState] = states) -> list[SampledPoints]:
                full = self._snapshot.reader.read_points([state.key for state in states])
                points = downsample_together([sample.points for sample in full], limit)
                return [
                    SampledPoints(shown, sample.total, sample.damaged)
                    for shown, sample in zip(points, full, strict=True)
                ]

            kept = self._cache.computed(("together", limit), states, compute)
            thinned.update(zip(group, kept, strict=True))
        return thinned

    def _read_rollup(
        self, table: SeriesTable, rollup: Rollup, statistics: Sequence[str], limit: int, deadline: Deadline
    ) -> list[Points]:
        states = table.states(rollup.lines)
        total = int(table.count[rollup.lines].sum())

        def compute() -> list[SampledPoints]:
            keys = [state.key for state in states]
            computed = read_rollup(self._snapshot.reader, keys, total, statistics, limit, deadline)
            return [SampledPoints(computed[name], total) for name in statistics]

        kept = self._cache.computed(("rollup", tuple(statistics), limit), states, compute)
        return [sample.points for sample in kept]


class _Selection:
    """The series that are wanted, and the roll-ups with the names of the runs that show them.

    ``lines`` are the wanted ones of ``table``, ``candidates`` those that may have a say in which steps are shown.
    """

    def __init__(
        self, snapshot: Snapshot, index: PluginIndex, plugin: str, rollups: Sequence[str], wanted: Wanted
    ) -> None:
        runs = snapshot.directory
        recorded = snapshot.wanted_rows(wanted)
        rolled_up = _rolled_up(snapshot, rollups, wanted)
        below = recorded if wanted.runs is None else _with_contributors(snapshot, recorded, rolled_up)
        # Custom Scalars asks for the series of a margin chart one by one, and needs them at equal steps. Only where it
        # is in use do the other series of a run have their say.
        is_margin = wanted.runs is not None and len(recorded) == 1 and index.has_seen(CUSTOM_SCALARS)
        self.table = read_table(snapshot, below, None if is_margin else wanted.tags, plugin, SCALARS)
        in_wanted = np.isin(self.table.row, recorded)
        self.candidates = np.flatnonzero(in_wanted).tolist()
        if wanted.tags is not None:
            in_wanted &= np.isin(self.table.tag, [at for at, tag in enumerate(self.table.tags) if tag in wanted.tags])
        self.lines: list[int] = np.flatnonzero(in_wanted).tolist()
        self.rollups: list[tuple[Rollup, dict[str, str]]] = []
        if rolled_up is None or rolled_up:
            for rollup in find_rollups(snapshot, self.table):
                names = {s: rollup_name(runs, rollup.row, s) for s in rollups}
                shown = {statistic: name for statistic, name in names.items() if wanted.has_run(name)}
                if shown and wanted.has_tag(rollup.tag):
                    self.rollups.append((rollup, shown))


def listed(snapshot: Snapshot, series: SeriesColumns, plugin: str, plain_plugin: str) -> Iterator[ListedSeries]:
    """The series that belong to a plugin; ``plain_plugin`` has those that name none."""
    steps, times = series.last_step.tolist(), series.last_wall_time.tolist()
    runs, run_id, row = snapshot.directory, "", None
    for line, (key, tag) in enumerate(zip(series.key, series.tag, strict=True)):
        if key.run_id != run_id:
            run_id, row = key.run_id, runs.row_of(key.run_id)
        if row is not None and of_plugin(series, line, plugin, plain_plugin):
            described, data = series.description[line], series.plugin_data[line]
            yield ListedSeries(runs.name(row), tag, steps[line], times[line], described, data, key)


def start_times(snapshot: Snapshot) -> list[float]:
    """When each run in view started, or was created when it has not started yet; seconds since the epoch."""
    runs = snapshot.runs
    times: list[float] = np.where(np.isnan(runs.started_at), runs.created_at, runs.started_at).tolist()
    return times


def _rolled_up(snapshot: Snapshot, rollups: Sequence[str], wanted: Wanted) -> list[int] | None:
    """The rows of the runs over whose descendants something is to be computed; None for all."""
    if not rollups:
        return []
    if wanted.runs is None:
        return None
    found = (rolled_up_row(snapshot.directory, name, rollups) for name in wanted.runs)
    return [row for row in found if row is not None and snapshot.is_shown(row)]


def _with_contributors(snapshot: Snapshot, recorded: Rows, rolled_up: Iterable[int] | None) -> Rows:
    below = snapshot.directory.below(np.array(list(rolled_up or ()), np.intp))
    return np.union1d(recorded, np.intersect1d(below, snapshot.rows)).astype(np.intp)
