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
from sqlalchemy import ColumnElement, FromClause, Integer, Select, and_, case, func, null, select
from sqlalchemy.sql.selectable import CTE

from tb_runhistory.points.block import BLOCK_POINTS
from tb_runhistory.points.cover import Window
from tb_runhistory.points.merging import divided, newest_wins
from tb_runhistory.points.pyramid import summarize
from tb_runhistory.records.columns import SeriesKey
from tb_runhistory.records.points import Points
from tb_runhistory.store.sql.same import same_series
from tb_runhistory.store.sql.schema import POINTS_LEVEL, REPLACED_LEVEL, SUPERSEDED_LEVEL, blocks
from tb_runhistory.store.sql.series.block_reading import (
    StoredBlock,
    parts_of,
    steps_of,
)
from tb_runhistory.store.sql.series.block_rows import BlockRows, buckets_row, points_row
from tb_runhistory.store.sql.series.pyramid_writing import FIRST_SUMMARY, PyramidWriter
from tb_runhistory.store.sql.types import Id
from tb_runhistory.store.sql.wanted import Lookup


def _at_level(wanted: CTE, table: FromClause, level: int) -> ColumnElement[bool]:
    return and_(same_series(table, wanted), table.c.level == level)


def _newest_blocks(wanted: CTE) -> Select[tuple[Any, ...]]:
    # The newest block of each series, its payload if it is not full, and where the last row of level 1 begins.
    points, summaries = blocks.alias("points"), blocks.alias("summaries")
    newest = select(func.max(points.c.first_step)).where(_at_level(wanted, points, POINTS_LEVEL))
    summary = select(func.max(summaries.c.first_step)).where(_at_level(wanted, summaries, FIRST_SUMMARY))
    payload = case((blocks.c.count < BLOCK_POINTS, blocks.c.payload), else_=null())
    row = (blocks.c.level, blocks.c.first_step, blocks.c.number, blocks.c.last_step, blocks.c.count, payload)
    is_newest = and_(
        _at_level(wanted, blocks, POINTS_LEVEL), blocks.c.first_step == newest.correlate(wanted).scalar_subquery()
    )
    joined = wanted.join(blocks, is_newest)
    return select(wanted.c.place, *row, summary.correlate(wanted).scalar_subquery()).select_from(joined)


_BLOCKS_AT_ONCE = 64

_SERIES = {"place": Integer, "root_id": Id, "run_id": Id, "series": Integer}
_NEWEST = Lookup(_SERIES, _newest_blocks)


class BlockWriter:
    """Adds to the blocks of series within the transaction of ``rows``."""

    def __init__(self, rows: BlockRows) -> None:
        self._rows = rows
        self._pyramid = PyramidWriter(rows)
        self._hidden: list[tuple[SeriesKey, int, Points]] = []

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
        self._rows.hide(self._hidden)
        self._hidden.clear()

    def _extend(self, key: SeriesKey, points: Points, block: StoredBlock | None) -> list[Window]:
        """Adds points behind all blocks, first of all to ``block``, which is not full; where blocks are full now."""
        held = None if block is None else self._taken_out(key, block)
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
        together = points
        window = around = steps_of(points)
        has_room = home is not None and (home.count < BLOCK_POINTS or window[0] <= home.last_step)
        held = self._taken_out(key, home) if home is not None and has_room else None
        if home is not None and held is not None:
            together, replaced = newest_wins(Points.concatenate([held, points]))
            if len(replaced):
                self._hidden.append((key, REPLACED_LEVEL, replaced))
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

    def _taken_out(self, key: SeriesKey, row: StoredBlock) -> Points | None:
        """The points of a block that is written anew, without those that were cut off; None where it cannot be read."""
        parts = parts_of(key, row)
        if parts is None:
            return None
        held, cut = parts
        if len(cut):
            self._hidden.append((key, SUPERSEDED_LEVEL, cut))
        return held

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
