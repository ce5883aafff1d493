"""Keeping the pyramid above a series' blocks as they change.

A row of level 1 is over one block, and one of a higher level over some 16 rows of the level below: it summarizes all
that stands between its first and its last step. A level is complete up to some step and absent beyond. What changes
below costs the row above it, one a level, and not its neighbours.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tb_runhistory.points.cover import EVERYTHING, Window
from tb_runhistory.points.pyramid import BRANCHING, Buckets, merge, summarize
from tb_runhistory.records.columns import SeriesKey
from tb_runhistory.store.sql.schema import POINTS_LEVEL
from tb_runhistory.store.sql.series.block_reading import StoredBlock, buckets_of, points_of
from tb_runhistory.store.sql.series.block_rows import BlockRows, Span, buckets_row

FIRST_SUMMARY = POINTS_LEVEL + 1


class PyramidWriter:
    """Changes the rows of ``rows`` at the levels above the first, within the caller's transaction."""

    def __init__(self, rows: BlockRows) -> None:
        self._rows = rows

    def rebuild(self, key: SeriesKey, changed: Sequence[Window]) -> None:
        """Makes the levels above the first what the first says, which has changed within each of ``changed``."""
        level = FIRST_SUMMARY + 1
        while changed:
            changed = self._rebuild_level(key, level, joined(changed))
            level += 1

    def _rebuild_level(self, key: SeriesKey, level: int, changed: Sequence[Window]) -> list[Window]:
        """Makes one level what the level below says; where it has changed by that."""
        spans = self._rows.spans(key, level, changed[0][0])
        rebuilt = _windows_over(changed, spans)
        kept = [span.last_step for span in spans if not _meets(span, rebuilt)]
        for window, below in zip(rebuilt, self._rows.over(key, level - 1, rebuilt), strict=True):
            self._rows.remove_over(key, level, window)
            # A level ends where no 16 rows are left.
            if len(below) >= BRANCHING or any(last > window[1] for last in kept):
                self._summarize(key, level, below, max(1, len(below) // BRANCHING))
                kept.append(window[1])
        first = rebuilt[0][0] if rebuilt else EVERYTHING[0]
        return rebuilt + self._complete(key, level, max(kept, default=None), first)

    def _complete(self, key: SeriesKey, level: int, covered: int | None, first: int) -> list[Window]:
        """Summarizes each 16 rows of the level below that stand behind ``covered``, or from ``first`` on; where."""
        behind = self._rows.spans(key, level - 1, first if covered is None else covered)
        behind = [
            span for span in behind if (span.first_step >= first if covered is None else span.first_step > covered)
        ]
        groups = len(behind) // BRANCHING
        if not groups:
            return []
        window = behind[0].first_step, behind[groups * BRANCHING - 1].last_step
        (below,) = self._rows.over(key, level - 1, [window])
        self._summarize(key, level, below, groups)
        return [window]

    def _summarize(self, key: SeriesKey, level: int, below: Sequence[StoredBlock], groups: int) -> None:
        """Adds the rows of ``level`` over rows of the level below, divided into near equal groups."""
        for some in np.array_split(np.arange(len(below)), groups):
            buckets = Buckets.concatenate([self._buckets(key, below[place]) for place in some.tolist()])
            if len(buckets):
                self._rows.insert(key, buckets_row(key, level, merge(buckets)))

    def _buckets(self, key: SeriesKey, row: StoredBlock) -> Buckets:
        """What a row holds; where it is damaged, what stands below it says the same."""
        buckets = buckets_of(key, row)
        if buckets is not None:
            return buckets
        below = row.level - 1
        (rows,) = self._rows.over(key, below, [(row.first_step, row.last_step)])
        if below > POINTS_LEVEL:
            return merge(Buckets.concatenate([self._buckets(key, row) for row in rows]))
        held = [points_of(key, row) for row in rows]
        return Buckets.concatenate([summarize(points) for points in held if points is not None])


def _windows_over(changed: Sequence[Window], spans: Sequence[Span]) -> list[Window]:
    """The steps whose rows are to be made anew: of the rows that meet what changed, or stand before or after it.

    What changed behind all rows is left out: it is for new rows.
    """
    windows = []
    for first, last in changed:
        met = [span for span in spans if span.first_step <= last and span.last_step >= first]
        if not met and spans and first < spans[-1].first_step:
            met = [span for span in spans if span.last_step < first][-1:] or [spans[0]]
        if met:
            windows.append((min(first, met[0].first_step), max(last, *(span.last_step for span in met))))
    return joined(windows)


def joined(windows: Sequence[Window]) -> list[Window]:
    """The same steps as windows in step order that do not overlap."""
    together: list[Window] = []
    for first, last in sorted(windows):
        if together and first <= together[-1][1]:
            together[-1] = together[-1][0], max(last, together[-1][1])
        else:
            together.append((first, last))
    return together


def _meets(span: Span, windows: Sequence[Window]) -> bool:
    return any(first <= span.last_step and last >= span.first_step for first, last in windows)
