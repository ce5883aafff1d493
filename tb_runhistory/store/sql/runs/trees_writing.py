"""The trees that one transaction touches: their runs are read at once, found, and put where they belong.

A tree is whole: a run of which the store hears before its creation gets a row, and so do the runs above it. Such a
placeholder has the number 0. It is completed when its creation is heard of.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator

from sqlalchemy import Connection

from tb_runhistory.records.changes import CreateRun, LifecycleStage, StageRun
from tb_runhistory.records.status import RunStatus
from tb_runhistory.store.sql.codes import STAGE_CODES, STATUS_CODES
from tb_runhistory.store.sql.paths import MAX_DEPTH, checked_path, depth_of, ids_of, is_id, stored_path
from tb_runhistory.store.sql.runs.run_rows import (
    RunKey,
    RunRow,
    RunState,
    know_sessions,
    read_sessions,
    read_states,
    read_subtree,
)

UNKNOWN_EXPERIMENT = -1
"""The experiment of a run, until it is stored, of whose tree no run's creation was heard of."""

_ACTIVE = STAGE_CODES[LifecycleStage.ACTIVE]
_NOT_STARTED = STATUS_CODES[RunStatus.NOT_STARTED]
_TAIL = 8
"""How many characters of its id name a run that nobody named."""


