"""Writing experiments, and what is counted in them: runs, and the names of what runs have."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import Connection, Integer, SmallInteger, and_, bindparam, delete, func, insert, select, update

from tb_runhistory.records.changes import CreateExperiment, Direction, LifecycleStage, RenameExperiment, StageExperiment
from tb_runhistory.records.identity import new_id
from tb_runhistory.store.sql.codes import STAGE_CODES
from tb_runhistory.store.sql.rows import COVERED, checksum_of, make_usable, mismatch
from tb_runhistory.store.sql.runs.default_views import store_views
from tb_runhistory.store.sql.runs.directions import store_directions
from tb_runhistory.store.sql.schema import IS_ROOT, experiments, names, runs
from tb_runhistory.store.sql.types import Word, storable
from tb_runhistory.store.sql.wanted import Lookup

RECOVERED = 0
"""The id of the experiment that holds runs of whose tree no run's creation was heard of, as long as there are any."""

_RECOVERED_NAME = "recovered"
_MOST = 2**63 - 1
_LARGEST_ID = 2**30
"""No store has so many experiments: an id beyond is damage, and says nothing of the next one."""
_COVERED = [column.name for column in COVERED[experiments]]

_BY_NAME = Lookup(
    {"name": Word},
    lambda wanted: select(experiments).select_from(wanted.join(experiments, experiments.c.name == wanted.c.name)),
)
_BY_ID = Lookup(
    {"experiment_id": Integer},
    lambda wanted: select(experiments).select_from(
        wanted.join(experiments, experiments.c.experiment_id == wanted.c.experiment_id)
    ),
)
_NEWEST_ID = select(func.max(experiments.c.experiment_id)).where(experiments.c.experiment_id <= _LARGEST_ID)
_COUNTED = Lookup(
    {"experiment_id": Integer, "kind": SmallInteger, "name": Word},
    lambda wanted: select(names).select_from(
        wanted.join(
            names,
            and_(
                names.c.experiment_id == wanted.c.experiment_id,
                names.c.kind == wanted.c.kind,
                names.c.name == wanted.c.name,
            ),
        )
    ),
)
_of_name = and_(
    names.c.experiment_id == bindparam("of_experiment"),
    names.c.kind == bindparam("of_kind"),
    names.c.name == bindparam("of_name"),
)
_RECOUNT = update(names).where(_of_name).values(run_count=bindparam("counted"))
_UNCOUNT = delete(names).where(_of_name)


@dataclass(slots=True)
class ExperimentRow:
    """A row of ``experiments`` while a transaction changes it, in the order of its columns."""

    experiment_id: int
    name: str
    description: str | None
    stage: int
    created_at: float
    last_number: int
    run_count: int
    changed: int
    checksum: int


