"""Trees and columns of all runs, kept while they hold: what has changed is read anew, and not the whole.

They are what questions about relatives are answered from. Reading them takes about 3 µs a run; asking again, while
some runs go on logging, takes what these few cost.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence, Set
from dataclasses import dataclass, field
from functools import partial
from threading import Lock
from typing import Any, TypeVar

import numpy as np
from sqlalchemy import ColumnElement, Connection, Select, func, or_, select
from sqlalchemy.exc import DatabaseError, OperationalError

from tb_runhistory.errors import DamagedData
from tb_runhistory.records.columns import ANY_STAGE, Changes, Scope
from tb_runhistory.records.identity import id_bytes
from tb_runhistory.store.evaluation.forest import Forest, RunRows, forest_of, ids_from
from tb_runhistory.store.evaluation.values import Rows, Values
from tb_runhistory.store.sql.around_damage import ids_in_index, readable_parts
from tb_runhistory.store.sql.changes_reading import read_changes
from tb_runhistory.store.sql.database import Database
from tb_runhistory.store.sql.paths import ids_of
from tb_runhistory.store.sql.questions.sources import RawId, SourceKey, read_runs, source_of
from tb_runhistory.store.sql.runs.scope import RunPlace, in_scope, in_subtrees, is_one_of, topmost
from tb_runhistory.store.sql.schema import experiments, runs

MOST_BYTES = 128 << 20
"""How much memory the columns of one store may take; those that were asked for longest ago are given up."""

MOST_KEPT = 4
"""Of how many experiments trees are kept, and of how many pages what stands near their runs."""

_FEW = 1_000
"""So many changed runs are read anew one by one; with more, columns are read as a whole."""

_NEAR = (1_000, 20_000)
_SHARE = 8
"""Of what stands near a page's runs an eighth of all runs is read by itself, but so many at least and at most. Of more,
all may as well be read and kept: that serves every other page.
"""

_MOST_EXPERIMENTS = 1_000

Answer = TypeVar("Answer")
Key = TypeVar("Key", bound=Hashable)
Narrowing = Callable[[Select[Any]], Select[Any]]


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """Trees, and what gives columns in their order."""

    forest: Forest
    columns: Callable[[SourceKey], tuple[Values, ...]]


@dataclass(frozen=True, slots=True, eq=False)
class _Reading:
    """Reads some runs and their columns: those that any of the ``parts`` leaves of all."""

    connection: Connection
    raw_id: RawId
    parts: Sequence[Narrowing]

    def runs(self) -> RunRows:
        """The runs."""
        read = [self._readable(part, partial(read_runs, self.connection, self.raw_id)) for part in self.parts]
        return RunRows.joined([some for part in read for some in part])

    def column(self, forest: Forest, key: SourceKey, onto: tuple[Values, ...] | None = None) -> tuple[Values, ...]:
        """The columns of one source in the order of a forest, on top of those of other runs."""
        read = partial(source_of(key).read, self.connection, self.raw_id)
        for ids, values in [some for part in self.parts for some in self._readable(part, read)]:
            rows = forest.rows_of(ids)
            onto = onto or tuple(Values.absent(len(forest)) for _ in values)
            is_known = np.flatnonzero(rows >= 0)
            onto = tuple(
                column.put(rows[is_known], new.take(is_known)) for column, new in zip(onto, values, strict=True)
            )
        assert onto is not None
        return onto

    def _readable(self, part: Narrowing, read: Callable[[Narrowing], Answer]) -> list[Answer]:
        """What ``read`` answers of the runs that ``part`` leaves: where the database is damaged, of those that it can
        still read.
        """
        try:
            return [read(part)]
        except DatabaseError as error:
            # What has taken too long, or found no database, is no damage.
            if isinstance(error, OperationalError):
                raise
            run_ids = ids_in_index(self.connection)
            found = list(readable_parts(partial(_read_of, read, part), run_ids))
            if not found:
                raise
            return found


@dataclass(slots=True, eq=False)
class _Kept:
    """What is known as of a ``position``. Arrays are replaced, never changed: whoever has them may go on reading."""

    position: int
    forest: Forest
    columns: dict[SourceKey, tuple[Values, ...]] = field(default_factory=dict)


class KeptColumns:
    """The trees of a store and their columns, for any number of threads."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = Lock()
        self._whole: dict[str | None, _Kept] = {}
        self._near: dict[tuple[RunPlace, ...], _Kept] = {}

    def view(self, connection: Connection, experiment: str | None) -> View:
        """All runs of an experiment, or of all, whatever their stage, as the connection sees them."""
        narrowed = _in_experiment(connection, experiment)
        return self._view(connection, self._whole, experiment, [narrowed], narrowed, experiment is not None)

    def view_near(
        self, connection: Connection, experiment: str | None, tops: Sequence[RunPlace], keys: Set[SourceKey]
    ) -> View:
        """These runs, those above and all below them; with all others where these are many, or where the columns
        ``keys`` of all are known.
        """
        whole = self._whole.get(experiment)
        is_below = in_subtrees(topmost(tops))
        if (whole and keys <= whole.columns.keys()) or _are_many(connection, experiment, is_below):
            return self.view(connection, experiment)
        above = {run_id for top in tops for run_id in (top.root_id, *ids_of(top.path))}
        above -= {top.run_id for top in tops}
        parts = [is_below, is_one_of(above)] if above else [is_below]
        narrowings = [partial(_where, part) for part in parts]
        return self._view(connection, self._near, tuple(tops), narrowings, partial(_where, or_(*parts)), True)

    def _view(
        self,
        connection: Connection,
        known: dict[Key, _Kept],
        key: Key,
        parts: Sequence[Narrowing],
        narrowed: Narrowing,
        is_part: bool,
    ) -> View:
        """What is known under a key, or read in ``parts``; ``narrowed`` is all of these, for a few runs."""
        reading = self._reading(connection, parts)
        with self._lock:
            kept = known.pop(key, None)
            position = self._database.position(connection)
            if kept is not None:
                changes = read_changes(connection, position, kept.position)
                kept = self._followed(connection, kept, changes, narrowed, is_part)
            if kept is None:
                kept = _Kept(position, forest_of(reading.runs()))
            known[key] = kept
            while len(known) > MOST_KEPT:
                del known[next(iter(known))]
            return View(kept.forest, lambda source: self._column(kept, reading, source))

    def _reading(self, connection: Connection, parts: Sequence[Narrowing]) -> _Reading:
        return _Reading(connection, self._database.raw_id, parts)

    def _column(self, kept: _Kept, reading: _Reading, key: SourceKey) -> tuple[Values, ...]:
        with self._lock:
            found = kept.columns.pop(key, None) or reading.column(kept.forest, key)
            # The last of those that are kept is the one that was asked for last.
            kept.columns[key] = found
            self._make_room(kept, key)
            return found

    def _make_room(self, used: _Kept, asked: SourceKey) -> None:
        known = [*self._near.values(), *self._whole.values()]
        every = [(kept, key, columns) for kept in known for key, columns in kept.columns.items()]
        taken = sum(column.nbytes for *_, columns in every for column in columns)
        for kept, key, columns in every:
            if taken <= MOST_BYTES:
                break
            if kept is not used or key != asked:
                taken -= sum(column.nbytes for column in columns)
                del kept.columns[key]

    def _followed(
        self, connection: Connection, kept: _Kept, changes: Changes, narrowed: Narrowing, is_part: bool
    ) -> _Kept | None:
        """What is kept, with what has changed; None where all has to be read anew."""
        if changes.runs is None or (is_part and changes.experiments):
            return None
        if not changes.runs:
            return _Kept(changes.position, kept.forest, dict(kept.columns))
        run_ids = [run_id for _, run_id in changes.runs]
        reading = self._reading(connection, _narrowed_to(run_ids, narrowed))
        changed = reading.runs()
        if is_part and _has_lost(kept.forest, run_ids, changed):
            return None
        forest, columns = kept.forest, kept.columns
        rows = forest.rows_of(changed.run_id)
        if (rows < 0).any() or not changed.is_same_as(forest.runs.take(rows)):
            forest = forest_of(_replaced(forest.runs, rows[rows >= 0], changed))
            moved = kept.forest.rows_of(forest.runs.run_id)
            columns = {key: tuple(column.take(moved) for column in found) for key, found in columns.items()}
            rows = forest.rows_of(changed.run_id)
        if len(rows) > _FEW:
            return _Kept(changes.position, forest)
        nothing = Values.absent(len(rows))
        return _Kept(
            changes.position,
            forest,
            {
                key: reading.column(forest, key, tuple(column.put(rows, nothing) for column in found))
                for key, found in columns.items()
            },
        )