class Trees:
    """The runs that one transaction touches, with those above them.

    ``load`` reads them before anything is changed. ``now`` is when what is not known to have been made before was.
    """

    def __init__(self, connection: Connection, now: float) -> None:
        self._connection = connection
        self._now = now
        self._trees: dict[str, dict[str, RunState]] = defaultdict(dict)
        self._earlier_sessions: dict[RunKey, dict[str, int]] = {}

    def load(
        self, touched: Collection[RunKey], created: Iterable[CreateRun], staged: Iterable[StageRun]
    ) -> set[RunKey]:
        """Reads the runs that are touched with those above them, and whole subtrees where their stage changes.

        Returns those of the runs whose ids belong to runs of other trees.
        """
        wanted = dict.fromkeys(touched)
        for change in created:
            above = change.path.split("/", MAX_DEPTH)[:MAX_DEPTH]
            wanted.update({(change.root_id, run_id): None for run_id in above if is_id(run_id)})
        wanted.update({(root_id, root_id): None for root_id, _ in wanted})
        owners: dict[str, str] = {}
        for state in read_states(self._connection, wanted):
            run = (state.row.root_id, state.row.run_id)
            if not state.damage:
                owners.setdefault(state.row.run_id, state.row.root_id)
            if run in wanted:
                self._trees[run[0]][run[1]] = state
        for root_id, run_id in touched:
            if run_id in self._trees[root_id]:
                self._trees[root_id][run_id].is_touched = True
        for stage in staged:
            known = self._trees[stage.root_id].get(stage.run_id)
            if known is not None:
                self.load_subtree(known.row)
        return {
            (root_id, run_id)
            for root_id, run_id in wanted
            if owners.setdefault(run_id, root_id) != root_id
            and run_id not in self._trees[root_id]
            and run_id != root_id
        }

    def load_sessions(self, mentioned: Iterable[tuple[str, str, str]]) -> None:
        """Reads the earlier sessions of runs of which (root_id, run_id, session_id) is not the newest."""
        asked: set[RunKey] = set()
        for root_id, run_id, session_id in mentioned:
            state = self._trees[root_id].get(run_id)
            has_earlier = state is None or (state.row.session or 0) > 1 or state.damage
            if has_earlier and (state is None or session_id not in state.ordinals):
                asked.add((root_id, run_id))
        self._earlier_sessions = read_sessions(self._connection, asked)
        for (root_id, run_id), earlier in self._earlier_sessions.items():
            if run_id in self._trees[root_id]:
                know_sessions(self._trees[root_id][run_id], earlier)

    def find(self, root_id: str, run_id: str) -> RunState | None:
        """The run, where the store or this transaction has heard of it."""
        return self._trees[root_id].get(run_id)

    def of_tree(self, root_id: str) -> Collection[RunState]:
        """The runs of one tree that were read or made."""
        return self._trees[root_id].values()

    def everything(self) -> Iterator[RunState]:
        """All runs that were read or made."""
        return (state for tree in self._trees.values() for state in tree.values())

    def state(self, root_id: str, run_id: str, created_at: float | None = None) -> RunState:
        """The run; where nothing is known of it, it is as far as anyone can tell a child of its root."""
        found = self._trees[root_id].get(run_id)
        if found is not None:
            return found
        if run_id == root_id:
            return self._add(root_id, run_id, None, UNKNOWN_EXPERIMENT, created_at)
        root = self.state(root_id, root_id, created_at).row
        return self._add(root_id, run_id, root, root.experiment_id, created_at)

    def create(self, change: CreateRun, experiment_id: int) -> RunState:
        """The run that is created, where it says that it stands, with the runs above it.

        Raises:
          RefusedData: it stands nowhere.
        """
        root_id = change.root_id
        *above, run_id = checked_path(root_id, change.run_id, change.path)
        parent: RunRow | None = None
        for ancestor_id in above:
            parent = self._at(root_id, ancestor_id, parent, experiment_id, change.created_at).row
        return self._at(root_id, run_id, parent, experiment_id, change.created_at)

    def above(self, row: RunRow) -> Iterator[RunRow]:
        """The runs above a run, the nearest first."""
        tree = self._trees[row.root_id]
        line = [row.root_id, *ids_of(row.path)][:-1]
        missing = [(row.root_id, run_id) for run_id in line if run_id not in tree]
        for state in read_states(self._connection, missing):
            if state.row.root_id == row.root_id:
                tree[state.row.run_id] = state
        return (tree[run_id].row for run_id in reversed(line) if run_id in tree)

    def load_subtree(self, row: RunRow) -> None:
        """Reads a run's descendants."""
        tree = self._trees[row.root_id]
        for state in read_subtree(self._connection, row.root_id, row.path):
            tree.setdefault(state.row.run_id, state)

    def _at(self, root_id: str, run_id: str, parent: RunRow | None, experiment_id: int, created_at: float) -> RunState:
        """A run on the path of one that is created, which stands below ``parent``."""
        known = self._trees[root_id].get(run_id)
        if known is None:
            return self._add(root_id, run_id, parent, experiment_id, created_at)
        if known.is_placeholder and parent is not None:
            _place_below(known.row, parent)
        return known

    def _add(
        self, root_id: str, run_id: str, parent: RunRow | None, experiment_id: int, created_at: float | None
    ) -> RunState:
        path = b"" if parent is None else stored_path(run_id, parent.path)
        when = None if created_at is None else stored_time(created_at)
        row = RunRow(
            root_id=root_id,
            path=path,
            run_id=run_id,
            parent_id=None if parent is None else parent.run_id,
            depth=depth_of(path),
            status=_NOT_STARTED,
            stage=_ACTIVE if parent is None else parent.stage,
            experiment_id=experiment_id,
            number=0,
            changed=0,
            checksum=0,
            display_name=run_id[-_TAIL:],
            created_at=self._now if when is None else when,
        )
        self._trees[root_id][run_id] = state = RunState(row, is_touched=True)
        if (root_id, run_id) in self._earlier_sessions:
            know_sessions(state, self._earlier_sessions[root_id, run_id])
        return state


def _place_below(row: RunRow, parent: RunRow) -> None:
    """Puts a placeholder where it belongs. One that is not right below the root was heard of with its path."""
    if row.depth == 1 and row.parent_id != parent.run_id:
        row.parent_id, row.path = parent.run_id, stored_path(row.run_id, parent.path)
        row.depth = depth_of(row.path)
        row.stage = max(row.stage, parent.stage)


def stored_time(seconds: float) -> float | None:
    """A time as it may be stored; None where it is none."""
    # SQLite keeps no sign of zero in a column.
    return float(seconds) + 0.0 if math.isfinite(seconds) else None
