"""A page of the tree of runs: what may be asked for, and what is answered."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from tb_runhistory.records.changes import ParameterValue
from tb_runhistory.records.columns import RunColumns, Scope


class RunField(StrEnum):
    """What every run has, as something to sort by. ``STATUS`` is in the order of a run's life."""

    CREATED = "created"
    NAME = "name"
    STATUS = "status"
    STARTED = "started"
    DURATION = "duration"


class ColumnKind(StrEnum):
    """What a further column shows: a parameter of a run, its own or what it inherits, or a metric's last value."""

    PARAMETER = "param"
    METRIC = "metric"


@dataclass(frozen=True, slots=True)
class TreeColumn:
    """A column of the tree: a parameter's name or a metric's tag."""

    kind: ColumnKind
    name: str


@dataclass(frozen=True, slots=True)
class TreeQuery:
    """Which runs, in which order, with which cells.

    ``parent_id`` chooses the children of one run; "" chooses the top of the scope, which are its runs whose parents are
    not in it. Runs are sorted by a field or a column: numbers before texts, infinities at the ends, and runs without
    a value (a NaN is none) last whichever way. Runs that are equal stand in the order of their creation. ``now``
    is the moment, in seconds since the epoch, that running runs last until and heartbeats are compared with; a run
    that does not respond lasts until its last heartbeat.
    """

    now: float
    scope: Scope = field(default_factory=Scope)
    parent_id: str = ""
    sort: RunField | TreeColumn = RunField.CREATED
    descending: bool = True
    offset: int = 0
    limit: int = 100
    columns: tuple[TreeColumn, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class TreePage:
    """Runs of one parent from an offset on, in the order that was asked for, out of ``total``.

    ``children`` counts the direct children of each run. ``cells`` has a list for each column that was asked for, with
    one value a run; None where a run has no such parameter, or no point of such a metric.
    """

    runs: RunColumns
    children: NDArray[np.int64]
    total: int
    cells: list[list[ParameterValue | None]]


@dataclass(frozen=True, slots=True, eq=False)
class ColumnCounts:
    """The columns that runs have, parameters first, then by how many runs have one themselves, then by name."""

    column: list[TreeColumn]
    run_count: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.column)
