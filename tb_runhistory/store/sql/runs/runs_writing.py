"""Writing runs: what the changes of one transaction say is folded into the rows of the runs that they touch."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from tb_runhistory.records.changes import (
    CreateRun,
    DataClass,
    DescribeRun,
    DropPoints,
    EndRun,
    LifecycleStage,
    StageRun,
    StartRun,
)
from tb_runhistory.records.status import RunStatus
from tb_runhistory.store.sql.codes import (
    DATA_CLASS_CODES,
    METRIC_NAMES,
    PARAMETER_NAMES,
    STAGE_CODES,
    STATUS_CODES,
)
from tb_runhistory.store.sql.runs.experiments import ExperimentsWriter
from tb_runhistory.store.sql.runs.run_rows import (
    RunKey,
    RunRow,
    RunState,
    adopt_misnamed,
    described_runs,
    write_states,
)
from tb_runhistory.store.sql.runs.trees_writing import UNKNOWN_EXPERIMENT, Trees, stored_time
from tb_runhistory.store.sql.same import same_run
from tb_runhistory.store.sql.schema import params, runs, series
from tb_runhistory.store.sql.types import Id, storable
from tb_runhistory.store.sql.wanted import Lookup

_ACTIVE = STAGE_CODES[LifecycleStage.ACTIVE]
_RUNNING = STATUS_CODES[RunStatus.RUNNING]
_MOST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class RefusedRecords:
    """``count`` records of the run could not be taken. It is no record itself: the writer says it."""

    root_id: str
    run_id: str
    count: int


class RunsWriter:
    """The runs that one transaction touches. ``store`` writes what the other methods changed.

    ``trees`` reads them all before anything is applied. ``now`` is when what has no time of its own happened.
    """

    def __init__(self, connection: Connection, experiments: ExperimentsWriter, now: float) -> None:
        self._connection = connection
        self._experiments = experiments
        self._now = now
        self.trees = Trees(connection, now)
        self._described: set[RunKey] = set()

    def is_new(self, run: RunKey) -> bool:
        """Whether nothing was said of the run before this transaction."""
        state = self.trees.find(*run)
        return (state is None or state.stored is None) and run not in self._described

    def is_active(self, run: RunKey) -> bool:
        """Whether the run is shown in views."""
        return self.trees.state(*run).row.stage == _ACTIVE

    def experiment_id(self, run: RunKey) -> int:
        """The experiment of the run."""
        return self.trees.state(*run).row.experiment_id

    def session(self, root_id: str, run_id: str, session_id: str) -> int:
        """The ordinal of a session. One that is heard of for the first time is the newest from now on."""
        state = self.trees.state(root_id, run_id)
        ordinal = state.ordinals.get(session_id)
        return self._add_session(state, session_id) if ordinal is None else ordinal

    def create(self, change: CreateRun) -> None:
        """As ``CreateRun`` says. What is known of a run already stands."""
        known = self.trees.find(change.root_id, change.run_id)
        if known is not None and not known.is_placeholder:
            return
        experiment_id = self._experiment_of(change)
        state = self.trees.create(change, experiment_id)
        row = state.row
        row.number = self._experiments.number_run(experiment_id)
        row.display_name = storable(change.display_name) or None
        row.description = storable(change.description) or None
        row.chosen_id = storable(change.chosen_id) or None
        created_at = stored_time(change.created_at)
        row.created_at = row.created_at if created_at is None else created_at

    def stage(self, change: StageRun) -> None:
        """As ``StageRun`` says. What is above a run is never further out of sight than the run."""
        row = self.trees.state(change.root_id, change.run_id).row
        stage = STAGE_CODES[LifecycleStage(change.stage)]
        for state in self.trees.of_tree(change.root_id):
            if state.row.path.startswith(row.path):
                state.row.stage = stage
        for above in self.trees.above(row):
            above.stage = min(above.stage, stage)

    def start(self, change: StartRun) -> None:
        """As ``StartRun`` says."""
        state = self.trees.state(change.root_id, change.run_id, change.started_at)
        row = state.row
        if change.follows and change.follows not in state.ordinals:
            self._add_session(state, change.follows)
        if change.session_id not in state.ordinals:
            self._add_session(state, change.session_id)
        started_at = stored_time(change.started_at)
        if state.ordinals[change.session_id] == 1 and started_at is not None:
            row.started_at = started_at if row.started_at is None else min(row.started_at, started_at)
        # The host is NULL until the start, or the end, of the newest session is heard of.
        if change.session_id != row.session_id or row.host is not None:
            return
        row.host = storable(change.host)
        row.status, row.error, row.ended_at = _RUNNING, None, None
        row.started_at = started_at if row.started_at is None else row.started_at
        row.heartbeat_at = started_at

    def end(self, change: EndRun) -> None:
        """As ``EndRun`` says. The first end of a session stands."""
        state = self.trees.state(change.root_id, change.run_id, change.ended_at)
        row = state.row
        if change.session_id not in state.ordinals:
            self._add_session(state, change.session_id)
        if change.session_id != row.session_id or (row.host is not None and row.ended_at is not None):
            return
        row.host = row.host or ""
        row.status, row.error = STATUS_CODES[RunStatus(change.status)], storable(change.error) or None
        ended_at = stored_time(change.ended_at)
        row.ended_at = self._now if ended_at is None else ended_at

    def describe(self, change: DescribeRun) -> None:
        """As ``DescribeRun`` says."""
        row = self.trees.state(change.root_id, change.run_id).row
        if change.display_name is not None:
            row.display_name = storable(change.display_name) or None
        if change.description is not None:
            row.description = storable(change.description) or None

    def drop(self, change: DropPoints) -> None:
        """As ``DropPoints`` says."""
        row = self.trees.state(change.root_id, change.run_id).row
        row.dropped = _sum(row.dropped, change.count)

    def refuse(self, change: RefusedRecords) -> None:
        """As ``RefusedRecords`` says."""
        row = self.trees.state(change.root_id, change.run_id).row
        row.refused = _sum(row.refused, change.count)

    def count(self) -> None:
        """Counts, in their experiments, the runs that become active or cease to be, with what they had before."""
        self._settle_unknown()
        adopt_misnamed(self._connection, self.trees.everything())
        new = [(state.row.root_id, state.row.run_id) for state in self.trees.everything() if state.stored is None]
        self._described = described_runs(self._connection, new)
        moved: dict[tuple[int, int], list[RunKey]] = defaultdict(list)
        runs: Counter[int] = Counter()
        for state in self.trees.everything():
            before = _counted_in(RunRow(*state.stored)) if state.stored else UNKNOWN_EXPERIMENT
            after = _counted_in(state.row)
            if before == after:
                continue
            runs[before] -= 1
            runs[after] += 1
            if state.stored:
                moved[before, after].append((state.row.root_id, state.row.run_id))
        for experiment_id, by in runs.items():
            if by and experiment_id != UNKNOWN_EXPERIMENT:
                self._experiments.count_runs(experiment_id, by)
        for (before, after), keys in moved.items():
            for (kind, name), count in count_names(self._connection, keys).items():
                if before != UNKNOWN_EXPERIMENT:
                    self._experiments.count_name(before, kind, name, -count)
                if after != UNKNOWN_EXPERIMENT:
                    self._experiments.count_name(after, kind, name, count)

    def store(self, stamp: int) -> None:
        """Writes the runs."""
        write_states(self._connection, self.trees.everything(), stamp)

    def _experiment_of(self, change: CreateRun) -> int:
        """The experiment of a run that is created: its tree's, which the creation of the root decides."""
        root = self.trees.find(change.root_id, change.root_id)
        is_root = change.run_id == change.root_id
        if root is not None and not (is_root and root.is_placeholder) and self._is_known(root):
            return root.row.experiment_id
        experiment_id = self._experiments.named(change.experiment, change.created_at).experiment_id
        if root is not None and root.row.experiment_id != experiment_id:
            self.trees.load_subtree(root.row)
            for state in self.trees.of_tree(change.root_id):
                state.row.experiment_id = experiment_id
        return experiment_id

    def _is_known(self, root: RunState) -> bool:
        """Whether the experiment of a tree is known: where the creation of one of its runs was heard of."""
        if root.row.experiment_id == UNKNOWN_EXPERIMENT:
            return False
        root_id = root.row.root_id
        if not all(state.is_placeholder for state in self.trees.of_tree(root_id)):
            return True
        created = select(runs.c.number).where(runs.c.root_id == root_id, runs.c.number > 0).limit(1)
        return self._connection.execute(created).first() is not None

    def _add_session(self, state: RunState, session_id: str) -> int:
        """Registers a session as the newest of its run, which is known to be started when its start is heard of."""
        row = state.row
        row.session, row.session_id, row.host = (row.session or 0) + 1, session_id, None
        state.ordinals[session_id] = row.session
        return row.session

    def _settle_unknown(self) -> None:
        """Puts runs of whose tree no creation was heard of into an experiment of their own."""
        unknown = [state.row for state in self.trees.everything() if state.row.experiment_id == UNKNOWN_EXPERIMENT]
        if unknown:
            recovered = self._experiments.recovered(self._now).experiment_id
            for row in unknown:
                row.experiment_id = recovered


