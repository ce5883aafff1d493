"""Points of many series in one table of columns, so that what is asked of all is computed at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tb_runhistory.records.points import Points


@dataclass(frozen=True, slots=True, eq=False)
class Segments:
    """Points in the order logged.

    Segment i is of the series at ``positions[i]`` of some list, was logged in the session with the ordinal
    ``sessions[i]``, and has the rows from ``starts[i]`` to ``starts[i + 1]``, at least one.
    """

    positions: NDArray[np.int64]
    sessions: NDArray[np.int64]
    starts: NDArray[np.int64]
    points: Points

    def __len__(self) -> int:
        return len(self.positions)

    def __iter__(self) -> Iterator[tuple[int, Points]]:
        """The position and the points of each segment."""
        bounds = self.starts.tolist()
        for row, position in enumerate(self.positions.tolist()):
            yield position, self.points.take(slice(bounds[row], bounds[row + 1]))

    @property
    def sizes(self) -> NDArray[np.int64]:
        """The number of points of each segment."""
        return np.diff(self.starts)

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> Segments:
        """The segments at ``rows``, in that order."""
        sizes, firsts = self.sizes[rows], self.starts[:-1][rows]
        starts = np.concatenate(([0], np.cumsum(sizes)))
        points = self.points.take(np.repeat(firsts - starts[:-1], sizes) + np.arange(starts[-1]))
        return Segments(self.positions[rows], self.sessions[rows], starts, points)

    def keep(self, mask: NDArray[np.bool_]) -> Segments:
        """The points that ``mask`` marks. A segment without any is gone."""
        sizes = np.add.reduceat(mask.astype(np.int64), self.starts[:-1])
        left = sizes > 0
        starts = np.concatenate(([0], np.cumsum(sizes[left])))
        return Segments(self.positions[left], self.sessions[left], starts, self.points.take(mask))

    def turns(self) -> Iterator[Segments]:
        """The same in turns of segments whose series are all different.

        Segments that one session logged to a series, with none of another session between them, become one.
        """
        if len(np.unique(self.positions)) == len(self):
            yield self
            return
        turn_of: dict[int, tuple[int, int]] = {}
        turns = np.empty(len(self), np.int64)
        for row, (position, session) in enumerate(zip(self.positions.tolist(), self.sessions.tolist(), strict=True)):
            turn, logging = turn_of.get(position, (0, session))
            turn_of[position] = turn + (logging != session), session
            turns[row] = turn_of[position][0]
        for turn in range(int(turns.max()) + 1):
            rows = np.flatnonzero(turns == turn)
            yield self.take(rows[np.argsort(self.positions[rows], kind="stable")])._joined()

    def _joined(self) -> Segments:
        firsts = np.flatnonzero(np.append(True, self.positions[1:] != self.positions[:-1]))
        starts = np.append(self.starts[:-1][firsts], self.starts[-1])
        return Segments(self.positions[firsts], self.sessions[firsts], starts, self.points)
