"""Writing a series' blocks and the pyramid above them.

Shown points stand in level 0 as blocks that are disjoint and in step order, whatever the order they were logged in, so
that a reader only concatenates. Every block but the newest has a row of level 1 above it, and every 16 rows of a
level one row of the next; rows are never updated, only added, and removed with what they summarize.
"""

from __future__ import annotations

import math

import numpy as np
from sqlalchemy import Connection, and_, bindparam, delete, func, insert, select, update

from tb_runhistory.errors import DamagedData
from tb_runhistory.records.columns import SeriesKey
from tb_runhistory.records.points import Points
from tb_runhistory.store.block import BLOCK_POINTS, decode_block, encode_block
from tb_runhistory.store.cover import EVERYTHING, StoredBlock, cover, newest_wins, steps_of
from tb_runhistory.store.facts import Facts, facts_of
from tb_runhistory.store.pyramid import BRANCHING, Buckets, decode_buckets, encode_buckets, merge, summarize
from tb_runhistory.store.schema import HIDDEN_LEVEL, POINTS_LEVEL, blocks

_FIRST_SUMMARY = POINTS_LEVEL + 1

_of_series = and_(
    blocks.c.root_id == bindparam("of_root"),
    blocks.c.run_id == bindparam("of_run"),
    blocks.c.series == bindparam("of_series"),
)
_at_level = and_(_of_series, blocks.c.level == bindparam("of_level"))
_ROW = (blocks.c.first_step, blocks.c.last_step, blocks.c.count, blocks.c.payload)
_NEWEST = select(*_ROW).where(_at_level).order_by(blocks.c.first_step.desc()).limit(1)
_OVERLAPPING = (
    select(*_ROW)
    .where(_at_level, blocks.c.last_step >= bindparam("from_step"), blocks.c.first_step <= bindparam("to_step"))
    .order_by(blocks.c.first_step)
)
_TOP_LEVEL = select(func.max(blocks.c.level)).where(_of_series)
_COVERED_TO = select(func.max(blocks.c.last_step)).where(_at_level)
_NEXT_HIDDEN = select(func.coalesce(func.max(blocks.c.number) + 1, 0)).where(_at_level)
_NEXT_ROWS = (
    select(blocks.c.payload)
    .where(_at_level, blocks.c.first_step > bindparam("step"))
    .order_by(blocks.c.first_step)
    .limit(BRANCHING)
)


