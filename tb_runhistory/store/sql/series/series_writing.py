"""Writing what runs log: all series that one transaction touches, at once and in columns."""

from __future__ import annotations

from collections.abc import Callable, Collection

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from tb_runhistory.artifacts.base import ArtifactStore
from tb_runhistory.points.segments import Segments
from tb_runhistory.records.changes import DataClass, DeclareSeries
from tb_runhistory.records.points import Points
from tb_runhistory.store.base import LoggedEntries, LoggedPoints
from tb_runhistory.store.sql.series.entries_writing import EntriesWriter
from tb_runhistory.store.sql.series.points_writing import PointsWriter
from tb_runhistory.store.sql.series.series_rows import SeriesTable
from tb_runhistory.store.sql.series.tails import RunKey
from tb_runhistory.store.sql.types import storable


class SeriesWriter:
    """What one transaction logs. ``append`` and ``append_entries`` gather it, ``finish`` writes it.

    ``session_of`` gives the ordinal, in its run and from 1, of the session in which a series is declared.
    """

    def __init__(
        self, connection: Connection, artifacts: ArtifactStore, session_of: Callable[[DeclareSeries], int]
    ) -> None:
        self._connection = connection
        self._artifacts = artifacts
        self._session_of = session_of
        self._points: list[tuple[LoggedPoints, list[int]]] = []
        self._entries: list[tuple[LoggedEntries, int]] = []

    def append(self, logged: LoggedPoints) -> None:
        """Adds points of scalar series."""
        if len(logged):
            self._points.append((logged, [self._session_of(series) for series in logged.series]))

    def append_entries(self, logged: LoggedEntries) -> None:
        """Adds entries of a series of another class."""
        if logged.entries:
            self._entries.append((logged, self._session_of(logged.series)))

    def finish(self, ended_runs: Collection[RunKey]) -> list[tuple[str, str, str]]:
        """Writes all of it, and what runs that have ended need. The scalar series that came into being, as (root_id,
        run_id, tag).
        """
        declared = [series for logged, _ in self._points for series in logged.series]
        number = len(declared)
        declared += [logged.series for logged, _ in self._entries]
        table = SeriesTable(self._connection, declared)
        new = [table.declared[row] for row in np.flatnonzero(table.is_new).tolist()]
        points = PointsWriter(self._connection, table)
        if self._points:
            points.log(self._segments(table.positions[:number]))
        if self._entries:
            writer = EntriesWriter(self._connection, self._artifacts, table)
            places = table.positions[number:].tolist()
            writer.log([(place, *lot) for place, lot in zip(places, self._entries, strict=True)])
        points.store(ended_runs)
        table.store()
        self._points, self._entries = [], []
        return [(one.root_id, one.run_id, storable(one.tag)) for one in new if one.data_class is DataClass.SCALAR]

    def _segments(self, positions: NDArray[np.int64]) -> Segments:
        offsets = np.cumsum([0, *(len(logged) for logged, _ in self._points)]).tolist()
        starts = [logged.starts[:-1] + offset for (logged, _), offset in zip(self._points, offsets[:-1], strict=True)]
        return Segments(
            positions,
            np.array([session for _, sessions in self._points for session in sessions], np.int64),
            np.append(np.concatenate(starts), offsets[-1]),
            Points.concatenate([logged.points for logged, _ in self._points]),
        )
