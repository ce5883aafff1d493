"""Series of many runs in numbers: a line each, so that half a million of them fit into little memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tb_runhistory.provider.directory import Rows, RunDirectory
from tb_runhistory.provider.points_cache import SeriesState
from tb_runhistory.provider.snapshot import Snapshot
from tb_runhistory.records.changes import DataClass
from tb_runhistory.records.columns import SeriesColumns, SeriesKey
from tb_runhistory.records.points import Floats


@dataclass(frozen=True, slots=True, eq=False)
class SeriesTable:
    """Scalar series by line, those of one run together.

    ``row`` is the run's row in the directory, ``tag`` the place of the tag in ``tags``; the other columns are what
    ``SeriesColumns`` says.
    """

    directory: RunDirectory
    tags: list[str]
    row: NDArray[np.int32]
    tag: NDArray[np.int32]
    number: NDArray[np.int32]
    count: NDArray[np.int64]
    hidden: NDArray[np.int64]
    first_step: NDArray[np.int64]
    last_step: NDArray[np.int64]
    last_wall_time: Floats
    last_value: Floats

    def __len__(self) -> int:
        return len(self.row)

    def states(self, lines: Iterable[int]) -> list[SeriesState]:
        """The series at ``lines``, as a reader and a cache know them."""
        runs = self.directory
        return [
            SeriesState(
                SeriesKey(runs.root_id(self.row[line]), runs.run_id(self.row[line]), int(self.number[line])),
                int(self.count[line]),
                int(self.hidden[line]),
            )
            for line in lines
        ]

    def name(self, line: int) -> str:
        """The name of the run of the series."""
        return self.directory.name(self.row[line])

    def tag_name(self, line: int) -> str:
        """The tag of the series."""
        return self.tags[int(self.tag[line])]


def read_table(
    snapshot: Snapshot, rows: Rows, tags: frozenset[str] | None, plugin: str, plain_plugin: str
) -> SeriesTable:
    """The scalar series of the runs in rows that belong to a plugin; ``plain_plugin`` has those that name none."""
    numbered: dict[str, int] = {}
    parts: list[tuple[NDArray[np.generic], ...]] = []
    for series in snapshot.series_of(DataClass.SCALAR, rows, tags):
        known = [snapshot.directory.row_of(key.run_id) for key in series.key]
        lines = [
            line for line, row in enumerate(known) if row is not None and of_plugin(series, line, plugin, plain_plugin)
        ]
        parts.append(
            (
                np.array([known[line] for line in lines], np.int32),
                np.array([numbered.setdefault(series.tag[line], len(numbered)) for line in lines], np.int32),
                np.array([series.key[line].number for line in lines], np.int32),
                *(column[lines] for column in _numbers(series)),
            )
        )
    empty = (np.empty(0, np.int32),) * 3 + (np.empty(0, np.int64),) * 4 + (np.empty(0),) * 2
    columns = [np.concatenate(column) for column in zip(empty, *parts, strict=True)]
    return SeriesTable(snapshot.directory, list(numbered), *columns)


def of_plugin(series: SeriesColumns, line: int, plugin: str, plain_plugin: str) -> bool:
    """Whether a series belongs to the dashboard ``plugin``."""
    return (series.plugin_name[line] or plain_plugin) == plugin


def _numbers(series: SeriesColumns) -> Sequence[NDArray[np.generic]]:
    return (series.count, series.hidden, series.first_step, series.last_step, series.last_wall_time, series.last_value)