class BlockWriter:
    """Changes the blocks of one series within the caller's transaction. Its appended points must be in blocks."""

    def __init__(self, connection: Connection, key: SeriesKey) -> None:
        self._connection = connection
        self._key = key
        self._identity = {"of_root": key.root_id, "of_run": key.run_id, "of_series": key.number}

    def merge(self, points: Points) -> int:
        """Adds sorted points anywhere; at an equal step they replace what is there. Returns how many it hid."""
        first, last = steps_of(points)
        hidden = 0
        readable = [points]
        for row in self._overlapping(first, last):
            first, last = min(first, row.first_step), max(last, row.last_step)
            try:
                readable.insert(-1, decode_block(row.payload))
                self._remove(POINTS_LEVEL, row.first_step, row.last_step)
            except DamagedData:
                # Out of the way of what comes in its place, but not thrown away.
                hidden += self._hide_rows(row.first_step, row.first_step)
        self.remove_summaries(first, last)
        shown, replaced = newest_wins(Points.concatenate(readable))
        self._add_evenly(shown)
        self.grow_pyramid()
        self.hide(replaced)
        return hidden + len(replaced)

    def hide_from(self, step: int) -> int:
        """Hides all shown points at ``step`` and beyond. Returns how many."""
        hidden = 0
        kept = Points.empty()
        for row in self._overlapping(step, step):
            if row.first_step == step:
                continue
            try:
                whole = decode_block(row.payload)
            except DamagedData:
                continue
            kept, cut = whole.take(whole.steps < step), whole.take(whole.steps >= step)
            self.hide(cut)
            hidden += len(cut)
            self._remove(POINTS_LEVEL, row.first_step, row.last_step)
            self.remove_summaries(row.first_step, row.last_step)
        hidden += self._hide_rows(step, EVERYTHING[1])
        self.remove_summaries(step, EVERYTHING[1])
        if len(kept):
            self._add_points(kept, summarized=False)
        return hidden

    def hide(self, points: Points) -> None:
        """Stores points that are not shown, whatever their order."""
        number = self._next_hidden_number()
        for start in range(0, len(points), BLOCK_POINTS):
            part = points.take(slice(start, start + BLOCK_POINTS))
            lowest, highest = int(part.steps.min()), int(part.steps.max())
            self._insert(HIDDEN_LEVEL, lowest, highest, len(part), encode_block(part), number + start // BLOCK_POINTS)

    def summarize(self, points: Points) -> None:
        """Adds the row of level 1 above the points of a block."""
        self._add_summary(_FIRST_SUMMARY, summarize(points))

    def grow_pyramid(self) -> None:
        """Adds the rows of level 2 and up that have become complete."""
        level = _FIRST_SUMMARY
        while self._add_complete_rows(level):
            level += 1

    def remove_summaries(self, first: int, last: int) -> None:
        """Removes the level 1 rows of the steps from ``first`` to ``last``, and higher levels from ``first`` on."""
        self._remove(_FIRST_SUMMARY, first, last)
        higher = and_(_of_series, blocks.c.level > _FIRST_SUMMARY, blocks.c.last_step >= first)
        self._connection.execute(delete(blocks).where(higher), self._identity)

    def facts(self) -> Facts | None:
        """The facts of all shown points, read from the top of the pyramid; None if there are none."""
        top = self._connection.execute(_TOP_LEVEL, self._identity).scalar_one_or_none() or POINTS_LEVEL
        parts = cover(self._connection, [self._key], [max(top, POINTS_LEVEL)])[0].parts
        return facts_of(parts) if parts else None

    def _add_evenly(self, points: Points) -> None:
        """Adds points as blocks of near equal size; all are summarized but the series' newest, if it is not full."""
        newest = self._newest()
        is_newest = newest is None or newest.first_step < points.steps[0]
        chunks = math.ceil(len(points) / BLOCK_POINTS)
        bounds = np.linspace(0, len(points), chunks + 1).astype(int)
        for chunk in range(chunks):
            part = points.take(slice(bounds[chunk], bounds[chunk + 1]))
            is_open = is_newest and chunk == chunks - 1 and len(part) < BLOCK_POINTS
            self._add_points(part, summarized=not is_open)

    def _add_points(self, points: Points, summarized: bool) -> None:
        self._connection.execute(insert(blocks), points_row(self._key, points))
        if summarized:
            self.summarize(points)

    def _add_summary(self, level: int, buckets: Buckets) -> None:
        first, last = int(buckets.first.steps[0]), int(buckets.last.steps[-1])
        self._insert(level, first, last, int(buckets.count.sum()), encode_buckets(buckets))

    def _add_complete_rows(self, level: int) -> bool:
        """Summarizes each 16 rows of ``level`` that the next level lacks; whether the next level has grown."""
        grown = False
        while True:
            covered = self._connection.execute(_COVERED_TO, self._at(level + 1)).scalar_one()
            rows = self._connection.execute(
                _NEXT_ROWS, {**self._at(level), "step": EVERYTHING[0] if covered is None else covered}
            ).all()
            if len(rows) < BRANCHING:
                return grown
            parts = []
            for row in rows:
                try:
                    parts.append(decode_buckets(row.payload))
                except DamagedData:
                    return grown
            self._add_summary(level + 1, merge(Buckets.concatenate(parts)))
            grown = True

    def _newest(self) -> StoredBlock | None:
        row = self._connection.execute(_NEWEST, self._at(POINTS_LEVEL)).one_or_none()
        return None if row is None else StoredBlock(*row)

    def _overlapping(self, first: int, last: int) -> list[StoredBlock]:
        steps = {"from_step": first, "to_step": last}
        return [
            StoredBlock(*row) for row in self._connection.execute(_OVERLAPPING, {**self._at(POINTS_LEVEL), **steps})
        ]

    def _hide_rows(self, first: int, last: int) -> int:
        """Hides the blocks that begin at the steps from ``first`` to ``last``. Returns how many points they hold."""
        beginning = and_(_at_level, blocks.c.first_step.between(first, last))
        at = self._at(POINTS_LEVEL)
        points = self._connection.execute(select(func.sum(blocks.c.count)).where(beginning), at).scalar_one()
        number = self._next_hidden_number()
        self._connection.execute(update(blocks).where(beginning).values(level=HIDDEN_LEVEL, number=number), at)
        return int(points or 0)

    def _next_hidden_number(self) -> int:
        return int(self._connection.execute(_NEXT_HIDDEN, self._at(HIDDEN_LEVEL)).scalar_one())

    def _remove(self, level: int, first: int, last: int) -> None:
        """Removes the rows of ``level`` that reach into the steps from ``first`` to ``last``."""
        reaching = and_(_at_level, blocks.c.last_step >= first, blocks.c.first_step <= last)
        self._connection.execute(delete(blocks).where(reaching), self._at(level))

    def _insert(self, level: int, first: int, last: int, count: int, payload: bytes, number: int = 0) -> None:
        self._connection.execute(insert(blocks), _row(self._key, level, first, last, count, payload, number))

    def _at(self, level: int) -> dict[str, object]:
        return {**self._identity, "of_level": level}


def points_row(key: SeriesKey, points: Points) -> dict[str, object]:
    """The row of ``blocks`` that holds sorted points of a series."""
    return _row(key, POINTS_LEVEL, *steps_of(points), len(points), encode_block(points))


def _row(
    key: SeriesKey, level: int, first: int, last: int, count: int, payload: bytes, number: int = 0
) -> dict[str, object]:
    return {
        "root_id": key.root_id,
        "run_id": key.run_id,
        "series": key.number,
        "level": level,
        "first_step": first,
        "number": number,
        "last_step": last,
        "count": count,
        "payload": payload,
    }
