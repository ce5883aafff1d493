"""Hiding what a later session supersedes in the blocks of series.

Little is written, since a run that is resumed may have a thousand series. A block of which the last points are
superseded only says from now on that it ends before them: they stay behind its last step until it is written anew. A
block that is superseded whole becomes a row of level -2 as it is.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from tb_runhistory.points.cover import EVERYTHING, Window
from tb_runhistory.points.pyramid import summarize
from tb_runhistory.records.columns import SeriesKey
from tb_runhistory.records.points import Points
from tb_runhistory.store.sql.schema import POINTS_LEVEL, REPLACED_LEVEL, SUPERSEDED_LEVEL
from tb_runhistory.store.sql.series.block_reading import (
    StoredBlock,
    Stretch,
    level_ranges,
    parts_of,
    points_of,
    rows_over,
)
from tb_runhistory.store.sql.series.block_rows import BlockRows, Span, buckets_row, points_row
from tb_runhistory.store.sql.series.pyramid_writing import FIRST_SUMMARY, PyramidWriter

_BLOCKS_AT_ONCE = 64


class BlockCutter:
    """Cuts the blocks of series within the transaction of ``rows``."""

    def __init__(self, rows: BlockRows) -> None:
        self._rows = rows
        self._pyramid = PyramidWriter(rows)
        self._hidden: list[tuple[SeriesKey, int, Points]] = []
        self._hidden_whole: list[tuple[SeriesKey, StoredBlock, int]] = []

    def supersede(self, begun: Sequence[tuple[SeriesKey, Window]]) -> list[Points | None]:
        """Hides the points of series within a window each, shown and replaced ones.

        Returns what is left in the blocks of a series that is short, with no summaries above them; None for any other.
        Of a single series few blocks are held in memory at once, of several all that are in the windows.
        """
        if len(begun) == 1:
            [(key, window)] = begun
            *later, first = self._pieces(key, window)
            for piece in later:
                self._supersede([(key, piece)])
            begun = [(key, first)]
        return self._supersede(begun)

    def _pieces(self, key: SeriesKey, window: Window) -> list[Window]:
        """A window in pieces of few blocks each, the last piece first."""
        spans = self._rows.spans(key, POINTS_LEVEL, window[0])
        firsts = [span.first_step for span in spans if window[0] < span.first_step <= window[1]][::_BLOCKS_AT_ONCE]
        bounds = [window[0], *firsts]
        ends = [*(first - 1 for first in firsts), window[1]]
        return list(zip(bounds, ends, strict=True))[::-1]

    def _supersede(self, begun: Sequence[tuple[SeriesKey, Window]]) -> list[Points | None]:
        connection = self._rows.connection
        ranges = level_ranges(connection, [key for key, _ in begun])
        tops = [POINTS_LEVEL if levels is None else levels[1] for levels in ranges]
        # A short series is read whole: what is left of it is wanted.
        stretches = [
            Stretch(key, POINTS_LEVEL, *(window if top > POINTS_LEVEL else EVERYTHING))
            for (key, window), top in zip(begun, tops, strict=True)
        ]
        shown = rows_over(connection, stretches)
        with_hidden = [place for place, levels in enumerate(ranges) if levels is not None and levels[0] < POINTS_LEVEL]
        self._cut_replaced(connection, [begun[place] for place in with_hidden])
        left: list[Points | None] = []
        for (key, window), rows, top in zip(begun, shown, tops, strict=True):
            read = [(row, part) for row in rows if (part := self._cut(key, row, window, top)) is not None]
            left.append(None if top > POINTS_LEVEL else Points.concatenate([part for _, part in read]))
            if top > FIRST_SUMMARY:
                changed = [(row.first_step, row.last_step) for row, part in read if len(part) < row.count]
                self._pyramid.rebuild(key, changed)
        self._rows.hide(self._hidden)
        self._rows.hide_whole(self._hidden_whole)
        self._hidden, self._hidden_whole = [], []
        return left

    def _cut(self, key: SeriesKey, row: StoredBlock, window: Window, top: int) -> Points | None:
        """Takes the points within ``window`` out of a block; what it then shows, None where it cannot be read."""
        parts = parts_of(key, row)
        if parts is None:
            return None
        shown, behind = parts
        inside = slice(int(shown.steps.searchsorted(window[0])), int(shown.steps.searchsorted(window[1], "right")))
        if inside.start == inside.stop:
            return shown
        before, after = shown.take(slice(0, inside.start)), shown.take(slice(inside.stop, None))
        if len(after):
            self._rows.remove(key, row)
            self._hidden += [(key, SUPERSEDED_LEVEL, part) for part in (shown.take(inside), behind) if len(part)]
            for part in (before, after):
                if len(part):
                    self._rows.insert(key, points_row(key, POINTS_LEVEL, part, row.number))
        elif len(before):
            self._rows.shorten(key, Span(row.level, row.first_step, row.number, int(before.steps[-1]), len(before)))
        else:
            self._hidden_whole.append((key, row, int((behind if len(behind) else shown).steps[-1])))
        if top > POINTS_LEVEL:
            self._summarize(key, row, [part for part in (before, after) if len(part)], window[1])
        return Points.concatenate([before, after]) if len(after) else before

    def _summarize(self, key: SeriesKey, row: StoredBlock, parts: Sequence[Points], last: int) -> None:
        """Writes level 1 over what is left of a block. There is none over a newest block that is not full."""
        self._rows.remove_over(key, FIRST_SUMMARY, (row.first_step, row.last_step))
        is_newest = last == EVERYTHING[1] or all(
            span.first_step <= row.last_step for span in self._rows.spans(key, POINTS_LEVEL, row.last_step)
        )
        for part in parts[:-1] if is_newest else parts:
            self._rows.insert(key, buckets_row(key, FIRST_SUMMARY, summarize(part)))

    def _cut_replaced(self, connection: Connection, begun: Sequence[tuple[SeriesKey, Window]]) -> None:
        """The same for points that were replaced, which stand in no order."""
        stored = rows_over(connection, [Stretch(key, REPLACED_LEVEL, *EVERYTHING) for key, _ in begun])
        for (key, window), rows in zip(begun, stored, strict=True):
            for row in sorted(rows, key=lambda row: row.number):
                points = points_of(key, row)
                if points is None:
                    continue
                inside = (points.steps >= window[0]) & (points.steps <= window[1])
                if inside.any():
                    self._rows.remove(key, row)
                    self._hidden.append((key, SUPERSEDED_LEVEL, points.take(inside)))
                    if not inside.all():
                        self._rows.insert(key, points_row(key, row.level, points.take(~inside), row.number))
