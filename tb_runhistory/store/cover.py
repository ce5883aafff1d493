"""Reading a window of many series at the coarsest level that still shows enough: the heart of "a chart costs what is
on screen".

A series is stored as blocks of points (level 0) with a pyramid of summaries above them (levels 1 and up), each level
complete up to some step and absent beyond. Reading starts at a level: the buckets that lie whole within the window
are taken, and what they leave open on either side (the edges of the window, and the newest points, which no bucket
summarizes yet) is read one level lower, down to the points. So the parts are exact at the edges and of bounded number.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from sqlalchemy import Connection, text

from tb_runhistory.errors import DamagedData
from tb_runhistory.records.columns import DamagedBlock, SeriesKey
from tb_runhistory.records.points import Points
from tb_runhistory.store.block import BLOCK_POINTS, decode_block, decode_tail
from tb_runhistory.store.pyramid import BRANCHING, BUCKET_POINTS, Buckets, decode_buckets
from tb_runhistory.store.schema import POINTS_LEVEL

Part: TypeAlias = Points | Buckets
Window: TypeAlias = tuple[int, int]

EVERYTHING: Window = (-(2**63), 2**63 - 1)

# A stored block reaches into the interval if it begins in it, or is the last one that begins at or before its start.
_ROWS = text("""
    SELECT w.key, b.first_step, b.last_step, b.count, b.payload
    FROM json_each(:wanted) AS w CROSS JOIN blocks AS b
    WHERE b.root_id = json_extract(w.value, '$[0]')
      AND b.run_id = json_extract(w.value, '$[1]')
      AND b.series = json_extract(w.value, '$[2]')
      AND b.level = :level
      AND b.first_step <= json_extract(w.value, '$[4]')
      AND b.first_step >= coalesce(
          (SELECT max(e.first_step) FROM blocks AS e
           WHERE e.root_id = b.root_id AND e.run_id = b.run_id AND e.series = b.series AND e.level = b.level
             AND e.first_step <= json_extract(w.value, '$[3]')),
          json_extract(w.value, '$[3]'))
      AND b.last_step >= json_extract(w.value, '$[3]')
    ORDER BY w.key, b.first_step
""")

_TAILS = text("""
    SELECT w.key, a.payload
    FROM json_each(:wanted) AS w CROSS JOIN appends AS a
    WHERE a.root_id = json_extract(w.value, '$[0]') AND a.run_id = json_extract(w.value, '$[1]')
    ORDER BY w.key, a.number
""")


@dataclass(frozen=True, slots=True)
class StoredBlock:
    """A row of ``blocks``, at any level."""

    first_step: int
    last_step: int
    count: int
    payload: bytes


@dataclass(slots=True)
class Cover:
    """A window of a series as parts in step order, none overlapping another, and what could not be read."""

    parts: list[Part] = field(default_factory=list)
    damaged: list[DamagedBlock] = field(default_factory=list)

    @property
    def total(self) -> int:
        """The number of points in the window, readable or not."""
        shown = sum(len(part) if isinstance(part, Points) else int(part.count.sum()) for part in self.parts)
        return shown + sum(block.count for block in self.damaged)


@dataclass(frozen=True, slots=True)
class _Interval:
    """What is still open of the series at position ``series``: the steps from ``first`` to ``last``, inclusive."""

    series: int
    first: int
    last: int


def level_for(count: int, buckets: int) -> int:
    """The coarsest level at which a series of ``count`` points has at least ``buckets`` buckets; 0 if none has."""
    level, rows = POINTS_LEVEL, count // BLOCK_POINTS
    while rows * (BLOCK_POINTS // BUCKET_POINTS) >= buckets and rows > 0:
        level, rows = level + 1, rows // BRANCHING
    return level


def cover(
    connection: Connection, keys: Sequence[SeriesKey], levels: Sequence[int], window: Window = EVERYTHING
) -> list[Cover]:
    """Covers ``window`` of each series, starting at its level in ``levels``; appended points come last.

    One query a level serves all series.
    """
    covers = [Cover() for _ in keys]
    waiting: dict[int, list[_Interval]] = defaultdict(list)
    for position, level in enumerate(levels):
        waiting[level].append(_Interval(position, *window))
    for level in range(max(levels, default=0), POINTS_LEVEL, -1):
        waiting[level - 1] += _take_buckets(connection, keys, level, waiting[level], covers)
    _take_points(connection, keys, waiting[POINTS_LEVEL], covers)
    for part, tail in zip(covers, read_tails(connection, keys), strict=True):
        inside = tail.take((tail.steps >= window[0]) & (tail.steps <= window[1]))
        if len(inside):
            part.parts.append(inside)
    return covers


def _take_buckets(
    connection: Connection, keys: Sequence[SeriesKey], level: int, intervals: list[_Interval], covers: list[Cover]
) -> list[_Interval]:
    """Adds the level's buckets that lie whole within their interval and returns what stays open."""
    left: list[_Interval] = []
    for interval, rows in _rows(connection, keys, level, intervals):
        first = interval.first
        for row in rows:
            try:
                buckets = decode_buckets(row.payload)
            except DamagedData:
                continue  # The level below still has what it summarized.
            inside = buckets.take((buckets.first.steps >= first) & (buckets.last.steps <= interval.last))
            if len(inside):
                left.append(_Interval(interval.series, first, int(inside.first.steps[0]) - 1))
                first = int(inside.last.steps[-1]) + 1
                covers[interval.series].parts.append(inside)
        left.append(_Interval(interval.series, first, interval.last))
    return [interval for interval in left if interval.first <= interval.last]


