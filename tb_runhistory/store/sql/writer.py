"""The writer of an SQL store."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tb_runhistory.artifacts.base import ArtifactStore
from tb_runhistory.errors import RefusedData
from tb_runhistory.store.base import LoggedPoints, RunHistoryWriter, TreeBatch
from tb_runhistory.store.sql.applying import apply_batches
from tb_runhistory.store.sql.database import Database
from tb_runhistory.store.sql.paths import is_id
from tb_runhistory.store.sql.progress import Progress, forget_progress, read_progress
from tb_runhistory.store.sql.removal import remove_deleted
from tb_runhistory.store.sql.runs.doubled_ids import id_in_tree
from tb_runhistory.store.sql.runs.run_rows import beat_runs
from tb_runhistory.store.sql.runs.runs_writing import RefusedRecords


class SqlWriter(RunHistoryWriter):
    """Writes a store in an SQL database. Large contents go to ``artifacts``.

    Several trees are committed in one transaction: a commit costs a write to disk, whatever it holds. Nothing relies
    on it.
    """

    def __init__(self, database: Database, artifacts: ArtifactStore) -> None:
        self._database = database
        self._artifacts = artifacts

    def applied(self, journal_id: str) -> Mapping[str, int]:
        with self._database.writing() as connection:
            return read_progress(connection, journal_id)

    def apply(self, batches: Sequence[TreeBatch]) -> None:
        if not batches:
            return
        root_ids = {batch.root_id for batch in batches if batch.root_id}
        _check_ids(root_ids)
        database = self._database
        with database.writing() as connection:
            database.lock_trees(connection, root_ids)
            if len(root_ids) < len({batch.root_id for batch in batches}):
                # What belongs to no tree is about experiments.
                database.lock_experiments(connection)
            progress = Progress(connection, {(batch.root_id, batch.journal_id) for batch in batches})
            fresh = [
                batch
                for batch in batches
                if progress.advance(batch.root_id, batch.journal_id, batch.after, batch.sequence)
            ]
            if fresh:
                apply_batches(connection, database, self._artifacts, fresh)
                progress.store()

    def refuse(self, journal_id: str, root_id: str, after: int, sequence: int, run_ids: Mapping[str, int]) -> None:
        if root_id and not is_id(root_id):
            # There is no such tree in which anything could be counted.
            return
        known = {run_id: count for run_id, count in run_ids.items() if root_id and is_id(run_id)}
        refused: list[Any] = [RefusedRecords(root_id, run_id, count) for run_id, count in known.items()]
        self.apply([TreeBatch(journal_id, root_id, after, sequence, refused, LoggedPoints.of([]))])

    def forget(self, journal_id: str) -> None:
        with self._database.writing() as connection:
            forget_progress(connection, journal_id)

    def beat(self, runs: Sequence[tuple[str, str]], now: float) -> None:
        known = {run for run in runs if all(map(is_id, run))}
        known |= {(root_id, id_in_tree(root_id, run_id)) for root_id, run_id in known}
        if known:
            with self._database.writing() as connection:
                self._database.lock_trees(connection, {root_id for root_id, _ in known})
                beat_runs(connection, known, now, self._database.stamp(connection))

    def remove_deleted(self, progress: Callable[[int, int], None] | None = None) -> int:
        return remove_deleted(self._database, self._artifacts, progress or (lambda gone, of: None))

    def close(self) -> None:
        self._database.close()


def _check_ids(root_ids: set[str]) -> None:
    for root_id in root_ids:
        if not is_id(root_id):
            raise RefusedData(f"a tree has an id that is none: {root_id[:40]!r}")
