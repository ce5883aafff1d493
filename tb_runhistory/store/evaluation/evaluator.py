"""What columns and conditions are for every run of a forest."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tb_runhistory.query.direction import guessed_direction
from tb_runhistory.query.patterns import like_test, regular_test
from tb_runhistory.query.terms import (
    TOTAL_STEPS,
    AllOf,
    Ancestor,
    AnyOf,
    Attribute,
    Column,
    Comparison,
    Condition,
    CountOf,
    EveryRelative,
    Field,
    Filled,
    IsMissing,
    Like,
    Matches,
    Metric,
    Not,
    OfAncestor,
    OwnColumn,
    Parameter,
    Relation,
    RollUp,
    SomeRelative,
    Statistic,
    Within,
    readings,
)
from tb_runhistory.records.changes import Direction
from tb_runhistory.records.points import Floats
from tb_runhistory.store.evaluation.forest import Forest
from tb_runhistory.store.evaluation.statistics import EXTREMES, Grouped, first_with, in_groups, means, statistic_of
from tb_runhistory.store.evaluation.values import ABSENT, Mask, Rows, Truth, Values, all_of, any_of, compared, tested
from tb_runhistory.store.evaluation.values import within as is_within

Counts = NDArray[np.int64]


class OwnColumns(Protocol):
    """Gives the values of the runs of a forest themselves, in its order; a parameter never as inherited."""

    def values(self, column: OwnColumn) -> Values:
        """The column."""


@dataclass(frozen=True, slots=True, eq=False)
class RolledUp:
    """A roll-up for each run: its ``number``, over how many values it is, and the row that has it (-1 where none)."""

    number: Floats
    over: Counts
    best: Rows


def progress(steps: Floats, total: Floats) -> Floats:
    """How far runs are, from 0 to 1, those without a step at 0: NaN where there is no total above 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        share: Floats = np.where(total > 0, np.minimum(np.nan_to_num(steps) / total, 1.0), np.nan)
    return share