def count_names(connection: Connection, keys: Collection[RunKey]) -> Counter[tuple[int, str]]:
    """How many of the runs have each parameter and each scalar metric, by kind of name and name."""
    counted: Counter[tuple[int, str]] = Counter()
    for kind, lookup in ((PARAMETER_NAMES, _PARAMETERS), (METRIC_NAMES, _METRICS)):
        for name, count in lookup.rows(connection, keys):
            counted[kind, name] += count
    return counted


def _counted_in(row: RunRow) -> int:
    """The experiment that counts the run; none where it is put away."""
    return row.experiment_id if row.stage == _ACTIVE else UNKNOWN_EXPERIMENT


def _sum(stored: int | None, count: int) -> int | None:
    return min((stored or 0) + max(count, 0), _MOST) or None


_PARAMETERS = Lookup(
    {"root_id": Id, "run_id": Id},
    lambda wanted: (
        select(params.c.name, func.count())
        .select_from(wanted.join(params, same_run(params, wanted)))
        .group_by(params.c.name)
    ),
)
_METRICS = Lookup(
    {"root_id": Id, "run_id": Id},
    lambda wanted: (
        select(series.c.tag, func.count())
        .select_from(wanted.join(series, same_run(series, wanted)))
        .where(series.c.data_class == DATA_CLASS_CODES[DataClass.SCALAR], series.c.count > 0)
        .group_by(series.c.tag)
    ),
)
