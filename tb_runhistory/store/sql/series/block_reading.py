"""The rows of ``blocks`` over stretches of steps, at any level, and what they hold."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, Connection, Integer, Select, SmallInteger, and_, func, select
from sqlalchemy.sql.selectable import CTE

from tb_runhistory.errors import DamagedData
from tb_runhistory.points.block import BLOCK_POINTS, decode_block
from tb_runhistory.points.cover import Window
from tb_runhistory.points.payload import block_key, declared_count
from tb_runhistory.points.pyramid import Buckets, decode_buckets
from tb_runhistory.records.columns import SeriesKey
from tb_runhistory.records.points import Points
from tb_runhistory.store.sql.same import same_level, same_run, same_series
from tb_runhistory.store.sql.schema import POINTS_LEVEL, SUPERSEDED_LEVEL, blocks
from tb_runhistory.store.sql.types import Id
from tb_runhistory.store.sql.wanted import Lookup

MOST_BUCKETS = 2 * BLOCK_POINTS
"""Buckets in one row, at most. A writer puts 64 to 128 there."""

MOST_LEVEL = 16
"""No series has so many points that its pyramid is higher."""


_NO_POINTS = Points.empty()


@dataclass(frozen=True, slots=True)
class StoredBlock:
    """A row of ``blocks``."""

    level: int
    first_step: int
    number: int
    last_step: int
    count: int
    payload: bytes


_COLUMNS = (blocks.c.level, blocks.c.first_step, blocks.c.number, blocks.c.last_step, blocks.c.count, blocks.c.payload)


def _rows_over(wanted: CTE) -> Select[tuple[Any, ...]]:
    # A row reaches into the stretch if it begins in it, or is the last one that begins at or before its start.
    earlier = blocks.alias("earlier")
    last_before = (
        select(func.max(earlier.c.first_step))
        .where(same_level(earlier, wanted), earlier.c.first_step <= wanted.c.first)
        .correlate(wanted)
        .scalar_subquery()
    )
    over = and_(
        same_level(blocks, wanted),
        blocks.c.first_step <= wanted.c.last,
        blocks.c.first_step >= func.coalesce(last_before, wanted.c.first),
        blocks.c.last_step >= wanted.c.first,
    )
    ordered = (wanted.c.place, blocks.c.first_step, blocks.c.number)
    return select(wanted.c.place, *_COLUMNS).select_from(wanted.join(blocks, over)).order_by(*ordered)


def _level_ranges(wanted: CTE) -> Select[tuple[Any, ...]]:
    def extreme(function: Any) -> Any:
        is_known = blocks.c.level.between(SUPERSEDED_LEVEL, MOST_LEVEL)
        levels = select(function(blocks.c.level)).where(same_series(blocks, wanted), is_known)
        return levels.correlate(wanted).scalar_subquery()

    return select(wanted.c.place, extreme(func.min), extreme(func.max)).where(wanted.c.place.is_not(None))


def _runs_with_blocks(wanted: CTE) -> Select[tuple[Any, ...]]:
    has_blocks = select(blocks.c.run_id).where(same_run(blocks, wanted)).correlate(wanted).exists()
    return select(wanted.c.root_id, wanted.c.run_id).where(has_blocks)


def _newest_first_steps(wanted: CTE) -> Select[tuple[Any, ...]]:
    newest = (
        select(func.max(blocks.c.first_step))
        .where(same_series(blocks, wanted), blocks.c.level == POINTS_LEVEL)
        .correlate(wanted)
        .scalar_subquery()
    )
    return select(wanted.c.place, newest).where(wanted.c.place.is_not(None))


_WITH_BLOCKS = Lookup({"root_id": Id, "run_id": Id}, _runs_with_blocks)
_SERIES = {"place": Integer, "root_id": Id, "run_id": Id, "series": Integer}
_OVER = Lookup({**_SERIES, "level": SmallInteger, "first": BigInteger, "last": BigInteger}, _rows_over)
_LEVELS = Lookup(_SERIES, _level_ranges)
_NEWEST = Lookup(_SERIES, _newest_first_steps)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Steps of a series at one level, both inclusive."""

    key: SeriesKey
    level: int
    first: int
    last: int


