"""Pages, lists and values of runs that meet conditions, or are sorted by what their relatives have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from tb_runhistory.query.groups import GroupPage, GroupQuery
from tb_runhistory.query.search import FoundRuns, RunSearch, ValueCounts
from tb_runhistory.query.terms import (
    Attribute,
    Column,
    Condition,
    CountOf,
    Field,
    Filled,
    OfAncestor,
    Order,
    OwnColumn,
    RollUp,
    Statistic,
)
from tb_runhistory.query.tree import Cells, Shown, TreePage, TreeQuery
from tb_runhistory.records.changes import Direction, LifecycleStage, ParameterValue
from tb_runhistory.records.columns import RunColumns, Scope
from tb_runhistory.records.identity import id_bytes
from tb_runhistory.records.status import RunStatus
from tb_runhistory.store.evaluation.evaluator import Evaluator, RolledUp
from tb_runhistory.store.evaluation.forest import Forest, ids_from
from tb_runhistory.store.evaluation.grouping import groups_of
from tb_runhistory.store.evaluation.ordering import in_order
from tb_runhistory.store.evaluation.values import BOOLEAN, NUMBER, TEXT, Mask, Rows, Values
from tb_runhistory.store.sql.database import Database
from tb_runhistory.store.sql.questions.kept import KeptColumns, View
from tb_runhistory.store.sql.questions.own_columns import StoredColumns, sources_of
from tb_runhistory.store.sql.runs.cells import CellValues, read_cells, runs_named
from tb_runhistory.store.sql.runs.directions import read_directions
from tb_runhistory.store.sql.runs.run_reading import places_of
from tb_runhistory.store.sql.runs.scope import StageGroup, named_runs, stage_groups
from tb_runhistory.store.sql.runs.sorting import is_sorted_in_sql
from tb_runhistory.store.sql.runs.tree import read_siblings


class Questions:
    """Answers questions of a store. Any number of threads may ask; each brings its connection."""

    def __init__(self, database: Database) -> None:
        self._kept = KeptColumns(database)

    def page(self, connection: Connection, query: TreeQuery) -> TreePage:
        """As ``RunReader.tree_page`` says."""
        if query.filter is not None or not is_sorted_in_sql(query.sort):
            return self._page_of_matches(connection, query)
        page = read_siblings(connection, query)
        every = np.ones(len(page.runs), np.bool_)
        cells, statuses = self._shown(connection, page.runs, query)
        return TreePage(page.runs, page.children, page.total, cells, every, statuses=statuses)

    def _page_of_matches(self, connection: Connection, query: TreeQuery) -> TreePage:
        asked = self._asked(connection, query.scope, query.now, query.directions)
        matches = asked.matches(query.filter)
        is_filtered = query.filter is not None
        shown = asked.shown(matches, query.shown) if is_filtered else asked.in_scope
        if is_filtered and query.shown is Shown.FLAT:
            candidates = np.flatnonzero(matches)
        elif is_filtered and query.shown is Shown.TOPS and not query.parent_id:
            candidates = np.flatnonzero(matches & ~asked.forest.has_parent_in(matches))
        else:
            candidates = asked.children(query.parent_id, shown)
        ordered = asked.in_order(candidates, [Order(query.sort, query.descending)])
        rows = ordered[query.offset : query.offset + query.limit]
        runs, rows = _runs_at(connection, asked.forest, rows)
        cells, statuses = self._shown(connection, runs, query)
        return TreePage(
            runs,
            asked.forest.count_children(shown)[rows],
            len(candidates),
            cells,
            matches[rows],
            int(matches.sum()) if is_filtered else None,
            int(asked.in_scope.sum()) if is_filtered else None,
            statuses,
        )

    def _shown(
        self, connection: Connection, runs: RunColumns, query: TreeQuery
    ) -> tuple[list[Cells], NDArray[np.int64] | None]:
        """What is shown of the runs of a page: their cells, and the statuses below them."""
        needed = [*filter(_is_of_relatives, query.columns), *([Field(Attribute.STATUS)] if query.statuses else ())]
        if not needed:
            return _cells(connection, runs, query.columns, query.now, None), None
        keys = sources_of(tuple(needed))
        view = self._kept.view_near(connection, query.scope.experiment, places_of(runs), keys)
        asked = self._asked_of(connection, view, query.scope, query.now, query.directions)
        cells = _cells(connection, runs, query.columns, query.now, asked)
        return cells, _statuses(runs, asked) if query.statuses else None

    def search(self, connection: Connection, search: RunSearch) -> FoundRuns:
        """As ``RunReader.search`` says."""
        asked = self._asked(connection, search.scope, search.now, search.directions)
        found = asked.matches(search.filter)
        if search.below:
            found = found & asked.forest.is_below(_mask_of(asked.forest, [search.below]))
        matches = np.flatnonzero(found)
        ordered = asked.in_order(matches, search.order)
        end = None if search.limit is None else search.offset + search.limit
        return FoundRuns(asked.forest.id_texts(ordered[search.offset : end]), len(matches), int(asked.in_scope.sum()))

    def cells(
        self,
        connection: Connection,
        run_ids: Sequence[str],
        columns: Sequence[Column],
        now: float,
        directions: Mapping[str, Direction],
        stages: frozenset[LifecycleStage],
    ) -> list[Cells]:
        """As ``RunReader.cells`` says."""
        found = runs_named(connection, list(dict.fromkeys(run_ids)))
        asked = None
        if any(map(_is_of_relatives, columns)):
            keys = sources_of(tuple(filter(_is_of_relatives, columns)))
            view = self._kept.view_near(connection, None, places_of(found), keys)
            asked = self._asked_of(connection, view, Scope(stages=stages), now, directions)
        cells = _cells(connection, found, columns, now, asked)
        rows = {run_id: row for row, run_id in enumerate(found.run_id)}
        at = np.array([rows.get(run_id, -1) for run_id in run_ids], np.intp)
        return [_taken(one, at) for one in cells]

    def run_values(
        self, connection: Connection, run_ids: Sequence[str], columns: Sequence[Column], scope: Scope, now: float
    ) -> list[NDArray[Any]]:
        """As ``RunReader.run_values`` says."""
        asked = self._asked(connection, scope, now, {})
        rows = asked.rows_of(run_ids)
        return [asked.evaluator.values(column, rows[rows >= 0]).take(rows).array() for column in columns]

    def values(
        self, connection: Connection, column: Column, scope: Scope, now: float, text: str, limit: int
    ) -> ValueCounts:
        """As ``RunReader.column_values`` says."""
        asked = self._asked(connection, scope, now, {})
        values = asked.evaluator.values(column).take(np.flatnonzero(asked.in_scope))
        counted = _counted(values)
        wanted = text.casefold()
        chosen = [(value, count) for value, count in counted if wanted in str(value).casefold()]
        chosen.sort(key=lambda one: -one[1])
        return ValueCounts(
            [value for value, _ in chosen[:limit]], np.array([count for _, count in chosen[:limit]], np.int64)
        )

    def groups(self, connection: Connection, query: GroupQuery) -> GroupPage:
        """As ``RunReader.groups`` says."""
        asked = self._asked(connection, query.scope, query.now, query.directions)
        runs_in_scope = int(asked.in_scope.sum())
        return groups_of(asked.evaluator, asked.matches(query.filter), asked.own.statuses, runs_in_scope, query)

    def _asked(self, connection: Connection, scope: Scope, now: float, directions: Mapping[str, Direction]) -> _Asked:
        view = self._kept.view(connection, scope.experiment)
        return self._asked_of(connection, view, scope, now, directions)

    def _asked_of(
        self, connection: Connection, view: View, scope: Scope, now: float, directions: Mapping[str, Direction]
    ) -> _Asked:
        forest = view.forest
        seen = _in_sight(forest, stage_groups(connection, scope))
        in_scope = seen
        if scope.run_ids:
            named = [place.run_id for place in named_runs(connection, scope.run_ids)]
            in_scope = in_scope & forest.is_below(_mask_of(forest, named))
        if scope.only is not None:
            in_scope = in_scope & _mask_of(forest, scope.only)
        own = StoredColumns(connection, view, now)
        said = {**read_directions(connection, scope), **directions}
        return _Asked(forest, own, Evaluator(forest, own, seen, said), in_scope)


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    """The trees that a question is about, and the runs that are in its scope."""

    forest: Forest
    own: StoredColumns
    evaluator: Evaluator
    in_scope: Mask

    def matches(self, condition: Condition | None) -> Mask:
        """The runs in scope that meet a condition."""
        return self.in_scope if condition is None else self.in_scope & self.evaluator.truth(condition).holds

    def shown(self, matches: Mask, shown: Shown) -> Mask:
        """What of the tree is shown; below the rows of a list all that is there."""
        if shown in (Shown.FLAT, Shown.TOPS):
            return self.in_scope
        found = matches | (self.in_scope & (self.forest.count_below(matches) > 0))
        return found if shown is not Shown.SUBTREES else found | (self.in_scope & self.forest.is_below(matches))

    def children(self, parent_id: str, shown: Mask) -> Rows:
        """Those of the children of a run that are shown; with "", of the runs whose parents are not in scope."""
        parent = self.forest.parent
        if not parent_id:
            return np.flatnonzero(shown & ((parent < 0) | ~self.in_scope[parent]))
        row = self.forest.row_of(parent_id)
        if row < 0 or not self.in_scope[row]:
            return np.empty(0, np.intp)
        return np.flatnonzero(shown & (parent == row))

    def in_order(self, rows: Rows, order: Iterable[Order]) -> Rows:
        """The rows sorted by keys."""
        keys = [(key.column, self.evaluator.values(key.column, rows), key.descending) for key in order]
        return in_order(rows, keys, self.forest.place)

    def rows_of(self, run_ids: Sequence[str]) -> Rows:
        """The rows of runs, -1 where there is none."""
        return self.forest.rows_of(ids_from([id_bytes(run_id) for run_id in run_ids]))


def _in_sight(forest: Forest, groups: Sequence[StageGroup]) -> Mask:
    found = np.zeros(len(forest), np.bool_)
    for group in groups:
        is_meant = np.isin(forest.runs.experiment, sorted(group.experiment_ids), invert=group.is_rest)
        if group.left_out:
            is_meant &= ~np.isin(forest.runs.stage, sorted(group.left_out))
        found |= is_meant
    return found


def _mask_of(forest: Forest, run_ids: Iterable[str]) -> Mask:
    found = np.zeros(len(forest), np.bool_)
    rows = forest.rows_of(ids_from([id_bytes(run_id) for run_id in run_ids]))
    found[rows[rows >= 0]] = True
    return found


def _runs_at(connection: Connection, forest: Forest, rows: Rows) -> tuple[RunColumns, Rows]:
    """The runs at these rows, without those that have vanished since."""
    found = runs_named(connection, forest.id_texts(rows))
    if len(found) < len(rows):
        known = set(found.run_id)
        rows = rows[[run_id in known for run_id in forest.id_texts(rows)]]
    return found, rows


def _is_of_relatives(column: Column) -> bool:
    return isinstance(column, RollUp | Filled | CountOf)


def _cells(
    connection: Connection, runs: RunColumns, columns: Sequence[Column], now: float, asked: _Asked | None
) -> list[Cells]:
    """The cells of some runs. ``asked`` is needed for roll-ups."""
    plain: list[Column] = [column for column in columns if isinstance(column, OwnColumn | OfAncestor)]
    plain += [column.own for column in columns if isinstance(column, Filled)]
    own = read_cells(connection, runs, plain, now)
    nobody = [""] * len(runs)
    rows = asked.rows_of(runs.run_id) if asked is not None else np.empty(0, np.intp)
    found = []
    for column in columns:
        if asked is None or not _is_of_relatives(column):
            found.append(Cells(own.values[column], _none(nobody), own.sources.get(column, nobody)))
        elif isinstance(column, RollUp):
            found.append(_rolled_up(asked, asked.evaluator.roll_up(column, rows[rows >= 0]), rows, column.statistic))
        elif isinstance(column, CountOf):
            counted = asked.evaluator.values(column).take(rows).number
            found.append(
                Cells([None if one != one else int(one) for one in counted.tolist()], _none(rows), [""] * len(rows))
            )
        else:
            assert isinstance(column, Filled)
            found.append(_filled(asked, column, own.values[column.own], rows))
    return found


def _filled(asked: _Asked, column: Filled, own: CellValues, rows: Rows) -> Cells:
    rolled = asked.evaluator.roll_up(column.roll_up, rows[rows >= 0])
    below = _rolled_up(asked, rolled, rows, column.roll_up.statistic)
    is_own = ~(asked.evaluator.filled_with(column)[rows] & (rows >= 0))
    return Cells(
        [mine if first else theirs for first, mine, theirs in zip(is_own, own, below.values, strict=True)],
        np.where(is_own, 0, below.over),
        ["" if first else best for first, best in zip(is_own, below.best, strict=True)],
    )


def _rolled_up(asked: _Asked, rolled: RolledUp, rows: Rows, statistic: Statistic) -> Cells:
    is_there = rows >= 0
    numbers = np.where(is_there, rolled.number[rows], np.nan).tolist()
    is_count = statistic is Statistic.COUNT
    values: CellValues = [None if one != one else int(one) if is_count else one for one in numbers]
    best = np.where(is_there, rolled.best[rows], -1)
    ids = iter(asked.forest.id_texts(best[best >= 0]))
    return Cells(values, np.where(is_there, rolled.over[rows], 0), [next(ids) if row >= 0 else "" for row in best])


def _none(rows: Sequence[str] | Rows) -> NDArray[np.int64]:
    return np.zeros(len(rows), np.int64)


def _taken(cells: Cells, at: Rows) -> Cells:
    over = np.append(cells.over, 0)[at]
    return Cells(
        [None if row < 0 else cells.values[row] for row in at], over, ["" if row < 0 else cells.best[row] for row in at]
    )


def _statuses(runs: RunColumns, asked: _Asked) -> NDArray[np.int64]:
    """How many descendants of each run have each status."""
    statuses, seen, size = asked.own.statuses, asked.evaluator.seen, asked.forest.size
    counted = np.zeros((len(runs), len(RunStatus)), np.int64)
    for place, row in enumerate(asked.rows_of(runs.run_id).tolist()):
        if row >= 0:
            below = slice(row + 1, row + size[row])
            counted[place] = np.bincount(statuses[below][seen[below]], minlength=len(RunStatus))
    return counted


def _counted(values: Values) -> list[tuple[ParameterValue, int]]:
    """The different values, and how often each is there."""
    found: list[tuple[ParameterValue, int]] = []
    for kind, numbers in ((TEXT, values.code), (NUMBER, values.number), (BOOLEAN, values.number)):
        rows = np.flatnonzero(values.kind == kind)
        _, firsts, counts = np.unique(numbers[rows], return_index=True, return_counts=True)
        cells = values.take(rows[firsts]).cells()
        found += [(cell, count) for cell, count in zip(cells, counts.tolist(), strict=True) if cell is not None]
    return found
