"""Writing the blocks of series.

Shown points stand in level 0 as blocks that are disjoint and in step order, whatever the order they were logged in, so
that a reader only concatenates. Points go to the block that begins before them, as in a B-tree: it grows, and is
divided where it becomes too large. Every block has a row of level 1 above it but the newest, which has none until it is
full. A block that cannot be read stays where it is, and what comes to its place stands in a block beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from sqlalchemy import Connection, Integer, Select, SmallInteger, and_, case, func, null, select
from sqlalchemy.sql.selectable import CTE

from tb_runhistory.points.block import BLOCK_POINTS
from tb_runhistory.points.cover import EVERYTHING, Window
from tb_runhistory.points.merging import divided, newest_wins
from tb_runhistory.points.pyramid import summarize
from tb_runhistory.records.columns import SeriesKey
from tb_runhistory.records.points import Points
from tb_runhistory.store.sql.schema import POINTS_LEVEL, REPLACED_LEVEL, SUPERSEDED_LEVEL, blocks
from tb_runhistory.store.sql.series.block_reading import (
    StoredBlock,
    Stretch,
    points_of,
    rows_over,
    steps_of,
    top_levels,
)
from tb_runhistory.store.sql.series.block_rows import BlockRows, buckets_row, points_row
from tb_runhistory.store.sql.series.pyramid_writing import FIRST_SUMMARY, PyramidWriter
from tb_runhistory.store.sql.types import Id
from tb_runhistory.store.sql.wanted import Lookup


def _of_series(wanted: CTE, table: Any, level: Any) -> Any:
    return and_(
        table.c.root_id == wanted.c.root_id,
        table.c.run_id == wanted.c.run_id,
        table.c.series == wanted.c.series,
        table.c.level == level,
    )


def _newest_blocks(wanted: CTE) -> Select[tuple[Any, ...]]:
    # The newest block of each series, its payload if it is not full, and where the last row of level 1 begins.
    points, summaries = blocks.alias("points"), blocks.alias("summaries")
    newest = select(func.max(points.c.first_step)).where(_of_series(wanted, points, POINTS_LEVEL))
    summary = select(func.max(summaries.c.first_step)).where(_of_series(wanted, summaries, FIRST_SUMMARY))
    payload = case((blocks.c.count < BLOCK_POINTS, blocks.c.payload), else_=null())
    row = (blocks.c.level, blocks.c.first_step, blocks.c.number, blocks.c.last_step, blocks.c.count, payload)
    is_newest = and_(
        _of_series(wanted, blocks, POINTS_LEVEL), blocks.c.first_step == newest.correlate(wanted).scalar_subquery()
    )
    joined = wanted.join(blocks, is_newest)
    return select(wanted.c.place, *row, summary.correlate(wanted).scalar_subquery()).select_from(joined)


def _last_numbers(wanted: CTE) -> Select[tuple[Any, ...]]:
    joined = wanted.join(blocks, _of_series(wanted, blocks, wanted.c.level))
    return select(wanted.c.place, func.max(blocks.c.number)).select_from(joined).group_by(wanted.c.place)


_POINTS_AT_ONCE = 2**20
_BLOCKS_AT_ONCE = 64

_SERIES = {"place": Integer, "root_id": Id, "run_id": Id, "series": Integer}
_NEWEST = Lookup(_SERIES, _newest_blocks)
_LAST_NUMBERS = Lookup({**_SERIES, "level": SmallInteger}, _last_numbers)


class BlockWriter:
    """Changes the blocks of series within the caller's transaction."""

    def __init__(self, connection: Connection) -> None:
        self._rows = BlockRows(connection)
        self._pyramid = PyramidWriter(self._rows)
        self._replaced: list[tuple[SeriesKey, int, Points]] = []

    def add(self, added: Sequence[tuple[SeriesKey, Points]]) -> None:
        """Adds points, by step, to series. At an equal step they replace what is there, which is kept in level -1."""
        newest = self._newest([key for key, _ in added])
        full: list[tuple[SeriesKey, Window]] = []
        for (key, points), (block, covered_from) in zip(added, newest, strict=True):
            is_open = block is not None and block.count < BLOCK_POINTS
            is_summarized = block is not None and covered_from is not None and covered_from >= block.first_step
            if block is not None and (points.steps[0] <= block.last_step or (is_open and is_summarized)):
                self._merge(key, points)
            else:
                full += [(key, window) for window in self._extend(key, points, block if is_open else None)]
        for key, window in full:
            self._pyramid.rebuild(key, [window])
        self._rows.flush()
        if self._replaced:
            self.hide(self._replaced)
            self._replaced.clear()

    def hide(self, hidden: Sequence[tuple[SeriesKey, int, Points]]) -> None:
        """Adds points to level -1 or -2 of series, in the order in which they are given."""
        numbers = self._next_numbers([(key, level) for key, level, _ in hidden])
        for key, level, points in hidden:
            for start in range(0, len(points), BLOCK_POINTS):
                part = points.take(slice(start, start + BLOCK_POINTS))
                self._rows.insert(key, points_row(key, level, part, numbers[key, level]))
                numbers[key, level] += 1
        self._rows.flush()

    def supersede(self, begun: Sequence[tuple[SeriesKey, Window, int]]) -> None:
        """Moves the points of series within a window each, shown and replaced ones, to level -2.

        Each comes with the number of points that the series shows: so many are not held in memory at once.
        """
        some: list[tuple[SeriesKey, Window]] = []
        points = 0
        for key, window, count in begun:
            if some and points + count > _POINTS_AT_ONCE:
                self._supersede(some)
                some, points = [], 0
            if count > _POINTS_AT_ONCE:
                for piece in self._pieces(key, window):
                    self._supersede([(key, piece)])
            else:
                some.append((key, window))
                points += count
        if some:
            self._supersede(some)

    def _pieces(self, key: SeriesKey, window: Window) -> list[Window]:
        """A window in pieces of few blocks each, the last piece first."""
        spans = self._rows.spans(key, POINTS_LEVEL, window[0])
        firsts = [span.first_step for span in spans if window[0] < span.first_step <= window[1]][::_BLOCKS_AT_ONCE]
        bounds = [window[0], *firsts]
        ends = [*(first - 1 for first in firsts), window[1]]
        return list(zip(bounds, ends, strict=True))[::-1]

    def _supersede(self, begun: Sequence[tuple[SeriesKey, Window]]) -> None:
        keys = [key for key, _ in begun]
        connection = self._rows.connection
        shown = rows_over(connection, [Stretch(key, POINTS_LEVEL, *window) for key, window in begun])
        # Replaced ones stand in no order.
        replaced = rows_over(connection, [Stretch(key, REPLACED_LEVEL, *EVERYTHING) for key in keys])
        tops = top_levels(connection, keys)
        hidden: list[tuple[SeriesKey, int, Points]] = []
        changed: list[tuple[SeriesKey, list[Window]]] = []
        for (key, window), in_blocks, hidden_rows, top in zip(begun, shown, replaced, tops, strict=True):
            rows = sorted(hidden_rows, key=lambda row: row.number) + in_blocks
            cut = [(row, part) for row in rows if (part := self._cut(key, row, window)) is not None]
            hidden += [(key, SUPERSEDED_LEVEL, part) for _, part in cut]
            if top is not None and top > FIRST_SUMMARY:
                windows = [(row.first_step, row.last_step) for row, _ in cut if row.level == POINTS_LEVEL]
                changed.append((key, windows))
        for key, windows in changed:
            self._pyramid.rebuild(key, windows)
        self.hide(hidden)

    def _cut(self, key: SeriesKey, row: StoredBlock, window: Window) -> Points | None:
        """Takes the points within ``window`` out of a row; None where there are none, or it cannot be read."""
        points = points_of(key, row)
        if points is None:
            return None
        inside = (points.steps >= window[0]) & (points.steps <= window[1])
        if not inside.any():
            return None
        self._rows.remove(key, row)
        if row.level != POINTS_LEVEL:
            left = points.take(~inside)
            if len(left):
                self._rows.insert(key, points_row(key, row.level, left, row.number))
            return points.take(inside)
        self._rows.remove_over(key, FIRST_SUMMARY, (row.first_step, row.last_step))
        parts = [points.take(points.steps < window[0]), points.take(points.steps > window[1])]
        parts = [part for part in parts if len(part)]
        for part in parts:
            self._rows.insert(key, points_row(key, POINTS_LEVEL, part, row.number))
            if part is not parts[-1] or self._has_blocks_behind(key, window[1]):
                self._rows.insert(key, buckets_row(key, FIRST_SUMMARY, summarize(part)))
        return points.take(inside)

    def _has_blocks_behind(self, key: SeriesKey, step: int) -> bool:
        if step == EVERYTHING[1]:
            return False
        return any(span.last_step > step for span in self._rows.spans(key, POINTS_LEVEL, step))

    def _extend(self, key: SeriesKey, points: Points, block: StoredBlock | None) -> list[Window]:
        """Adds points behind all blocks, first of all to ``block``, which is not full; where blocks are full now."""
        held = None if block is None else points_of(key, block)
        if held is not None:
            points = Points.concatenate([held, points])
        full: list[Window] = []
        for start in range(0, len(points), BLOCK_POINTS):
            part = points.take(slice(start, start + BLOCK_POINTS))
            if held is not None and start == 0:
                assert block is not None
                self._rows.grow(key, points_row(key, POINTS_LEVEL, part, block.number))
            else:
                self._rows.insert(key, points_row(key, POINTS_LEVEL, part))
            if len(part) == BLOCK_POINTS:
                self._rows.insert(key, buckets_row(key, FIRST_SUMMARY, summarize(part)))
                full.append((int(part.steps[0]), int(part.steps[-1])))
        return [(full[0][0], full[-1][1])] if full else []

    def _merge(self, key: SeriesKey, points: Points) -> None:
        """Adds points anywhere: each stretch of them to the block that begins before it."""
        spans = self._rows.spans(key, POINTS_LEVEL, int(points.steps[0]))
        homes = np.searchsorted([span.first_step for span in spans], points.steps, "right") - 1
        places, starts = np.unique(np.maximum(homes, 0), return_index=True)
        stretches = [points.take(slice(start, end)) for start, end in pairwise([*starts.tolist(), len(points)])]
        taken = {(span.first_step, span.number) for span in spans}
        changed = []
        for begin in range(0, len(places), _BLOCKS_AT_ONCE):
            some = places[begin : begin + _BLOCKS_AT_ONCE].tolist()
            stored = self._rows.over(key, POINTS_LEVEL, [(spans[place].first_step,) * 2 for place in some])
            for place, rows, stretch in zip(some, stored, stretches[begin : begin + len(some)], strict=True):
                home = next((row for row in rows if row.number == spans[place].number), None)
                changed.append(self._put(key, stretch, home, place == len(spans) - 1, taken))
        self._pyramid.rebuild(key, changed)

    def _put(
        self, key: SeriesKey, points: Points, home: StoredBlock | None, is_newest: bool, taken: set[tuple[int, int]]
    ) -> Window:
        """Adds points to the block ``home``, or behind it if it is full; where that changed blocks.

        ``taken`` are the first steps and numbers of all blocks near.
        """
        held = None if home is None else points_of(key, home)
        together = points
        window = around = steps_of(points)
        if home is not None and held is not None and (home.count < BLOCK_POINTS or window[0] <= home.last_step):
            together, replaced = newest_wins(Points.concatenate([held, points]))
            if len(replaced):
                self._replaced.append((key, REPLACED_LEVEL, replaced))
            self._rows.remove(key, home)
            taken.discard((home.first_step, home.number))
            around = steps_of(together)
        self._rows.remove_over(key, FIRST_SUMMARY, around)
        parts = divided(together, BLOCK_POINTS, window)
        for part in parts:
            first = int(part.steps[0])
            number = next(number for number in range(len(taken) + 1) if (first, number) not in taken)
            taken.add((first, number))
            self._rows.insert(key, points_row(key, POINTS_LEVEL, part, number))
            if len(part) == BLOCK_POINTS or not (is_newest and part is parts[-1]):
                self._rows.insert(key, buckets_row(key, FIRST_SUMMARY, summarize(part)))
        return around

    def _newest(self, keys: Sequence[SeriesKey]) -> list[tuple[StoredBlock | None, int | None]]:
        """For each series its newest block, without payload if it is full, and where the last row of level 1 begins."""
        found: list[tuple[StoredBlock | None, int | None]] = [(None, None)] * len(keys)
        wanted = [(place, key.root_id, key.run_id, key.number) for place, key in enumerate(keys)]
        for place, *row, covered_from in _NEWEST.rows(self._rows.connection, wanted):
            block, _ = found[place]
            # Only damage leaves two at one first step, or a cell that holds no number.
            if all(type(cell) is int for cell in row[:-1]) and (block is None or row[2] > block.number):
                found[place] = StoredBlock(*row), covered_from
        return found

    def _next_numbers(self, wanted: Sequence[tuple[SeriesKey, int]]) -> dict[tuple[SeriesKey, int], int]:
        distinct = list(dict.fromkeys(wanted))
        numbers = dict.fromkeys(distinct, 0)
        keys = [(place, key.root_id, key.run_id, key.number, level) for place, (key, level) in enumerate(distinct)]
        for place, number in _LAST_NUMBERS.rows(self._rows.connection, keys):
            numbers[distinct[place]] = number + 1
        return numbers
