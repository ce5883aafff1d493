"""Removing for good what was deleted."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, and_, bindparam, delete, insert, or_, select, update

from tb_runhistory.artifacts.base import ArtifactStore
from tb_runhistory.records.changes import LifecycleStage
from tb_runhistory.records.status import HEARTBEAT_TIMEOUT_SECONDS, RunStatus
from tb_runhistory.store.sql.codes import STAGE_CODES, STATUS_CODES
from tb_runhistory.store.sql.database import Database
from tb_runhistory.store.sql.runs.experiments import ExperimentsWriter
from tb_runhistory.store.sql.runs.runs_writing import count_names
from tb_runhistory.store.sql.same import of_run
from tb_runhistory.store.sql.schema import IS_PUT_AWAY, IS_ROOT, experiments, metadata, names, runs, store
from tb_runhistory.store.sql.series.entries_reading import referenced_artifacts

COLLECTED = "collected"
"""In ``store``: the stamp of the last transaction that removed runs. They are in no answer of ``changes``."""

_RUNS_AT_ONCE = 500
"""Runs that one transaction removes: few enough that nobody waits long for it."""

_ARTIFACT_REST_SECONDS = 24 * 3600.0
"""What was put later may belong to a transaction that is not committed yet."""

_DELETED, _ACTIVE = STAGE_CODES[LifecycleStage.DELETED], STAGE_CODES[LifecycleStage.ACTIVE]
_DESCRIBING_RUNS = [
    table for table in metadata.sorted_tables if {"root_id", "run_id"} <= set(table.c.keys()) and table is not runs
]
_DELETED_EXPERIMENTS = select(experiments.c.experiment_id).where(experiments.c.stage == _DELETED)
_DELETED_RUN = or_(
    and_(IS_PUT_AWAY, runs.c.stage == _DELETED),
    runs.c.root_id.in_(select(runs.c.root_id).where(IS_ROOT, runs.c.experiment_id.in_(_DELETED_EXPERIMENTS))),
)
_RUN_COLUMNS = (
    *(runs.c.root_id, runs.c.path, runs.c.run_id, runs.c.stage, runs.c.experiment_id, runs.c.status),
    runs.c.heartbeat_at,
)


def remove_deleted(database: Database, artifacts: ArtifactStore, progress: Callable[[int, int], None]) -> int:
    """Removes deleted runs and experiments, and artifacts that nothing refers to. Returns the number of runs.

    A run whose process is still at work stays, and so do the runs above it.
    """
    doomed = _doomed(database, time.time())
    gone = 0
    for start in range(0, len(doomed), _RUNS_AT_ONCE):
        some = doomed[start : start + _RUNS_AT_ONCE]
        with database.writing() as connection:
            database.lock_trees(connection, {row.root_id for row in some})
            gone += _remove_runs(connection, database, some)
        progress(gone, len(doomed))
    with database.writing() as connection:
        database.lock_experiments(connection)
        _remove_experiments(connection, database.stamp(connection))
    _remove_artifacts(database, artifacts)
    return gone


def _doomed(database: Database, now: float) -> list[Any]:
    """The runs that are to go, children before their parents, so that a tree is whole at any time."""
    with database.reading(limited=False) as connection:
        rows = connection.execute(select(*_RUN_COLUMNS).where(_DELETED_RUN).order_by(runs.c.root_id, runs.c.path)).all()
    doomed: list[Any] = []
    kept: tuple[object, bytes] = ("", b"")
    for row in reversed(rows):
        is_live = (
            row.status == STATUS_CODES[RunStatus.RUNNING]
            and now - (row.heartbeat_at or 0.0) < HEARTBEAT_TIMEOUT_SECONDS
        )
        if is_live or (row.root_id == kept[0] and kept[1].startswith(row.path)):
            kept = (row.root_id, row.path)
        else:
            doomed.append(row)
    return doomed


def _remove_runs(connection: Connection, database: Database, rows: Sequence[Any]) -> int:
    """Removes those of the runs that nobody has restored meanwhile."""
    named = select(runs.c.root_id, runs.c.path).where(runs.c.run_id.in_([row.run_id for row in rows]), _DELETED_RUN)
    still = {tuple(row) for row in connection.execute(named)}
    rows = [row for row in rows if (row.root_id, row.path) in still]
    if not rows:
        return 0
    stamp = database.stamp(connection)
    _uncount(connection, database, stamp, [row for row in rows if row.stage == _ACTIVE])
    keys = [{"of_root": row.root_id, "of_run": row.run_id} for row in rows]
    for table in _DESCRIBING_RUNS:
        connection.execute(delete(table).where(of_run(table)), keys)
    this_row = and_(runs.c.root_id == bindparam("of_root"), runs.c.path == bindparam("of_path"))
    connection.execute(delete(runs).where(this_row), [{"of_root": row.root_id, "of_path": row.path} for row in rows])
    _note_collected(connection, stamp)
    return len(rows)


def _uncount(connection: Connection, database: Database, stamp: int, rows: Iterable[Any]) -> None:
    """Takes active runs of deleted experiments out of what is counted there."""
    writer = ExperimentsWriter(connection, lambda: database.lock_experiments(connection), stamp)
    by_experiment: dict[int, list[tuple[str, str]]] = {}
    for row in rows:
        by_experiment.setdefault(row.experiment_id, []).append((row.root_id, row.run_id))
    for experiment_id, keys in by_experiment.items():
        writer.count_runs(experiment_id, -len(keys))
        for (kind, name), count in count_names(connection, keys).items():
            writer.count_name(experiment_id, kind, name, -count)
    writer.store()


def _note_collected(connection: Connection, stamp: int) -> None:
    value = str(stamp)
    noted = connection.execute(update(store).where(store.c.name == COLLECTED).values(value=value))
    if not noted.rowcount:
        connection.execute(insert(store), {"name": COLLECTED, "value": value})


def _remove_experiments(connection: Connection, stamp: int) -> None:
    """Removes deleted experiments that have no runs any more."""
    used = select(runs.c.experiment_id).where(IS_ROOT, runs.c.experiment_id == experiments.c.experiment_id)
    empty = _DELETED_EXPERIMENTS.where(~used.exists())
    gone = list(connection.execute(empty).scalars())
    if gone:
        for table in (names, experiments):
            connection.execute(delete(table).where(table.c.experiment_id.in_(gone)))
        _note_collected(connection, stamp)


def _remove_artifacts(database: Database, artifacts: ArtifactStore) -> None:
    artifacts.remove_unfinished()
    before = time.time() - _ARTIFACT_REST_SECONDS
    unused = set(artifacts.digests(before))
    if not unused:
        return
    with database.reading(limited=False) as connection:
        unused.difference_update(referenced_artifacts(connection))
    # Whoever refers to one from now on puts it again, in a transaction: then it is not old any more.
    with database.writing():
        for digest in unused.intersection(artifacts.digests(before)):
            artifacts.remove(digest)
