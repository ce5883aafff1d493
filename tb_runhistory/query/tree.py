"""A page of the tree of runs: what may be asked for, and what is answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from tb_runhistory.query.terms import Attribute, Column, Condition, Field, Metric, Parameter
from tb_runhistory.records.changes import Direction, ParameterValue
from tb_runhistory.records.columns import RunColumns, Scope

BY_CREATION = Field(Attribute.CREATED)


class Shown(StrEnum):
    """What of the tree a filter leaves: the matches and all that is above them; also all that is below them; the
    matches alone, as one list; or those whose parents are none, with all that is below them.
    """

    WITH_ANCESTORS = "ancestors"
    SUBTREES = "subtrees"
    FLAT = "flat"
    TOPS = "tops"


@dataclass(frozen=True, slots=True)
class TreeQuery:
    """Which runs, in which order, with which cells.

    ``parent_id`` chooses the children of one run; "" chooses the top of the scope, which are its runs whose parents are
    not in it. Runs are sorted by a column: numbers before texts, infinities at the ends, and runs without a value (a
    NaN is none) last whichever way. Runs that are equal stand in the order of their creation. ``now`` is the moment, in
    seconds since the epoch, that running runs last until and heartbeats are compared with; a run that does not respond
    lasts until its last heartbeat. ``filter`` leaves of the scope what is ``shown``. ``statuses`` asks for those of the
    descendants. ``directions`` has those of metrics whose direction was said; others are guessed.
    """

    now: float
    scope: Scope = field(default_factory=Scope)
    parent_id: str = ""
    sort: Column = BY_CREATION
    descending: bool = True
    offset: int = 0
    limit: int = 100
    columns: tuple[Column, ...] = ()
    filter: Condition | None = None
    shown: Shown = Shown.WITH_ANCESTORS
    statuses: bool = False
    directions: Mapping[str, Direction] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """One column of some runs: a value a run, None where it is missing; a NaN that was logged is one.

    ``over`` says over how many values a roll-up is, and is 0 at a run's own. ``best`` is the id of the run that has the
    minimum or maximum which the value is or, of an inherited parameter, from which it is inherited; "" where there is
    none such.
    """

    values: list[ParameterValue | None]
    over: NDArray[np.int64]
    best: list[str]

    def __len__(self) -> int:
        return len(self.values)


@dataclass(frozen=True, slots=True, eq=False)
class TreePage:
    """Runs of one parent from an offset on, in the order that was asked for, out of ``total``.

    ``children`` counts the direct children of each run that are shown, ``is_match`` says which meet the filter. Of the
    ``runs_in_scope`` so many are ``matches``; both are None where no filter was given. ``statuses``, where it was asked
    for, has a column for each ``RunStatus``, in their order: how many descendants have it.
    """

    runs: RunColumns
    children: NDArray[np.int64]
    total: int
    cells: list[Cells]
    is_match: NDArray[np.bool_]
    matches: int | None = None
    runs_in_scope: int | None = None
    statuses: NDArray[np.int64] | None = None

    @property
    def values(self) -> list[list[ParameterValue | None]]:
        """The values of the cells, a list for each column."""
        return [column.values for column in self.cells]


@dataclass(frozen=True, slots=True, eq=False)
class ColumnCounts:
    """The columns that runs have: parameters first, then by how many runs have one themselves, then by name."""

    column: list[Parameter | Metric]
    run_count: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.column)