def _take_points(
    connection: Connection, keys: Sequence[SeriesKey], intervals: list[_Interval], covers: list[Cover]
) -> None:
    for interval, rows in _rows(connection, keys, POINTS_LEVEL, intervals):
        part = covers[interval.series]
        for row in rows:
            try:
                points = decode_block(row.payload)
            except DamagedData:
                points = Points.empty()
            # A row whose own columns are damaged would put good points in a wrong place.
            if len(points) != row.count or steps_of(points) != (row.first_step, row.last_step):
                part.damaged.append(DamagedBlock(row.first_step, row.last_step, row.count))
                continue
            if row.first_step < interval.first or row.last_step > interval.last:
                points = points.take((points.steps >= interval.first) & (points.steps <= interval.last))
            if len(points):
                part.parts.append(points)
    for part in covers:
        part.parts.sort(key=_first_step)


def _first_step(part: Part) -> int:
    return int(part.steps[0] if isinstance(part, Points) else part.first.steps[0])


def _rows(
    connection: Connection, keys: Sequence[SeriesKey], level: int, intervals: list[_Interval]
) -> Iterable[tuple[_Interval, list[StoredBlock]]]:
    """For each interval the stored rows of the level that reach into it, in step order."""
    found: dict[int, list[StoredBlock]] = {position: [] for position in range(len(intervals))}
    if intervals:
        wanted = [(*_identity(keys[each.series]), each.first, each.last) for each in intervals]
        for key, *row in connection.execute(_ROWS, {"wanted": json.dumps(wanted), "level": level}):
            found[key].append(StoredBlock(*row))
    return ((intervals[position], rows) for position, rows in found.items())


def _identity(key: SeriesKey) -> tuple[str, str, int]:
    return key.root_id, key.run_id, key.number


def read_tails(connection: Connection, keys: Sequence[SeriesKey]) -> list[Points]:
    """For each series, its points that are not in blocks yet, in step order."""
    runs = sorted({(key.root_id, key.run_id) for key in keys})
    parts: dict[tuple[str, str, int], list[Points]] = defaultdict(list)
    for position, payload in connection.execute(_TAILS, {"wanted": json.dumps(runs)}):
        for number, points in decode_tail(payload):
            parts[(*runs[position], number)].append(points)
    return [Points.concatenate(parts.get(_identity(key), [])) for key in keys]


def steps_of(points: Points) -> Window:
    """The first and the last step of sorted points."""
    return int(points.steps[0]), int(points.steps[-1])


def newest_wins(points: Points) -> tuple[Points, Points]:
    """Sorts points that stand in the order they were logged by step, and parts them in (shown, replaced).

    Of several at one step the one logged last is shown.
    """
    if points.increasing():
        return points, Points.empty()
    ordered = points.take(np.argsort(points.steps, kind="stable"))
    is_last = np.append(ordered.steps[1:] != ordered.steps[:-1], True)
    return ordered.take(is_last), ordered.take(~is_last)
