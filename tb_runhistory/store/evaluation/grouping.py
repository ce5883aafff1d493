"""Runs in groups by their values in one column, with statistics over the members of each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tb_runhistory.query.groups import GroupColumn, GroupField, GroupPage, GroupQuery
from tb_runhistory.query.terms import Statistic
from tb_runhistory.query.tree import Cells
from tb_runhistory.records.changes import ParameterValue
from tb_runhistory.records.points import Floats
from tb_runhistory.records.status import RunStatus
from tb_runhistory.store.evaluation.evaluator import Evaluator
from tb_runhistory.store.evaluation.ordering import in_order
from tb_runhistory.store.evaluation.statistics import EXTREMES, Grouped, first_with, in_groups, statistic_of
from tb_runhistory.store.evaluation.values import EMPTY, TEXT, Mask, Rows, Values

Counts = NDArray[np.int64]


def groups_of(
    evaluator: Evaluator, matches: Mask, statuses: Counts, runs_in_scope: int, query: GroupQuery
) -> GroupPage:
    """The page of groups that is asked for, of the runs that match; ``statuses`` are those of all runs."""
    forest = evaluator.forest
    values = evaluator.values(query.by)
    group = _group_of(values)
    is_below_its_own = forest.has_parent_in(matches) & (group == group[forest.parent])
    members = np.flatnonzero(matches & ~is_below_its_own)
    members = members[np.argsort(group[members], kind="stable")]
    groups = _Groups(evaluator, members, in_groups(group[members])[1])
    page = groups.in_order(query, values)[query.offset : query.offset + query.limit]
    counted = [np.bincount(statuses[groups.members_of(number)], minlength=len(RunStatus)) for number in page]
    return GroupPage(
        value=values.take(groups.firsts[page]).cells(),
        run_count=groups.sizes[page],
        total=len(groups.firsts),
        cells=[groups.cells(column, page) for column in query.columns],
        statuses=np.array(counted, np.int64).reshape(len(page), len(RunStatus)),
        matches=int(matches.sum()),
        runs_in_scope=runs_in_scope,
    )


def _group_of(values: Values) -> Rows:
    """A number for each run, which is the same where the value is."""
    kind = np.where(values.is_missing, 0, values.kind)
    number = np.where(kind == TEXT, values.code, np.where(values.is_missing, 0.0, values.number))
    different, place = np.unique(number, return_inverse=True)
    return kind.astype(np.intp) * len(different) + place


@dataclass(frozen=True, slots=True, eq=False)
class _Groups:
    """Members of groups, those of a group side by side: of group i from ``starts[i]`` to ``starts[i + 1]``."""

    evaluator: Evaluator
    members: Rows
    starts: NDArray[np.intp]

    @property
    def sizes(self) -> Counts:
        """How many members each group has."""
        return np.diff(self.starts)

    @property
    def firsts(self) -> Rows:
        """One member of each group."""
        return self.members[self.starts[:-1]]

    def members_of(self, group: int) -> Rows:
        """The members of one group."""
        return self.members[self.starts[group] : self.starts[group + 1]]

    def in_order(self, query: GroupQuery, values: Values) -> Rows:
        """The groups as they are sorted, by their values where they are equal otherwise."""
        forest = self.evaluator.forest
        is_by_value = query.sort is GroupField.VALUE
        number_of = np.empty(len(forest), np.intp)
        number_of[self.firsts] = np.arange(len(self.firsts))
        by_value = number_of[
            in_order(self.firsts, [(query.by, values, is_by_value and query.descending)], forest.place)
        ]
        if is_by_value:
            return by_value
        sort = query.sort
        key = self._statistic(sort).number if isinstance(sort, GroupColumn) else self.sizes.astype(float)
        key = (-key if query.descending else key)[by_value]
        is_none = values.is_missing[self.firsts][by_value]
        return by_value[np.lexsort((key, np.isnan(key), is_none))]

    def cells(self, column: GroupColumn, page: Rows) -> Cells:
        """The cells of a column for some of the groups."""
        found = self._statistic(column)
        is_count = column.statistic is Statistic.COUNT
        numbers = found.number[page].tolist()
        shown: list[ParameterValue | None] = [
            None if number != number else int(number) if is_count else number for number in numbers
        ]
        over, best = found.over[page], found.best[page]
        for place in [] if is_count else np.flatnonzero(over == 0).tolist():
            shown[place] = found.shared_by(self.starts[page[place]], self.starts[page[place] + 1])
        ids = iter(self.evaluator.forest.id_texts(best[best >= 0]))
        return Cells(shown, over, [next(ids) if row >= 0 else "" for row in best.tolist()])

    def _statistic(self, column: GroupColumn) -> _Statistic:
        values = self.evaluator.values(column.column, self.members).take(self.members)
        number = np.full(len(self.firsts), np.nan)
        over = np.zeros(len(self.firsts), np.int64)
        best = np.full(len(self.firsts), -1, np.intp)
        of_group = np.repeat(np.arange(len(self.firsts)), self.sizes)
        if column.statistic is Statistic.COUNT:
            over = np.bincount(of_group[~values.is_missing], minlength=len(self.firsts))
            return _Statistic(values, over.astype(float), over, best)
        rows = np.flatnonzero(~np.isnan(values.number_only))
        groups, starts = in_groups(of_group[rows])
        grouped = Grouped(values.number[rows], starts)
        statistic = self.evaluator.statistic(column.statistic, column.column)
        number[groups] = found = statistic_of(grouped, statistic)
        over[groups] = grouped.counts
        if statistic in EXTREMES:
            best[groups] = self.members[rows][first_with(grouped, found)]
        return _Statistic(values, number, over, best)


@dataclass(frozen=True, slots=True, eq=False)
class _Statistic:
    """The values of a column at all members, and for each group a statistic of those that are numbers."""

    values: Values
    number: Floats
    over: Counts
    best: Rows

    def shared_by(self, first: int, behind: int) -> ParameterValue | None:
        """The value that all of the members have which have one; None where they differ."""
        part = self.values.take(np.arange(first, behind))
        part = part.take(np.flatnonzero(part.kind > EMPTY))
        return part.take(np.array([0])).cells()[0] if len(part) and len(np.unique(_group_of(part))) == 1 else None
