"""Reading the points of many series: one query a level serves all of them.

What a store claims is not believed: how many points one answer unpacks is bounded, and what is beyond is named as
damaged, as every row is that cannot be read.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import BigInteger, Connection, Select, bindparam, select
from sqlalchemy.sql.selectable import CTE

from tb_runhistory.points.block import LOGGED
from tb_runhistory.points.cover import EVERYTHING, Cover, Window, points_in
from tb_runhistory.points.downsample import downsample
from tb_runhistory.points.merging import newest_wins
from tb_runhistory.points.payload import declared_count
from tb_runhistory.points.pyramid import BRANCHING, BUCKET_POINTS, Buckets
from tb_runhistory.records.columns import DamagedBlock, SampledPoints, SeriesKey
from tb_runhistory.records.points import Points
from tb_runhistory.store.sql.budget import Budget
from tb_runhistory.store.sql.same import same_run
from tb_runhistory.store.sql.schema import POINTS_LEVEL, REPLACED_LEVEL, series
from tb_runhistory.store.sql.series.block_reading import (
    StoredBlock,
    Stretch,
    buckets_of,
    points_of,
    rows_over,
    top_levels,
)
from tb_runhistory.store.sql.series.tails import RunKey, StoredTail, read_tails
from tb_runhistory.store.sql.types import Id
from tb_runhistory.store.sql.wanted import Lookup

SERIES_AT_ONCE = 64
"""Series that one round of queries covers: few enough to bound memory, many enough to spread the cost of a query."""

_OWN_VALUES = 2**14
_OWN_VALUES_A_PLACE = 24
"""Stored values that a sample of one series may take: points at its edges, and the buckets of a level that shows just
enough, which are up to sixteen for every four places, each as large as six points."""

_SHARED_VALUES = 2**20
"""What all series of a round may take besides, for those that are scattered."""

_BUCKET_VALUES = 6

_WHOLE_VALUES = (2**16, 2**26)
"""Points of a series that are read without a limit: as many as it counts, if that is between these two."""


@dataclass(frozen=True, slots=True)
class KnownFacts:
    """What a series should hold, by its facts."""

    count: int = 0
    hidden: int = 0
    first_step: int = 0
    last_step: int = 0


def _facts_of_runs(wanted: CTE) -> Select[tuple[object, ...]]:
    is_wanted = series.c.number.in_(bindparam("numbers", expanding=True, type_=BigInteger))
    columns = (series.c.root_id, series.c.run_id, series.c.number, series.c.count, series.c.hidden)
    query = select(*columns, series.c.first_step, series.c.last_step)
    return query.select_from(wanted.join(series, same_run(series, wanted))).where(is_wanted)


_FACTS = Lookup({"root_id": Id, "run_id": Id}, _facts_of_runs)


def read_points(
    connection: Connection, keys: Sequence[SeriesKey], limit: int | None, window: Window | None
) -> list[SampledPoints]:
    """As ``RunHistoryReader.read_points`` says."""
    read: list[SampledPoints] = []
    for start in range(0, len(keys), SERIES_AT_ONCE):
        some = keys[start : start + SERIES_AT_ONCE]
        stored = _tails(connection, some)
        known = known_facts(connection, some)
        covers = cover(connection, some, [_tail_of(key, stored) for key in some], limit, window, known)
        for key, covered, facts in zip(some, covers, known, strict=True):
            damaged = covered.damaged + _missing(covered, facts, window, stored[key.root_id, key.run_id])
            read.append(_sampled(covered, limit, damaged))
    return read


def cover(
    connection: Connection,
    keys: Sequence[SeriesKey],
    tails: Sequence[Points],
    limit: int | None,
    window: Window | None = None,
    known: Sequence[KnownFacts] | None = None,
) -> list[Cover]:
    """Covers the window of each series, whose points that are in no block are ``tails``, by step.

    ``known`` says what the series count, for a reader, who unpacks no more than what that makes likely.
    """
    covers = []
    for position, (top, tail) in enumerate(zip(top_levels(connection, keys), tails, strict=True)):
        level = -1 if top is None else top
        if known is not None and window is None and limit is not None:
            level = min(level, _useful_level(known[position].count, limit))
        covers.append(Cover(window or EVERYTHING, level, limit, tail))
    if known is None:
        budgets = [Budget(_WHOLE_VALUES[1]) for _ in keys]
    elif limit is not None:
        shared = Budget(_SHARED_VALUES)
        budgets = [Budget(_OWN_VALUES + _OWN_VALUES_A_PLACE * limit, shared) for _ in keys]
    else:
        budgets = [_whole(facts.count) for facts in known]
    for level in range(max((covered.level for covered in covers), default=-1), POINTS_LEVEL - 1, -1):
        _read_level(connection, level, keys, covers, budgets)
    return covers


def _whole(count: int) -> Budget:
    least, most = _WHOLE_VALUES
    return Budget(min(max(count, least), most))


def _useful_level(count: int, limit: int) -> int:
    """The highest level at which so many points can have as many buckets as show ``limit`` points."""
    level, buckets = POINTS_LEVEL, count // BUCKET_POINTS
    while buckets > limit // 4:
        level, buckets = level + 1, buckets // BRANCHING
    return level


def _read_level(
    connection: Connection, level: int, keys: Sequence[SeriesKey], covers: Sequence[Cover], budgets: Sequence[Budget]
) -> None:
    at_level = [position for position, covered in enumerate(covers) if covered.level == level]
    stretches = [Stretch(keys[at], level, first, last) for at in at_level for first, last in covers[at].open]
    rows = iter(rows_over(connection, stretches) if stretches else [])
    for position in at_level:
        covered, key, budget = covers[position], keys[position], budgets[position]
        stored = [next(rows) for _ in covered.open]
        if level > POINTS_LEVEL:
            covered.take_buckets([[_buckets(key, row, budget) for row in some] for some in stored])
        else:
            covered.take_points([_points(key, some, budget, covered.damaged) for some in stored])


def _buckets(key: SeriesKey, row: StoredBlock, budget: Budget) -> Buckets | None:
    # The level below still has what cannot be read here.
    return buckets_of(key, row) if budget.take(_BUCKET_VALUES * declared_count(row.payload)) else None


def _points(key: SeriesKey, rows: Iterable[StoredBlock], budget: Budget, damaged: list[DamagedBlock]) -> Points:
    parts = []
    for row in rows:
        points = points_of(key, row) if budget.take(declared_count(row.payload)) else None
        if points is None:
            damaged.append(DamagedBlock(row.first_step, row.last_step, max(row.count, 0)))
        else:
            parts.append(points)
    return Points.concatenate(parts)


def known_facts(connection: Connection, keys: Sequence[SeriesKey]) -> list[KnownFacts]:
    """What each of the series should hold."""
    runs = list(dict.fromkeys((key.root_id, key.run_id) for key in keys))
    numbers = sorted({key.number for key in keys})
    found: dict[SeriesKey, KnownFacts] = {}
    for root_id, run_id, number, *facts in _FACTS.rows(connection, runs, numbers=numbers):
        # A damaged cell may hold anything.
        known = KnownFacts(*(cell if type(cell) is int else 0 for cell in facts))
        found[SeriesKey(root_id, run_id, number)] = known
    return [found.get(key, KnownFacts()) for key in keys]


def _tails(connection: Connection, keys: Sequence[SeriesKey]) -> dict[RunKey, StoredTail]:
    runs = dict.fromkeys((key.root_id, key.run_id) for key in keys)
    return read_tails(connection, runs, {key.number for key in keys})


def _tail_of(key: SeriesKey, stored: dict[RunKey, StoredTail]) -> Points:
    """The shown points of a series that are in no block, by step."""
    shown, _ = newest_wins(stored[key.root_id, key.run_id].tail.of(key.number, LOGGED))
    return shown


def _missing(covered: Cover, facts: KnownFacts, window: Window | None, stored: StoredTail) -> list[DamagedBlock]:
    """Points that the facts count and nothing has: in a damaged row of ``appends``, or where a row cannot be found.

    Of a window nothing is counted: 0 stands for a number that is not known.
    """
    if window is None:
        missing = facts.count - points_in(covered.parts) - sum(block.count for block in covered.damaged)
        return [DamagedBlock(facts.first_step, facts.last_step, missing)] if missing > 0 else []
    reaches = stored.damaged and facts.count and window[0] <= facts.last_step and window[1] >= facts.first_step
    return [DamagedBlock(max(window[0], facts.first_step), min(window[1], facts.last_step), 0)] if reaches else []


def _sampled(covered: Cover, limit: int | None, damaged: Sequence[DamagedBlock]) -> SampledPoints:
    parts = covered.parts
    if limit is None:
        points = Points.concatenate([part for part in parts if isinstance(part, Points)])
    else:
        points = downsample(parts, limit)
    return SampledPoints(points, points_in(parts) + sum(block.count for block in damaged), tuple(damaged))


def read_all_values(connection: Connection, keys: Sequence[SeriesKey]) -> list[Points]:
    """As ``RunHistoryReader.read_all_values`` says."""
    values = []
    for start in range(0, len(keys), SERIES_AT_ONCE):
        some = keys[start : start + SERIES_AT_ONCE]
        stored = _tails(connection, some)
        known = known_facts(connection, some)
        levels = (REPLACED_LEVEL, POINTS_LEVEL)
        stretches = [Stretch(key, level, *EVERYTHING) for key in some for level in levels]
        rows = rows_over(connection, stretches)
        for position, key in enumerate(some):
            replaced, shown = rows[2 * position : 2 * position + 2]
            budget = _whole(known[position].count + known[position].hidden)
            # In the order in which they were logged, as far as it matters: at one step.
            in_order = sorted(replaced, key=lambda row: row.number)
            logged = stored[key.root_id, key.run_id].tail.of(key.number, LOGGED)
            together = Points.concatenate([_points(key, in_order, budget, []), _points(key, shown, budget, []), logged])
            values.append(together.take(np.argsort(together.steps, kind="stable")))
    return values
