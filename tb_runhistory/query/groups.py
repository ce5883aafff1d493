"""Runs in groups by what they have in one column: what may be asked for, and what is answered.

A run is a member of the group of its value, unless its parent is: then it stands below that one anyway. So the trees
stay whole below a group, and a sweep whose trials have a status of their own is in another group than these. The
runs of a group are those that meet the filter and ``condition_of`` the group's value, shown as ``Shown.TOPS``; and
groups within a group are groups of these.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from tb_runhistory.query.terms import Column, Comparison, Condition, IsMissing, Operator, Statistic
from tb_runhistory.query.tree import Cells
from tb_runhistory.records.changes import Direction, ParameterValue
from tb_runhistory.records.columns import Scope


class GroupField(StrEnum):
    """What every group has, as something to sort by: its value, and the number of its members."""

    VALUE = "value"
    RUNS = "runs"


@dataclass(frozen=True, slots=True)
class GroupColumn:
    """A statistic over what the members of a group have in a column."""

    statistic: Statistic
    column: Column


@dataclass(frozen=True, slots=True)
class GroupQuery:
    """Which runs, grouped by which column, in which order, with which cells.

    Groups are sorted by a field or a column; those without a value come last whichever way, and so does the group of
    the runs that have none. Other terms mean what they mean in a ``TreeQuery``.
    """

    now: float
    by: Column
    scope: Scope = field(default_factory=Scope)
    filter: Condition | None = None
    sort: GroupField | GroupColumn = GroupField.VALUE
    descending: bool = False
    offset: int = 0
    limit: int = 100
    columns: tuple[GroupColumn, ...] = ()
    directions: Mapping[str, Direction] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class GroupPage:
    """Groups from an offset on, in the order that was asked for, out of ``total``.

    ``value`` is None for the runs that have none. ``run_count`` counts the members, ``statuses`` has a column for each
    ``RunStatus``, in their order: how many members have it. ``cells`` has a statistic over the members for each column;
    of what is no number, the value that all have which have one. Of the ``runs_in_scope`` so many are ``matches``,
    whichever are members.
    """

    value: list[ParameterValue | None]
    run_count: NDArray[np.int64]
    total: int
    cells: list[Cells]
    statuses: NDArray[np.int64]
    matches: int
    runs_in_scope: int

    def __len__(self) -> int:
        return len(self.value)


def condition_of(by: Column, value: ParameterValue | None) -> Condition:
    """What a run meets that has the value of a group."""
    if value is None:
        return IsMissing(by)
    return Comparison(by, Operator.EQUAL, value if isinstance(value, bool | str) else float(value))