@dataclass(frozen=True, eq=False)
class Evaluator:
    """Answers for the runs of a forest at one moment.

    Relatives are those runs that are ``seen``; a leaf is one without children that are. What is above a run is so
    whether it is seen or not. ``directions`` has those of metrics whose direction was said.
    """

    forest: Forest
    own: OwnColumns
    seen: Mask
    directions: Mapping[str, Direction] = field(default_factory=dict)

    def values(self, column: Column, among: Rows | None = None) -> Values:
        """The column for every run; what has to be made of relatives only for the runs ``among``, if these are given.

        Raises:
          BadRequest: a pattern that cannot be used.
        """
        if isinstance(column, OfAncestor):
            return self.values(column.column).take(self._ancestors(column.ancestor))
        if isinstance(column, RollUp):
            return self._rolled_up_values(column, among)
        if isinstance(column, Filled):
            own, roll_up = self.own.values(column.own), self._rolled_up_values(column.roll_up, among)
            rows = np.flatnonzero(own.kind == ABSENT)
            return own.put(rows, roll_up.take(rows))
        if isinstance(column, CountOf):
            return Values.of_numbers(self._count(column).astype(float))
        if isinstance(column, Parameter) and column.inherited:
            return self._inherited(Parameter(column.name))
        if column == Field(Attribute.PROGRESS):
            steps, total = self.own.values(Field(Attribute.STEPS)), self._inherited(Parameter(TOTAL_STEPS))
            return Values.of_numbers(progress(steps.number_only, total.number_only))
        return self.own.values(column)

    def truth(self, condition: Condition) -> Truth:
        """Whether the condition holds, for every run.

        Raises:
          BadRequest: a pattern that cannot be used.
        """
        if isinstance(condition, AllOf):
            return all_of(map(self.truth, condition.conditions))
        if isinstance(condition, AnyOf):
            return any_of(map(self.truth, condition.conditions))
        if isinstance(condition, Not):
            return self.truth(condition.condition).negated()
        if isinstance(condition, SomeRelative):
            return Truth.known(self._count_relatives(condition.over, condition.condition) > 0)
        if isinstance(condition, EveryRelative):
            there = self._count_relatives(condition.over, None)
            return Truth.known((there > 0) & (self._count_relatives(condition.over, condition.condition) == there))
        column = condition.column
        values = self.values(column)
        if isinstance(condition, IsMissing):
            return Truth.known(values.is_missing)
        if isinstance(condition, Comparison):
            return compared(values, condition.operator, readings(column, condition.value))
        if isinstance(condition, Within):
            return is_within(values, [one for literal in condition.values for one in readings(column, literal)])
        if isinstance(condition, Like):
            return tested(values, like_test(condition.pattern, condition.ignore_case))
        assert isinstance(condition, Matches)
        return tested(values, regular_test(condition.pattern))

    def roll_up(self, column: RollUp, among: Rows | None = None) -> RolledUp:
        """A roll-up for the runs ``among``, or for all."""
        values = self.values(column.column)
        number = np.full(len(self.forest), np.nan)
        over = np.zeros(len(self.forest), np.int64)
        best = np.full(len(self.forest), -1, np.intp)
        if column.statistic is Statistic.COUNT:
            if column.over is not Relation.REPEATS:
                over = self._count_of(column.over, ~values.is_missing)
                return RolledUp(over.astype(float), over, best)
            number[:] = 0.0
        statistic = self.statistic(column.statistic, column.column)
        for members, group, numbers in self._members(column.over, values.number_only, among):
            groups, starts = in_groups(group)
            grouped = Grouped(numbers, starts)
            number[groups] = found = statistic_of(grouped, statistic)
            over[groups] = grouped.counts
            if statistic in EXTREMES:
                best[groups] = members[first_with(grouped, found)]
        return RolledUp(number, over, best)

    def statistic(self, statistic: Statistic, column: Column) -> Statistic:
        """The statistic, of which the best is a minimum or a maximum."""
        if statistic is not Statistic.BEST:
            return statistic
        column = column.own if isinstance(column, Filled) else column.column if isinstance(column, RollUp) else column
        tag = column.tag if isinstance(column, Metric) else ""
        direction = self.directions.get(tag) or guessed_direction(tag)
        return Statistic.MIN if direction is Direction.MINIMIZE else Statistic.MAX

    def filled_with(self, column: Filled) -> Mask:
        """Where a filled column has a roll-up, and not the run's own fact."""
        found: Mask = self.own.values(column.own).kind == ABSENT
        return found

    def _rolled_up_values(self, column: RollUp, among: Rows | None) -> Values:
        return Values.of_numbers(self.roll_up(column, among).number)

    def _ancestors(self, ancestor: Ancestor) -> Rows:
        return self.forest.parent if ancestor is Ancestor.PARENT else self.forest.roots()

    def _inherited(self, column: Parameter) -> Values:
        """Each run's own or its nearest ancestor's: from the top down, where there is none that of the parent."""
        own = self.own.values(column)
        source = np.where(own.kind != ABSENT, np.arange(len(self.forest)), -1)
        for level in self.forest.by_depth():
            rows = level[(source[level] < 0) & (self.forest.parent[level] >= 0)]
            source[rows] = source[self.forest.parent[rows]]
        return own.take(source)

    @cached_property
    def _children(self) -> Counts:
        return self.forest.count_children(self.seen)

    @cached_property
    def leaves(self) -> Mask:
        """The runs without children."""
        found: Mask = self.seen & (self._children == 0)
        return found

    def _count(self, column: CountOf) -> Counts:
        return self._count_relatives(column.over, column.condition)

    def _count_relatives(self, over: Relation, condition: Condition | None) -> Counts:
        """How many relatives of each run match."""
        return self._count_of(over, self.seen if condition is None else self.truth(condition).holds)

    def _count_of(self, over: Relation, mask: Mask) -> Counts:
        if over is Relation.CHILDREN:
            return self.forest.count_children(mask & self.seen)
        return self.forest.count_below(mask & (self.seen if over is Relation.DESCENDANTS else self.leaves))

    def _members(self, over: Relation, numbers: Floats, among: Rows | None) -> Iterator[tuple[Rows, Rows, Floats]]:
        """The relatives that have a number, with the run that they are relatives of and the number, group by group:
        in parts of which each has whole groups.
        """
        is_member = self.seen & ~np.isnan(numbers)
        is_asked = np.zeros(len(self.forest), np.bool_)
        is_asked[among if among is not None else slice(None)] = True
        if over is Relation.CHILDREN:
            members = np.flatnonzero(is_member & (self.forest.parent >= 0))
            members = members[is_asked[self.forest.parent[members]]]
            members = members[np.argsort(self.forest.parent[members], kind="stable")]
            yield members, self.forest.parent[members], numbers[members]
            return
        if over is not Relation.DESCENDANTS:
            is_member &= self.leaves
        is_asked &= self.forest.size > 1
        gather: Callable[[Rows, Rows, Floats], tuple[Rows, Rows, Floats]] = (
            self._averaged if over is Relation.REPEATS else lambda members, group, found: (members, group, found)
        )
        for depth in np.unique(self.forest.depth[is_asked]).tolist():
            below = np.flatnonzero(is_member & (self.forest.depth > depth))
            above = self.forest.above(below, depth)
            below, above = below[is_asked[above]], above[is_asked[above]]
            yield gather(below, above, numbers[below])

    def _averaged(self, leaves: Rows, group: Rows, numbers: Floats) -> tuple[Rows, Rows, Floats]:
        """Parents of leaves with the means of these; a leaf right below the run in question stands for itself."""
        repeat = np.where(self.forest.parent[leaves] == group, leaves, self.forest.parent[leaves])
        order = np.argsort(repeat, kind="stable")
        repeats, starts = in_groups(repeat[order])
        averaged = means(Grouped(numbers[order], starts)) if len(repeats) else np.empty(0)
        of_group = group[order][starts[:-1]]
        is_known = ~np.isnan(averaged)
        return repeats[is_known], of_group[is_known], averaged[is_known]
