"""Reading one page of the tree of runs: SQL sorts and counts, and only the page's own cells are read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import CTE, ColumnElement, Connection, and_, false, func, or_, select, true

from tb_runhistory.query.terms import Attribute, Field, Parameter
from tb_runhistory.query.tree import TreeQuery
from tb_runhistory.records.columns import RunColumns, Scope
from tb_runhistory.store.sql.codes import STAGE_CODES
from tb_runhistory.store.sql.columns import MAX_CELL
from tb_runhistory.store.sql.paths import ID_BYTES, ids_of
from tb_runhistory.store.sql.runs.cells import inherited_parameters
from tb_runhistory.store.sql.runs.run_reading import place_of, run_columns, runs_at
from tb_runhistory.store.sql.runs.scope import (
    Condition,
    RunPlace,
    StageGroup,
    in_scope,
    is_one_of,
    named_runs,
    stage_groups,
    topmost,
)
from tb_runhistory.store.sql.runs.sorting import sort_keys
from tb_runhistory.store.sql.schema import IS_BELOW, IS_PUT_AWAY, IS_ROOT, runs
from tb_runhistory.store.sql.types import Id
from tb_runhistory.store.sql.wanted import Lookup

_STAGES = sorted(STAGE_CODES.values())
_FROM_SIGHT_ON = {frozenset(_STAGES[shown:]) for shown in range(1, len(_STAGES) + 1)}
"""What is left out where active runs are shown, and the others only with what is less far out of sight."""


@dataclass(frozen=True, slots=True)
class Siblings:
    """The runs that a page is of, whatever their stage, and those of their parents from which they may inherit.

    ``left_out`` are stages whose runs are not shown. They are few: an index has them, so that counting what is left
    reads no row. ``among_left_out`` is the condition in words that make the database take that index.
    """

    condition: Condition
    parents: Sequence[RunPlace] = ()
    left_out: frozenset[int] = frozenset()
    among_left_out: Condition | None = None

    @property
    def shown(self) -> Condition:
        """The condition on ``runs`` for those that are shown."""
        return and_(self.condition, runs.c.stage.not_in(sorted(self.left_out)) if self.left_out else true())

    def count(self, connection: Connection) -> int:
        """How many are shown."""
        counted = select(func.count()).select_from(runs)
        total: int = connection.execute(counted.where(self.condition)).scalar_one()
        if self.left_out:
            condition = self.condition if self.among_left_out is None else self.among_left_out
            is_left_out = and_(IS_PUT_AWAY, runs.c.stage.in_(sorted(self.left_out)))
            total -= connection.execute(counted.where(condition, is_left_out)).scalar_one()
        return total


@dataclass(frozen=True, slots=True, eq=False)
class SiblingPage:
    """Some of the runs of one parent, in order, how many children each has, and how many there are in all."""

    runs: RunColumns
    children: NDArray[np.int64]
    total: int


def read_siblings(connection: Connection, query: TreeQuery) -> SiblingPage:
    """The runs of the page that ``query`` asks for, without a filter, sorted by what ``is_sorted_in_sql``."""
    groups = stage_groups(connection, query.scope)
    siblings = _siblings(connection, query, groups)
    is_inherited = isinstance(query.sort, Parameter) and query.sort.inherited
    names = [query.sort.name] if is_inherited and isinstance(query.sort, Parameter) else []
    inherited = inherited_parameters(connection, siblings.parents, names)
    source, keys = sort_keys(query.sort, query.now, inherited)
    chosen = (
        select(runs.c.root_id, runs.c.path)
        .select_from(source)
        .where(siblings.shown)
        .order_by(*_order(query, keys))
        .limit(query.limit)
        .offset(query.offset)
    )
    places = [tuple(row) for row in connection.execute(chosen)]
    found = {(row.root_id, row.path): row for row in _RUNS_AT.rows(connection, places)}
    page = run_columns(connection, [found[place] for place in places if place in found], MAX_CELL)
    return SiblingPage(page, _children(connection, page, groups), siblings.count(connection))


def _order(query: TreeQuery, keys: Sequence[ColumnElement[Any]]) -> list[ColumnElement[Any]]:
    """Runs without a value come last. Of equal runs the order is that of their creation, which a page relies on."""
    directed = [key.desc() if query.descending else key.asc() for key in keys]
    if query.sort == Field(Attribute.CREATED):
        # Every run has it, and an index has it in order: by creation, its own direction.
        return [*directed, *(tie.desc() if query.descending else tie.asc() for tie in (runs.c.number, runs.c.run_id))]
    return [keys[0].is_(None), *directed, runs.c.created_at, runs.c.number, runs.c.run_id]


def _siblings(connection: Connection, query: TreeQuery, groups: Sequence[StageGroup]) -> Siblings:
    scope = query.scope
    is_in_scope = in_scope(connection, scope, groups)
    if query.parent_id:
        return _children_of(connection, query.parent_id, scope, is_in_scope, groups)
    if scope.run_ids or scope.only is not None:
        return _chosen_tops(connection, scope, is_in_scope)
    # What is above a run is never further out of sight than the run: where active ones are shown, the tops are roots.
    if len(groups) == 1 and groups[0].left_out in _FROM_SIGHT_ON:
        group = groups[0]
        among_left_out = and_(runs.c.parent_id.is_(None), group.experiments)
        return Siblings(and_(IS_ROOT, group.experiments), (), group.left_out, among_left_out)
    return Siblings(and_(is_in_scope, or_(IS_ROOT, *(_is_below_others(group) for group in groups))))


def _children_of(
    connection: Connection, parent_id: str, scope: Scope, is_in_scope: Condition, groups: Sequence[StageGroup]
) -> Siblings:
    asked = (runs.c.root_id, runs.c.run_id, runs.c.path, runs.c.experiment_id)
    found = connection.execute(select(*asked).where(is_one_of([parent_id]), is_in_scope)).first()
    if found is None:
        return Siblings(false())
    [group] = [group for group in groups if group.has(found.experiment_id)]
    is_child = and_(runs.c.root_id == found.root_id, runs.c.parent_id == parent_id, IS_BELOW)
    chosen = true() if scope.only is None else is_one_of(scope.only)
    return Siblings(and_(is_child, chosen), [place_of(found)], group.left_out)


def _chosen_tops(connection: Connection, scope: Scope, is_in_scope: Condition) -> Siblings:
    """Those of the runs that a scope names which are below no other of them."""
    if scope.only is None:
        named = [place.run_id for place in named_runs(connection, scope.run_ids)]
    else:
        named = list(scope.only)
    found = select(runs.c.root_id, runs.c.run_id, runs.c.path).where(is_one_of(named), is_in_scope)
    tops = topmost(map(place_of, connection.execute(found)))
    parents = {_parent_of(top) for top in tops if top.path}
    return Siblings(is_one_of(top.run_id for top in tops), sorted(parents, key=lambda place: place.path))


def _parent_of(place: RunPlace) -> RunPlace:
    path = place.path[:-ID_BYTES]
    return RunPlace(place.root_id, ids_of(path[-ID_BYTES:])[0] if path else place.root_id, path)


def _is_below_others(group: StageGroup) -> Condition:
    """The condition on ``runs`` for those of a group whose parent is left out of it."""
    above = runs.alias("above")
    is_parent = and_(
        above.c.root_id == runs.c.root_id,
        above.c.run_id == runs.c.parent_id,
        above.c.stage.in_(sorted(group.left_out)),
    )
    return and_(group.experiments, select(above.c.run_id).where(is_parent).exists())


def _children(connection: Connection, page: RunColumns, groups: Sequence[StageGroup]) -> NDArray[np.int64]:
    """How many direct children in scope each run of a page has."""
    members = list(zip(page.root_id, page.run_id, strict=True))
    positions = {run_id: position for position, run_id in enumerate(page.run_id)}
    counts = np.zeros(len(page), np.int64)
    for run_id, count in _CHILDREN.rows(connection, members):
        if run_id is not None:
            counts[positions[run_id]] = count
    for run_id, experiment_id, stage, count in _PUT_AWAY_CHILDREN.rows(connection, members):
        if any(group.has(experiment_id) and stage in group.left_out for group in groups):
            counts[positions[run_id]] -= count
    return counts


def _count_children(wanted: CTE) -> Any:
    is_child = and_(runs.c.root_id == wanted.c.root_id, runs.c.parent_id == wanted.c.run_id, IS_BELOW)
    return select(func.count()).select_from(runs).where(is_child).scalar_subquery()


_RUNS_AT = runs_at(MAX_CELL)
_CHILDREN = Lookup({"root_id": Id, "run_id": Id}, lambda wanted: select(wanted.c.run_id, _count_children(wanted)))
_PUT_AWAY_CHILDREN = Lookup(
    {"root_id": Id, "run_id": Id},
    lambda wanted: (
        select(wanted.c.run_id, runs.c.experiment_id, runs.c.stage, func.count())
        .select_from(
            wanted.join(
                runs, and_(runs.c.root_id == wanted.c.root_id, runs.c.parent_id == wanted.c.run_id, IS_PUT_AWAY)
            )
        )
        .group_by(wanted.c.run_id, runs.c.experiment_id, runs.c.stage)
    ),
)