def runs_with_blocks(connection: Connection, runs: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
    """Those of the runs, given as (root_id, run_id), that have any row in ``blocks``."""
    return {(root_id, run_id) for root_id, run_id in _WITH_BLOCKS.rows(connection, runs)}


def rows_over(connection: Connection, stretches: Sequence[Stretch]) -> list[list[StoredBlock]]:
    """For each stretch the stored rows that reach into it, in step order."""
    found: list[list[StoredBlock]] = [[] for _ in stretches]
    wanted = [
        (place, one.key.root_id, one.key.run_id, one.key.number, one.level, one.first, one.last)
        for place, one in enumerate(stretches)
    ]
    for place, *row in _OVER.cells(connection, wanted):
        # A damaged cell may hold anything; its row is then as good as lost.
        if all(type(cell) is int for cell in row[:-1]):
            found[place].append(StoredBlock(*row))
    return found


def newest_first_steps(connection: Connection, keys: Sequence[SeriesKey]) -> list[int | None]:
    """For each series the step at which its newest block of points begins; None where it has none."""
    steps: list[int | None] = [None] * len(keys)
    wanted = [(place, key.root_id, key.run_id, key.number) for place, key in enumerate(keys)]
    for place, step in _NEWEST.cells(connection, wanted):
        # A damaged cell may hold anything.
        steps[place] = step if type(step) is int else None
    return steps


def level_ranges(connection: Connection, keys: Sequence[SeriesKey]) -> list[tuple[int, int] | None]:
    """For each series the lowest and the highest level that it has in ``blocks``; None where it has none."""
    ranges: list[tuple[int, int] | None] = [None] * len(keys)
    wanted = [(place, key.root_id, key.run_id, key.number) for place, key in enumerate(keys)]
    for place, lowest, highest in _LEVELS.cells(connection, wanted):
        ranges[place] = None if lowest is None else (lowest, highest)
    return ranges


def top_levels(connection: Connection, keys: Sequence[SeriesKey]) -> list[int | None]:
    """For each series the highest level that it has in ``blocks``; None where there is none of 0 or above."""
    ranges = level_ranges(connection, keys)
    return [None if levels is None or levels[1] < POINTS_LEVEL else levels[1] for levels in ranges]


def points_of(key: SeriesKey, row: StoredBlock) -> Points | None:
    """The points that a row of level 0 or below stands for; None where they cannot be read."""
    parts = parts_of(key, row)
    return None if parts is None else parts[0]


def parts_of(key: SeriesKey, row: StoredBlock) -> tuple[Points, Points] | None:
    """The points that a row stands for, and those that were cut off behind them; None where they cannot be read.

    A row whose own columns are damaged would put good points in a wrong place: it is damaged as well.
    """
    if not 1 <= row.count <= declared_count(row.payload):
        return None
    try:
        points = decode_block(row.payload, block_key(key, row.level, row.number))
    except DamagedData:
        return None
    if row.level < POINTS_LEVEL:
        return (points, _NO_POINTS) if row.count == len(points) else None
    left, cut = points, _NO_POINTS
    if row.count < len(points):
        left, cut = points.take(slice(0, row.count)), points.take(slice(row.count, None))
    return (left, cut) if steps_of(left) == (row.first_step, row.last_step) and points.increasing() else None


def buckets_of(key: SeriesKey, row: StoredBlock) -> Buckets | None:
    """The buckets of a row of the pyramid; None where they cannot be read."""
    if not 0 < declared_count(row.payload) <= MOST_BUCKETS:
        return None
    try:
        buckets = decode_buckets(row.payload, block_key(key, row.level, row.number))
    except DamagedData:
        return None
    ends = int(buckets.first.steps[0]), int(buckets.last.steps[-1])
    return buckets if ends == (row.first_step, row.last_step) and buckets.count.sum() == row.count else None


def steps_of(points: Points) -> Window:
    """The first and the last step of sorted points."""
    return int(points.steps[0]), int(points.steps[-1])