def _are_many(connection: Connection, experiment: str | None, below: ColumnElement[bool]) -> bool:
    """Whether the runs that are ``below`` are so many that all of an experiment, or of all, may as well be read."""
    counts = select(experiments.c.run_count).limit(_MOST_EXPERIMENTS)
    if experiment is not None:
        counts = counts.where(experiments.c.name == experiment)
    # A damaged count may be anything.
    every = sum(count for count in connection.execute(counts).scalars() if type(count) is int)
    most = min(max(every // _SHARE, _NEAR[0]), _NEAR[1])
    found = select(runs.c.path).where(below).limit(most + 1).subquery()
    counted: int = connection.execute(select(func.count()).select_from(found)).scalar_one()
    return counted > most


def _read_of(read: Callable[[Narrowing], Answer], part: Narrowing, run_ids: Sequence[str]) -> Answer:
    try:
        return read(partial(_only, part, run_ids))
    except DatabaseError as error:
        raise DamagedData(f"{len(run_ids)} runs cannot be read: {error.orig}") from error


def _where(condition: ColumnElement[bool], asked: Select[Any]) -> Select[Any]:
    return asked.where(condition)


def _has_lost(forest: Forest, run_ids: Sequence[str], changed: RunRows) -> bool:
    """Whether a run that has changed is no longer among those of an experiment."""
    known = forest.rows_of(ids_from([id_bytes(run_id) for run_id in run_ids]))
    return bool(np.setdiff1d(known[known >= 0], forest.rows_of(changed.run_id)).size)


def _replaced(every: RunRows, rows: Rows, changed: RunRows) -> RunRows:
    is_same = np.ones(len(every), np.bool_)
    is_same[rows] = False
    return RunRows.joined([every.take(is_same), changed])


def _in_experiment(connection: Connection, experiment: str | None) -> Narrowing:
    if experiment is None:
        return lambda asked: asked
    condition = in_scope(connection, Scope(experiment, stages=ANY_STAGE))
    return partial(_where, condition)


def _narrowed_to(run_ids: Sequence[str], narrowed: Narrowing) -> list[Narrowing]:
    parts = [run_ids[start : start + _FEW] for start in range(0, len(run_ids), _FEW)]
    return [partial(_only, narrowed, part) for part in parts]


def _only(narrowed: Narrowing, run_ids: Sequence[str], asked: Select[Any]) -> Select[Any]:
    return narrowed(asked).where(is_one_of(run_ids))
