"""The reader of an SQL store."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Table, func, select

from tb_runhistory.artifacts.base import ArtifactStore
from tb_runhistory.errors import DamagedData
from tb_runhistory.query.groups import GroupPage, GroupQuery
from tb_runhistory.query.search import FoundRuns, RunSearch, ValueCounts
from tb_runhistory.query.terms import Column, LabelKind
from tb_runhistory.query.tree import Cells, ColumnCounts, TreePage, TreeQuery
from tb_runhistory.records.changes import DataClass, Direction, LifecycleStage
from tb_runhistory.records.columns import (
    ACTIVE,
    Changes,
    DamagedBlock,
    EntryColumns,
    ExperimentColumns,
    LabelColumns,
    ParameterColumns,
    RunColumns,
    SampledPoints,
    Scope,
    SeriesColumns,
    SeriesKey,
)
from tb_runhistory.records.points import Points
from tb_runhistory.store.base import RunHistoryReader
from tb_runhistory.store.sql.around_damage import ids_in_index, in_order_of_creation, joined, plain_page, readable_parts
from tb_runhistory.store.sql.changes_reading import read_changes
from tb_runhistory.store.sql.columns import (
    MAX_NAME,
    MAX_TEXT,
    STREAMED,
    TextBudget,
    as_text,
    cut_in_store,
    parameter_value,
    transposed,
)
from tb_runhistory.store.sql.database import Database
from tb_runhistory.store.sql.questions.answers import Questions
from tb_runhistory.store.sql.runs.directions import read_directions
from tb_runhistory.store.sql.runs.names_reading import count_columns, read_experiments, read_label_names
from tb_runhistory.store.sql.runs.run_reading import run_columns, select_runs
from tb_runhistory.store.sql.runs.scope import in_scope, named_runs
from tb_runhistory.store.sql.runs.sorting import is_silent
from tb_runhistory.store.sql.same import same_run
from tb_runhistory.store.sql.schema import params, properties, runs, tags
from tb_runhistory.store.sql.series.entries_reading import read_entries
from tb_runhistory.store.sql.series.points_reading import KnownFacts, known_facts, read_all_values, read_points
from tb_runhistory.store.sql.series.series_reading import read_series

Answer = TypeVar("Answer")

_ORDER = (runs.c.created_at, runs.c.depth, runs.c.number, runs.c.run_id)


class SqlReader(RunHistoryReader):
    """Reads a store in an SQL database. Large contents are read from ``artifacts``."""

    def __init__(self, database: Database, artifacts: ArtifactStore) -> None:
        self._database = database
        self._artifacts = artifacts
        self._questions = Questions(database)

    @property
    def location(self) -> str:
        return self._database.location

    def version(self) -> int:
        return self._database.version()

    def changes(self, since: int | None) -> Changes:
        with self._database.reading() as connection:
            return read_changes(connection, self._database.position(connection), since)

    def experiments(self, scope: Scope | None = None) -> ExperimentColumns:
        with self._database.reading() as connection:
            return read_experiments(connection, scope)

    def find_runs(self, text: str) -> list[str]:
        with self._database.reading() as connection:
            found = [place.run_id for place in named_runs(connection, [text])]
            newest_first = select(runs.c.run_id).where(runs.c.run_id.in_(found)).order_by(runs.c.created_at.desc())
            return list(connection.execute(newest_first).scalars()) if len(found) > 1 else found

    def run_ids(self, scope: Scope) -> list[str]:
        try:
            with self._database.reading() as connection:
                query = select(runs.c.run_id).where(in_scope(connection, scope)).order_by(*_ORDER)
                return [run_id for run_id in connection.execute(query).scalars() if run_id]
        except DamagedData:
            return self.runs(scope).run_id

    def runs(self, scope: Scope) -> RunColumns:
        return self._around_damage(self._runs, scope, lambda parts: in_order_of_creation(joined(parts)))

    def _runs(self, scope: Scope) -> RunColumns:
        with self._database.reading() as connection:
            ordered = select_runs(MAX_TEXT).where(in_scope(connection, scope)).order_by(*_ORDER)
            return run_columns(connection, connection.execute(ordered).all(), MAX_TEXT)

    def count_not_responding(self, now: float) -> int:
        with self._database.reading() as connection:
            count: int = connection.execute(select(func.count()).select_from(runs).where(is_silent(now))).scalar_one()
            return count

    def tree_page(self, query: TreeQuery) -> TreePage:
        try:
            with self._database.reading() as connection:
                return self._questions.page(connection, query)
        except DamagedData:
            if query.filter is not None:
                raise
            return plain_page(query, self.runs(query.scope))

    def search(self, search: RunSearch) -> FoundRuns:
        with self._database.reading() as connection:
            return self._questions.search(connection, search)

    def groups(self, query: GroupQuery) -> GroupPage:
        with self._database.reading() as connection:
            return self._questions.groups(connection, query)

    def cells(
        self,
        run_ids: Sequence[str],
        columns: Sequence[Column],
        now: float,
        directions: Mapping[str, Direction] | None = None,
        stages: frozenset[LifecycleStage] = ACTIVE,
    ) -> list[Cells]:
        with self._database.reading() as connection:
            return self._questions.cells(connection, run_ids, columns, now, directions or {}, stages)

    def run_values(
        self, run_ids: Sequence[str], columns: Sequence[Column], scope: Scope, now: float
    ) -> list[NDArray[Any]]:
        with self._database.reading() as connection:
            return self._questions.run_values(connection, run_ids, columns, scope, now)

    def column_values(self, column: Column, scope: Scope, now: float, text: str = "", limit: int = 100) -> ValueCounts:
        with self._database.reading() as connection:
            return self._questions.values(connection, column, scope, now, text, limit)

    def tree_columns(self, scope: Scope) -> ColumnCounts:
        with self._database.reading() as connection:
            return count_columns(connection, scope)

    def label_names(self, kind: LabelKind, scope: Scope) -> list[str]:
        with self._database.reading() as connection:
            return read_label_names(connection, kind, scope)

    def directions(self, scope: Scope) -> dict[str, Direction]:
        with self._database.reading() as connection:
            return read_directions(connection, scope)

    def parameters(self, scope: Scope) -> ParameterColumns:
        return self._around_damage(self._parameters, scope, nothing=ParameterColumns([], [], []))

    def _parameters(self, scope: Scope) -> ParameterColumns:
        run_id, name, *typed = self._describing(params, scope)
        values = [parameter_value(*cells) for cells in zip(*typed, strict=True)]
        # One that cannot be understood is none.
        understood = [(row, value) for row, value in enumerate(values) if value is not None]
        return ParameterColumns(
            [run_id[row] for row, _ in understood],
            [as_text(name[row]) for row, _ in understood],
            [value for _, value in understood],
        )

    def tags(self, scope: Scope) -> LabelColumns:
        return self._around_damage(partial(self._labels, tags), scope, nothing=_NO_LABELS)

    def properties(self, scope: Scope) -> LabelColumns:
        return self._around_damage(partial(self._labels, properties), scope, nothing=_NO_LABELS)

    def _labels(self, table: Table, scope: Scope) -> LabelColumns:
        run_id, name, value = self._describing(table, scope)
        values = [None if cell is None else as_text(cell) for cell in value]
        return LabelColumns(list(run_id), list(map(as_text, name)), values)

    def _describing(self, table: Table, scope: Scope) -> list[Sequence[Any]]:
        """What describes the runs in scope, in columns: run ids, and what ``table`` has from its ``name`` on."""
        name, *rest, text = [column for column in table.c if column.name not in ("root_id", "run_id", "checksum")]
        asked = [table.c.run_id, cut_in_store(name, MAX_NAME), *rest, cut_in_store(text, MAX_TEXT)]
        with self._database.reading() as connection:
            of_runs = select(*asked).select_from(runs.join(table, same_run(table, runs)))
            query = of_runs.where(in_scope(connection, scope))
            answer = connection.execute(query.order_by(table.c.run_id, name).execution_options(**STREAMED))
            rows = TextBudget().rows(answer, {1: MAX_NAME, len(asked) - 1: MAX_TEXT})
        return list(transposed(rows, len(asked)))

    def series(self, scope: Scope, data_class: DataClass, tags: Sequence[str] | None = None) -> SeriesColumns:
        def read(scope: Scope) -> SeriesColumns:
            with self._database.reading() as connection:
                return read_series(connection, in_scope(connection, scope), data_class, tags)

        return self._around_damage(read, scope)

    def _around_damage(
        self,
        read: Callable[[Scope], Answer],
        scope: Scope,
        join: Callable[[Sequence[Answer]], Answer] = joined,
        nothing: Answer | None = None,
    ) -> Answer:
        """What is read of the runs in scope, without those that stand on a damaged part of the database.

        Where that is all of them, ``nothing``: what only describes runs costs no other question its answer.
        """
        try:
            return read(scope)
        except DamagedData:
            with self._database.reading() as connection:
                ids = ids_in_index(connection)
            parts = list(readable_parts(lambda some: read(_narrowed(scope, some)), ids))
            if parts:
                return join(parts)
            if nothing is None:
                raise
            return nothing

    def read_points(
        self, keys: Sequence[SeriesKey], limit: int | None = None, window: tuple[int, int] | None = None
    ) -> list[SampledPoints]:
        return self._by_key(
            keys, lambda connection, some: read_points(connection, some, limit, window), self._no_points
        )

    def read_all_values(self, keys: Sequence[SeriesKey]) -> list[Points]:
        with self._database.reading() as connection:
            return read_all_values(connection, keys)

    def read_entries(
        self,
        keys: Sequence[SeriesKey],
        limit: int | None = None,
        all_values: bool = False,
        window: tuple[int, int] | None = None,
    ) -> list[EntryColumns]:
        def read(connection: Connection, some: Sequence[SeriesKey]) -> list[EntryColumns]:
            return read_entries(connection, some, limit, all_values, window)

        return self._by_key(keys, read, _no_entries)

    def _no_points(self, key: SeriesKey) -> SampledPoints:
        try:
            with self._database.reading() as connection:
                [facts] = known_facts(connection, [key])
        except DamagedData:
            facts = KnownFacts()
        lost = max(facts.count, 1)
        return SampledPoints(Points.empty(), lost, (DamagedBlock(facts.first_step, facts.last_step, lost),))

    def _by_key(
        self,
        keys: Sequence[SeriesKey],
        read: Callable[[Connection, Sequence[SeriesKey]], list[Answer]],
        unreadable: Callable[[SeriesKey], Answer],
    ) -> list[Answer]:
        """What is read of each series, or of one that stands on a damaged part of the database ``unreadable``."""

        def read_some(some: Sequence[SeriesKey]) -> list[Answer]:
            with self._database.reading() as connection:
                return read(connection, some)

        parts = readable_parts(read_some, keys, lambda key: [unreadable(key)])
        return [answer for part in parts for answer in part]

    def read_artifact(self, digest: str) -> bytes:
        return self._artifacts.get(digest)

    def close(self) -> None:
        self._database.close()


_NO_LABELS = LabelColumns([], [], [])


def _narrowed(scope: Scope, run_ids: Sequence[str]) -> Scope:
    wanted = run_ids if scope.only is None else set(scope.only).intersection(run_ids)
    return replace(scope, only=tuple(wanted))


def _no_entries(key: SeriesKey) -> EntryColumns:
    return EntryColumns(np.empty(0, np.int64), np.empty(0), [], 0, 1)
