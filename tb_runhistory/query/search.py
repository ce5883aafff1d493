"""Runs that meet a condition, as one list, and the values of columns: what may be asked for, and what is answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tb_runhistory.query.terms import Condition, Order
from tb_runhistory.query.tree import BY_CREATION
from tb_runhistory.records.changes import Direction, ParameterValue
from tb_runhistory.records.columns import Scope


@dataclass(frozen=True, slots=True)
class RunSearch:
    """Which runs, in which order. Terms mean what they mean in a ``TreeQuery``.

    Runs are sorted by each key in turn; those that are equal stand in the order of their creation, or in the opposite
    one where the first key is their creation, descending. ``limit`` None asks for all. ``below``, where it is given,
    leaves the run with this id and what stands below it.
    """

    now: float
    scope: Scope = field(default_factory=Scope)
    filter: Condition | None = None
    order: tuple[Order, ...] = (Order(BY_CREATION, descending=True),)
    offset: int = 0
    limit: int | None = None
    below: str = ""
    directions: Mapping[str, Direction] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FoundRuns:
    """The ids of matching runs, in order; of the ``runs_in_scope`` so many are ``matches``."""

    run_id: list[str]
    matches: int
    runs_in_scope: int


@dataclass(frozen=True, slots=True, eq=False)
class ValueCounts:
    """The different values of a column, the most frequent first, and how many runs have each."""

    value: list[ParameterValue]
    run_count: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.value)