class ExperimentsWriter:
    """The experiments that one transaction touches. ``store`` writes what the other methods changed.

    ``lock`` is called once, before anything is read. ``stamp`` marks what a reader must not keep.
    """

    def __init__(self, connection: Connection, lock: Callable[[], None], stamp: int) -> None:
        self._connection = connection
        self._lock = lock
        self._is_locked = False
        self._stamp = stamp
        self._rows: dict[int, ExperimentRow] = {}
        self._ids: dict[str, int] = {}
        self._stored: dict[int, tuple[Any, ...]] = {}
        self._damage: dict[int, int] = {}
        self._counted: Counter[tuple[int, int, str]] = Counter()
        self._directions: dict[tuple[int, str], Direction] = {}
        self._views: dict[int, str] = {}

    def load(self, wanted: Iterable[str]) -> None:
        """Reads the experiments of these names, which may not be there."""
        missing = sorted({storable(name) for name in wanted}.difference(self._ids))
        if missing:
            self._ensure_lock()
            for row in _BY_NAME.rows(self._connection, [(name,) for name in missing]):
                self._take(row)

    def row(self, experiment_id: int) -> ExperimentRow:
        """The experiment with this id; where a damaged run names one that is not there, it is made."""
        if experiment_id not in self._rows:
            self._ensure_lock()
            for row in _BY_ID.rows(self._connection, [(experiment_id,)]):
                self._take(row)
        if experiment_id not in self._rows:
            self._add(experiment_id, f"experiment {experiment_id}", 0.0)
        return self._rows[experiment_id]

    def named(self, name: str, created_at: float) -> ExperimentRow:
        """The experiment of this name, made if there is none."""
        name = storable(name)
        self.load([name])
        if name not in self._ids:
            newest = self._connection.execute(_NEWEST_ID).scalar_one() or RECOVERED
            known = [experiment_id for experiment_id in self._rows if experiment_id <= _LARGEST_ID]
            self._add(max([RECOVERED, newest, *known]) + 1, name, created_at)
        return self._rows[self._ids[name]]

    def recovered(self, now: float) -> ExperimentRow:
        """The experiment for runs of which nothing is known. Where somebody has one of its name, they are put there."""
        self.load([_RECOVERED_NAME])
        if _RECOVERED_NAME not in self._ids:
            self._add(RECOVERED, _RECOVERED_NAME, now)
        return self._rows[self._ids[_RECOVERED_NAME]]

    def number_run(self, experiment_id: int) -> int:
        """The number of the run that is created next."""
        row = self.row(experiment_id)
        row.last_number = min(row.last_number + 1, _MOST)
        return row.last_number

    def create(self, change: CreateExperiment) -> None:
        """As ``CreateExperiment`` says."""
        row = self.named(change.name, change.created_at)
        if change.description:
            row.description = storable(change.description)
        for tag, direction in change.directions.items():
            self._directions[row.experiment_id, storable(tag)] = direction
        if change.view is not None:
            self._views[row.experiment_id] = storable(change.view)

    def rename(self, change: RenameExperiment) -> None:
        """As ``RenameExperiment`` says."""
        self.load([change.name, change.new_name])
        name, new_name = storable(change.name), storable(change.new_name)
        if name in self._ids and new_name not in self._ids:
            self._ids[new_name] = self._ids.pop(name)
            self._rows[self._ids[new_name]].name = new_name

    def stage(self, change: StageExperiment) -> None:
        """As ``StageExperiment`` says."""
        self.load([change.name])
        if storable(change.name) in self._ids:
            self._rows[self._ids[storable(change.name)]].stage = STAGE_CODES[LifecycleStage(change.stage)]

    def count_runs(self, experiment_id: int, by: int) -> None:
        """Counts active runs that come or go."""
        row = self.row(experiment_id)
        row.run_count = min(max(row.run_count + by, 0), _MOST)

    def count_name(self, experiment_id: int, kind: int, name: str, by: int) -> None:
        """Counts active runs that have a parameter or a metric, and come or go."""
        self._counted[experiment_id, kind, name] += by

    def store(self) -> None:
        """Writes what has changed."""
        said = store_directions(self._connection, self._directions) | store_views(self._connection, self._views)
        for experiment_id in said:
            self._rows[experiment_id].changed = self._stamp
        new: list[ExperimentRow] = []
        old: list[ExperimentRow] = []
        for experiment_id, row in self._rows.items():
            cells = _cells(row)
            if cells == self._stored.get(experiment_id):
                continue
            row.checksum = checksum_of(_covered(row)) ^ self._damage.get(experiment_id, 0)
            before = self._stored.get(experiment_id)
            if before is not None and (row.name, row.stage) != (before[1], before[3]):
                # It concerns all its runs, of which none changes.
                row.changed = self._stamp
            (new if before is None else old).append(row)
        renamed = [row for row in old if row.name != self._stored[row.experiment_id][1]]
        if len(renamed) > 1:
            # Names are unique at every moment, and one may have the name that another gives up.
            for row in renamed:
                self._update(row.experiment_id, {"name": new_id()})
        for row in old:
            self._update(row.experiment_id, _named_cells(row))
        if new:
            self._connection.execute(insert(experiments), [_named_cells(row) for row in new])
        self._store_names()
        if RECOVERED in self._stored and not self._rows[RECOVERED].run_count:
            self._remove_recovered()

    def _remove_recovered(self) -> None:
        """What was only guessed leaves nothing behind."""
        held = select(runs.c.run_id).where(IS_ROOT, runs.c.experiment_id == RECOVERED).limit(1)
        if self._connection.execute(held).first() is None:
            self._connection.execute(delete(experiments).where(experiments.c.experiment_id == RECOVERED))

    def _store_names(self) -> None:
        deltas = {key: by for key, by in self._counted.items() if by}
        self._counted.clear()
        if not deltas:
            return
        self._ensure_lock()
        found = _COUNTED.rows(self._connection, list(deltas))
        # A damaged cell may hold anything.
        stored = {tuple(row[:3]): row.run_count if type(row.run_count) is int else 0 for row in found}
        rows = []
        for key, by in deltas.items():
            count = min(max(stored.get(key, 0) + by, 0), _MOST)
            rows.append({"of_experiment": key[0], "of_kind": key[1], "of_name": key[2], "counted": count})
        added = [row for row in rows if _key(row) not in stored and row["counted"]]
        if added:
            parts = ("experiment_id", "kind", "name", "run_count")
            self._connection.execute(insert(names), [dict(zip(parts, row.values(), strict=True)) for row in added])
        for statement, is_meant in ((_RECOUNT, True), (_UNCOUNT, False)):
            some = [row for row in rows if _key(row) in stored and bool(row["counted"]) is is_meant]
            if some:
                self._connection.execute(statement, some)

    def _ensure_lock(self) -> None:
        if not self._is_locked:
            self._is_locked = True
            self._lock()

    def _add(self, experiment_id: int, name: str, created_at: float) -> None:
        # SQLite keeps no sign of zero in a column.
        when = float(created_at) + 0.0 if math.isfinite(created_at) else 0.0
        self._rows[experiment_id] = ExperimentRow(experiment_id, name, None, 0, when, 0, 0, self._stamp, 0)
        self._ids[name] = experiment_id

    def _update(self, experiment_id: int, cells: dict[str, Any]) -> None:
        this_row = experiments.c.experiment_id == experiment_id
        self._connection.execute(update(experiments).where(this_row).values(cells))

    def _take(self, stored: Any) -> None:
        row = ExperimentRow(*stored)
        if row.experiment_id in self._rows:
            # It is known here by the name that this transaction has given it.
            return
        self._damage[row.experiment_id] = mismatch(row.checksum, _covered(row))
        self._stored[row.experiment_id] = _cells(row)
        make_usable(experiments, row)
        self._rows[row.experiment_id] = row
        self._ids[row.name] = row.experiment_id


_NAMES = [field.name for field in fields(ExperimentRow)]


def _covered(row: ExperimentRow) -> list[Any]:
    return [getattr(row, name) for name in _COVERED]


def _cells(row: ExperimentRow) -> tuple[Any, ...]:
    return tuple(getattr(row, name) for name in _NAMES)


def _named_cells(row: ExperimentRow) -> dict[str, Any]:
    return {name: getattr(row, name) for name in _NAMES}


def _key(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return row["of_experiment"], row["of_kind"], row["of_name"]
