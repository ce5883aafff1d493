"""Changing rows of ``blocks``: what is to be written is gathered, and written for many series at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import Connection, Integer, Select, SmallInteger, and_, bindparam, delete, func, select, update
from sqlalchemy.sql.selectable import CTE

from tb_runhistory.points.block import BLOCK_POINTS, encode_block
from tb_runhistory.points.cover import Window
from tb_runhistory.points.payload import block_key, declared_count, moved
from tb_runhistory.points.pyramid import Buckets, encode_buckets
from tb_runhistory.records.columns import SeriesKey
from tb_runhistory.records.points import Points
from tb_runhistory.store.sql.bulk import execute_rows, insert_rows
from tb_runhistory.store.sql.same import of_series, same_level
from tb_runhistory.store.sql.schema import SUPERSEDED_LEVEL, blocks
from tb_runhistory.store.sql.series.block_reading import StoredBlock, Stretch, rows_over
from tb_runhistory.store.sql.types import Id
from tb_runhistory.store.sql.wanted import Lookup

_at_level = and_(of_series(blocks), blocks.c.level == bindparam("of_level"))
_of_row = and_(_at_level, blocks.c.first_step == bindparam("of_first_step"), blocks.c.number == bindparam("of_number"))
_earlier = blocks.alias("earlier")
_last_before = (
    select(func.max(_earlier.c.first_step))
    .where(
        of_series(_earlier),
        _earlier.c.level == bindparam("of_level"),
        _earlier.c.first_step <= bindparam("from_step"),
    )
    .scalar_subquery()
)
_SPANS = (
    select(blocks.c.level, blocks.c.first_step, blocks.c.number, blocks.c.last_step, blocks.c.count)
    .where(_at_level, blocks.c.first_step >= func.coalesce(_last_before, bindparam("from_step")))
    .order_by(blocks.c.first_step, blocks.c.number)
)
_DELETE = delete(blocks).where(_of_row)
_DELETE_OVER = delete(blocks).where(
    _at_level, blocks.c.first_step <= bindparam("to_step"), blocks.c.last_step >= bindparam("from_step")
)
_SHORTENING = ("last_step", "count")
_SHORTEN = update(blocks).where(_of_row).values({name: bindparam(f"new_{name}") for name in _SHORTENING})
_GROWING = (*_SHORTENING, "payload")
_GROW = update(blocks).where(_of_row).values({name: bindparam(f"new_{name}") for name in _GROWING})


def _last_numbers(wanted: CTE) -> Select[tuple[Any, ...]]:
    numbers = select(wanted.c.place, func.max(blocks.c.number)).group_by(wanted.c.place)
    return numbers.select_from(wanted.join(blocks, same_level(blocks, wanted)))


_LEVELS = {"place": Integer, "root_id": Id, "run_id": Id, "series": Integer, "level": SmallInteger}
_LAST_NUMBERS = Lookup(_LEVELS, _last_numbers)


@dataclass(frozen=True, slots=True)
class Span:
    """A row of ``blocks`` without its payload."""

    level: int
    first_step: int
    number: int
    last_step: int
    count: int


def points_row(key: SeriesKey, level: int, points: Points, number: int = 0) -> StoredBlock:
    """The row that holds points of a series, at most BLOCK_POINTS."""
    first, last = int(points.steps.min()), int(points.steps.max())
    return StoredBlock(level, first, number, last, len(points), encode_block(points, block_key(key, level, number)))


def buckets_row(key: SeriesKey, level: int, buckets: Buckets) -> StoredBlock:
    """The row that holds consecutive buckets of a series."""
    first, last = int(buckets.first.steps[0]), int(buckets.last.steps[-1])
    payload = encode_buckets(buckets, block_key(key, level))
    return StoredBlock(level, first, 0, last, int(buckets.count.sum()), payload)


class BlockRows:
    """The rows of ``blocks`` within a transaction. What is changed is written before the next thing is read: first what
    is removed, then what is added.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._removed: list[tuple[SeriesKey, StoredBlock | Span]] = []
        self._removed_over: list[tuple[SeriesKey, int, Window]] = []
        self._grown: list[tuple[SeriesKey, StoredBlock]] = []
        self._shortened: list[tuple[SeriesKey, Span]] = []
        self._new: list[tuple[SeriesKey, StoredBlock]] = []

    @property
    def connection(self) -> Connection:
        """The transaction, in which everything is written."""
        self.flush()
        return self._connection

    def insert(self, key: SeriesKey, row: StoredBlock) -> None:
        """Adds a row."""
        self._new.append((key, row))

    def grow(self, key: SeriesKey, row: StoredBlock) -> None:
        """Replaces what the row with the same key holds."""
        self._grown.append((key, row))

    def shorten(self, key: SeriesKey, row: Span) -> None:
        """Makes the row with the same key end earlier; its payload stays."""
        self._shortened.append((key, row))

    def remove(self, key: SeriesKey, row: StoredBlock | Span) -> None:
        """Removes a row."""
        self._removed.append((key, row))

    def remove_over(self, key: SeriesKey, level: int, window: Window) -> None:
        """Removes the rows of a level that reach into ``window``."""
        self._removed_over.append((key, level, window))

    def spans(self, key: SeriesKey, level: int, step: int) -> list[Span]:
        """The rows of a level from the last one on that begins at or before ``step``, in step order."""
        at = {**_identity(key), "of_level": level, "from_step": step}
        rows = self.connection.execute(_SPANS, at)
        return [Span(*row) for row in rows if all(type(cell) is int for cell in row)]

    def hide(self, hidden: Sequence[tuple[SeriesKey, int, Points]]) -> None:
        """Adds points to level -1 or -2 of series, in the order in which they are given."""
        numbers = self._next_numbers([(key, level) for key, level, _ in hidden])
        for key, level, points in hidden:
            for start in range(0, len(points), BLOCK_POINTS):
                part = points.take(slice(start, start + BLOCK_POINTS))
                self.insert(key, points_row(key, level, part, numbers[key, level]))
                numbers[key, level] += 1
        self.flush()

    def hide_whole(self, hidden: Sequence[tuple[SeriesKey, StoredBlock, int]]) -> None:
        """Moves rows of shown points to level -2 as they are, each with the last step of all that it holds."""
        numbers = self._next_numbers([(key, SUPERSEDED_LEVEL) for key, _, _ in hidden])
        for key, row, last_step in hidden:
            number = numbers[key, SUPERSEDED_LEVEL]
            numbers[key, SUPERSEDED_LEVEL] += 1
            self.remove(key, row)
            count, payload = declared_count(row.payload), moved(row.payload, block_key(key, SUPERSEDED_LEVEL, number))
            self.insert(key, StoredBlock(SUPERSEDED_LEVEL, row.first_step, number, last_step, count, payload))
        self.flush()

    def _next_numbers(self, wanted: Sequence[tuple[SeriesKey, int]]) -> dict[tuple[SeriesKey, int], int]:
        distinct = list(dict.fromkeys(wanted))
        numbers = dict.fromkeys(distinct, 0)
        keys = [(place, key.root_id, key.run_id, key.number, level) for place, (key, level) in enumerate(distinct)]
        for place, number in _LAST_NUMBERS.cells(self.connection, keys):
            numbers[distinct[place]] = number + 1
        return numbers

    def over(self, key: SeriesKey, level: int, windows: Iterable[Window]) -> list[list[StoredBlock]]:
        """The rows of a level that reach into each of ``windows``."""
        return rows_over(self.connection, [Stretch(key, level, first, last) for first, last in windows])

    def flush(self) -> None:
        """Writes what was changed."""
        if self._removed:
            execute_rows(self._connection, _DELETE, _keys_of(self._removed))
            self._removed.clear()
        if self._removed_over:
            execute_rows(self._connection, _DELETE_OVER, _windows_of(self._removed_over))
            self._removed_over.clear()
        if self._grown:
            values = {f"new_{name}": [getattr(row, name) for _, row in self._grown] for name in _GROWING}
            execute_rows(self._connection, _GROW, {**_keys_of(self._grown), **values})
            self._grown.clear()
        if self._shortened:
            ends = {f"new_{name}": [getattr(row, name) for _, row in self._shortened] for name in _SHORTENING}
            execute_rows(self._connection, _SHORTEN, {**_keys_of(self._shortened), **ends})
            self._shortened.clear()
        if self._new:
            keys: dict[str, list[object]] = {
                "root_id": [key.root_id for key, _ in self._new],
                "run_id": [key.run_id for key, _ in self._new],
                "series": [key.number for key, _ in self._new],
            }
            names = [field.name for field in fields(StoredBlock)]
            insert_rows(
                self._connection,
                blocks,
                {**keys, **{name: [getattr(row, name) for _, row in self._new] for name in names}},
            )
            self._new.clear()


def _identity(key: SeriesKey) -> dict[str, object]:
    return {"of_root": key.root_id, "of_run": key.run_id, "of_series": key.number}


def _windows_of(windows: Sequence[tuple[SeriesKey, int, Window]]) -> dict[str, list[object]]:
    return {
        "of_root": [key.root_id for key, _, _ in windows],
        "of_run": [key.run_id for key, _, _ in windows],
        "of_series": [key.number for key, _, _ in windows],
        "of_level": [level for _, level, _ in windows],
        "from_step": [window[0] for _, _, window in windows],
        "to_step": [window[1] for _, _, window in windows],
    }


def _keys_of(rows: Sequence[tuple[SeriesKey, StoredBlock | Span]]) -> dict[str, list[object]]:
    return {
        "of_root": [key.root_id for key, _ in rows],
        "of_run": [key.run_id for key, _ in rows],
        "of_series": [key.number for key, _ in rows],
        "of_level": [row.level for _, row in rows],
        "of_first_step": [row.first_step for _, row in rows],
        "of_number": [row.number for _, row in rows],
    }
