"""Reading one page of the tree of runs: SQL sorts and counts, and only the page's own cells are read."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    String,
    and_,
    case,
    exists,
    func,
    literal,
    not_,
    null,
    or_,
    select,
)

from tb_runhistory.records.changes import DataClass
from tb_runhistory.records.columns import RunColumns, Scope
from tb_runhistory.records.status import HEARTBEAT_TIMEOUT_SECONDS, RunStatus
from tb_runhistory.records.tree import ColumnCounts, ColumnKind, RunField, TreeColumn, TreePage, TreeQuery
from tb_runhistory.store.schema import params, runs, series
from tb_runhistory.store.sql_columns import in_scope, read_runs
from tb_runhistory.store.tree_cells import (
    Inherited,
    RunPlace,
    StoredParameter,
    inherited_parameters,
    parameter_names,
    read_cells,
)

_LIFE = {status.value: place for place, status in enumerate(RunStatus)}


def read_page(connection: Connection, query: TreeQuery) -> TreePage:
    """The page that ``query`` asks for."""
    condition, parents = _siblings(connection, query)
    inherited = inherited_parameters(connection, parents, parameter_names([*query.columns, query.sort]))
    source, keys = _sort_keys(query, inherited)
    total = connection.execute(select(func.count()).select_from(runs).where(condition)).scalar_one()
    missing_last = [keys[0].is_(None), *(key.desc() if query.descending else key.asc() for key in keys)]
    # Of equal runs the order is that of their creation, which a page number relies on; by creation, its own direction.
    is_backwards = query.sort == RunField.CREATED and query.descending
    ties = [column.desc() if is_backwards else column for column in (runs.c.created_at, runs.c.number, runs.c.run_id)]
    chosen = (
        select(runs.c.root_id, runs.c.run_id)
        .select_from(source)
        .where(condition)
        .order_by(*missing_last, *ties)
        .limit(query.limit)
        .offset(query.offset)
    )
    places = [(row.root_id, row.run_id) for row in connection.execute(chosen)]
    page = _in_order(read_runs(connection, _at(places), ()), [run_id for _, run_id in places])
    cells = read_cells(connection, page, query.columns, inherited)
    return TreePage(page, _children(connection, page), total, cells)


def count_columns(connection: Connection, scope: Scope) -> ColumnCounts:
    """Which parameters and metrics the runs in scope have."""
    is_metric = and_(series.c.data_class == DataClass.SCALAR.value, series.c.count > 0)
    counted: list[tuple[TreeColumn, int]] = []
    for kind, column, condition in (
        (ColumnKind.PARAMETER, params.c.name, literal(True)),
        (ColumnKind.METRIC, series.c.tag, is_metric),
    ):
        table: FromClause = column.table
        if scope != Scope():
            table = table.join(runs, and_(runs.c.root_id == table.c.root_id, runs.c.run_id == table.c.run_id))
            condition = and_(condition, in_scope(scope))
        query = select(column, func.count()).select_from(table).where(condition).group_by(column)
        ordered = query.order_by(func.count().desc(), column)
        counted += [(TreeColumn(kind, name), count) for name, count in connection.execute(ordered)]
    return ColumnCounts([column for column, _ in counted], np.array([count for _, count in counted], np.int64))


def _siblings(connection: Connection, query: TreeQuery) -> tuple[ColumnElement[bool], list[RunPlace]]:
    """The condition on ``runs`` for the runs that are wanted, and the places of their parents."""
    scope = query.scope
    if query.parent_id:
        found = connection.execute(
            select(runs.c.root_id, runs.c.path, runs.c.depth).where(runs.c.run_id == query.parent_id, in_scope(scope))
        ).one_or_none()
        if found is None:
            return _at([]), []
        root_id, path, depth = found
        below = and_(runs.c.path > path + "/", runs.c.path < path + "0")
        return and_(runs.c.root_id == root_id, below, runs.c.depth == depth + 1), [(root_id, path)]
    if not scope.run_ids:
        return and_(or_(runs.c.parent_id == "", _is_parentless(scope)), in_scope(scope)), []
    named = func.json_each(json.dumps(scope.run_ids)).table_valued("value")
    rows = connection.execute(
        select(runs.c.root_id, runs.c.run_id, runs.c.path).where(
            runs.c.run_id.in_(select(named.c.value)), in_scope(scope)
        )
    ).all()
    chosen = set(scope.run_ids)
    tops = [row for row in rows if not chosen.intersection(row.path.split("/")[:-1])]
    parents = {(row.root_id, row.path.rpartition("/")[0]) for row in tops}
    return _at([(row.root_id, row.run_id) for row in tops]), [place for place in parents if place[1]]


def _is_parentless(scope: Scope) -> ColumnElement[bool]:
    """The condition on ``runs`` for children of a run that is not in scope, or that the store has not heard of."""
    above = runs.alias("above")
    is_above = and_(above.c.root_id == runs.c.root_id, above.c.run_id == runs.c.parent_id)
    if scope.experiment is not None:
        is_above = and_(is_above, above.c.experiment == scope.experiment)
    return not_(exists().where(is_above))


def _at(places: Sequence[tuple[str, str]]) -> ColumnElement[bool]:
    """The condition on ``runs`` for the runs with these (root_id, run_id)."""
    named = func.json_each(json.dumps([run_id for _, run_id in places])).table_valued("value")
    roots = func.json_each(json.dumps(sorted({root_id for root_id, _ in places}))).table_valued("value")
    return and_(runs.c.root_id.in_(select(roots.c.value)), runs.c.run_id.in_(select(named.c.value)))


def _sort_keys(query: TreeQuery, inherited: Inherited) -> tuple[FromClause, list[ColumnElement[Any]]]:
    """What to select from, and what to order by; where the first key is NULL a run has no value."""
    if isinstance(query.sort, RunField):
        return runs, [_field(query.sort, query.now)]
    if query.sort.kind is ColumnKind.METRIC:
        of_run = and_(
            series.c.root_id == runs.c.root_id,
            series.c.run_id == runs.c.run_id,
            series.c.tag == query.sort.name,
            series.c.data_class == DataClass.SCALAR.value,
            series.c.count > 0,
        )
        return runs.outerjoin(series, of_run), [series.c.last_value]
    own = and_(params.c.root_id == runs.c.root_id, params.c.run_id == runs.c.run_id, params.c.name == query.sort.name)
    parents = inherited.get(query.sort.name, {})
    is_own = params.c.kind.is_not(None)
    number = case((is_own, params.c.number), else_=_of_parent(parents, lambda each: each.number))
    # The text of a number only gives it back exactly; NaN is a number without one.
    word = case(
        (params.c.kind == "text", params.c.text),
        (is_own, null()),
        else_=_of_parent(parents, lambda each: each.text if each.kind == "text" else None),
    )
    rank = case((number.is_not(None), 0), (word.is_not(None), 1))
    return runs.outerjoin(params, own), [rank, number, word]


def _of_parent(
    parents: Mapping[str, StoredParameter], part: Callable[[StoredParameter], float | str | None]
) -> ColumnElement[Any]:
    chosen = {parent_id: part(stored) for parent_id, stored in parents.items() if part(stored) is not None}
    return case(chosen, value=runs.c.parent_id) if chosen else null()


def _field(field: RunField, now: float) -> ColumnElement[Any]:
    if field is RunField.NAME:
        shown = case(
            (runs.c.display_name == "", literal("run ") + runs.c.number.cast(String)), else_=runs.c.display_name
        )
        return func.lower(shown)
    # As records.status.shown_status has it.
    is_silent = and_(runs.c.status == RunStatus.RUNNING.value, runs.c.heartbeat_at < now - HEARTBEAT_TIMEOUT_SECONDS)
    if field is RunField.STATUS:
        return case((is_silent, _LIFE[RunStatus.NOT_RESPONDING.value]), else_=case(_LIFE, value=runs.c.status))
    if field is RunField.DURATION:
        until = func.coalesce(runs.c.ended_at, case((is_silent, runs.c.heartbeat_at)), now)
        return until - runs.c.started_at
    return runs.c.started_at if field is RunField.STARTED else runs.c.created_at


def _in_order(columns: RunColumns, run_ids: Sequence[str]) -> RunColumns:
    rows = {run_id: row for row, run_id in enumerate(columns.run_id)}
    return columns.take([rows[run_id] for run_id in run_ids])


def _children(connection: Connection, page: RunColumns) -> np.ndarray[Any, np.dtype[np.int64]]:
    places = list(zip(page.root_id, page.path, page.run_id, strict=True))
    wanted = func.json_each(json.dumps(places)).table_valued("key", "value")
    path = func.json_extract(wanted.c.value, "$[1]")
    # A subtree is one range of the index: "0" is the character after "/".
    is_child = and_(
        runs.c.root_id == func.json_extract(wanted.c.value, "$[0]"),
        runs.c.path > path + "/",
        runs.c.path < path + "0",
        runs.c.parent_id == func.json_extract(wanted.c.value, "$[2]"),
    )
    counts = np.zeros(len(page), np.int64)
    query = select(wanted.c.key, func.count()).select_from(wanted.join(runs, is_child)).group_by(wanted.c.key)
    for position, count in connection.execute(query):
        counts[position] = count
    return counts
