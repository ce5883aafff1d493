"""A run as this process takes part in it: resumed, logged to, ended, and asked about."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from tb_runhistory.errors import NotFound, RunStateError, StoreError
from tb_runhistory.recording.endings import end_session, ending_of, watch
from tb_runhistory.recording.links import StoreLink, link_to
from tb_runhistory.recording.notices import notice
from tb_runhistory.recording.reading import (
    MetricResult,
    StageFilter,
    StatusFilter,
    StoredRun,
    TagFilter,
    checked_stage,
    children_of,
    is_in_stage,
    labels_by_run,
    metrics_by_run,
    next_steps,
    only,
    parameters_of,
    scope_of,
    selected,
    stored_run,
    stored_runs,
)
from tb_runhistory.recording.session import RunSession, Series, running_session
from tb_runhistory.recording.values import (
    listed,
    metric_step,
    metric_value,
    parameter_value,
    rows_of,
    storable_labels,
    storable_text,
)
from tb_runhistory.records.changes import (
    AddProperties,
    CreateRun,
    DescribeRun,
    LifecycleStage,
    MetricShape,
    ParameterValue,
    RemoveTags,
    SetTags,
    StageRun,
)
from tb_runhistory.records.names import checked_name
from tb_runhistory.records.status import RunStatus

if TYPE_CHECKING:
    from tb_runhistory.store.base import RunHistoryReader

T = TypeVar("T")
_Labels: TypeAlias = dict[str, str | None]

_LIVE = (RunStatus.RUNNING, RunStatus.NOT_RESPONDING)


class RunHandle:
    """One run, as one ``Run`` object knows it.

    ``session`` is the one that it last recorded to, and ``snapshot`` what the store said when the run was found.
    """

    def __init__(
        self, link: StoreLink, created: CreateRun, session: RunSession | None = None, snapshot: StoredRun | None = None
    ) -> None:
        self.link = link
        self.created = created
        self.session = session
        self.display_name = created.display_name
        self.description = created.description
        self._snapshot = snapshot
        # None where the store is to be asked first.
        self._properties: dict[str, str] | None = None if session is None else {}

    @property
    def run_id(self) -> str:
        """The run's id."""
        return self.created.run_id

    # Recording

    def running(self) -> RunSession:
        """The session to record to.

        Raises:
          RunStateError: the run is not running.
        """
        session = self.link.sessions.get(self.run_id) or self.session or self._join()
        self.session = running_session(session, self.display_name)
        return self.session

    def log(self, name: str, value: object, description: str, step: int | None) -> dict[str, Series]:
        """Checks and logs one value; see ``Run.log``. Returns the scalar series that may be appended to at once."""
        checked_name("metric", name)
        at = None if step is None else metric_step(name, step)
        checked = [metric_value(name, value)]
        session = self.running()
        session.log(name, checked, at, storable_text("a description", description), MetricShape.SCALAR)
        return session.scalars

    def log_list(self, name: str, values: Iterable[object], description: str) -> None:
        """Checks and logs several values; see ``Run.log_list``."""
        checked_name("metric", name)
        checked = [metric_value(name, value) for value in listed(name, values)]
        self.running().log(name, checked, None, storable_text("a description", description), MetricShape.LIST)

    def log_table(self, name: str, columns: Mapping[str, object], description: str) -> None:
        """Checks and logs rows; see ``Run.log_table``."""
        checked_name("metric", name)
        rows = rows_of(name, columns)
        self.running().log_rows(name, rows, storable_text("a description", description))

    def set_parameter(self, name: str, value: object) -> None:
        """Checks and records a parameter; see ``Run.log_parameter``."""
        checked_name("parameter", name)
        checked = parameter_value(name, value)
        self.running().set_parameter(name, checked)

    def start(self) -> dict[str, Series]:
        """Starts or resumes the run in this process, unless it is running it. Returns its scalar series."""
        session = self._own_session()
        if session is not None:
            return session.scalars
        follows, steps, parameters = self._history()
        self.session = self.link.sessions.begin(self.created, steps, follows)
        self.session.parameters.update(parameters)
        watch()
        return self.session.scalars

    def end(self, status: RunStatus, error: str = "") -> None:
        """Ends the run, whoever runs it.

        Raises:
          RunStateError: it has not started, or has ended in another state.
        """
        session = self.link.sessions.get(self.run_id) or self.session or self._join()
        if session is None:
            raise RunStateError(f"the run {self.display_name!r} has not started, so it cannot end: call start() first")
        if session.status.is_terminal:
            if session.status is not status:
                raise RunStateError(
                    f"the run {self.display_name!r} has ended as {session.status.value}, not as {status.value}"
                )
            return
        self.session = session
        end_session(self.link, session, status, error)

    def leave_block(self, error: BaseException | None) -> None:
        """Ends the run with its ``with`` block, but not in a forked child, and not where another process runs it."""
        session = self._own_session()
        if session is not None:
            end_session(self.link, session, *ending_of(error))

    def describe(self, display_name: str | None = None, description: str | None = None) -> None:
        """Replaces what is not None."""
        if display_name is not None:
            self.display_name = checked_name("run", display_name)
        if description is not None:
            self.description = description = storable_text("a description", description)
        self.link.recorder.append(DescribeRun(self.created.root_id, self.run_id, display_name, description))

    def set_tags(self, tags: Mapping[str, object]) -> None:
        """Sets tags."""
        if tags:
            self.link.recorder.append(SetTags(self.created.root_id, self.run_id, storable_labels("tag", tags)))

    def remove_tags(self, tags: Iterable[str]) -> None:
        """Removes tags."""
        names = tuple(checked_name("tag", name) for name in tags)
        if names:
            self.link.recorder.append(RemoveTags(self.created.root_id, self.run_id, names))

    def add_properties(self, properties: Mapping[str, object]) -> None:
        """Adds properties.

        Raises:
          RunStateError: one has another value. None is added then.
        """
        labels = storable_labels("property", properties)
        checked = {name: storable_text("a property", value) for name, value in labels.items()}
        known = self._known_properties()
        for name, value in checked.items():
            if known.get(name, value) != value:
                raise RunStateError(
                    f"the property {name!r} of the run {self.display_name!r} is {known[name]!r} and cannot become "
                    f"{value!r}: properties keep their first value, use a tag for what changes"
                )
        known |= checked
        if checked:
            self.link.recorder.append(AddProperties(self.created.root_id, self.run_id, checked))

    def move_to(self, stage: LifecycleStage) -> None:
        """Shows, archives or deletes the run with its subtree.

        Raises:
          RunStateError: it is to be deleted, and this process runs it or a run below it.
        """
        if stage is LifecycleStage.DELETED:
            below = (session.run for session in self.link.sessions.owned())
            running = [run for run in below if self.run_id in run.path.split("/")]
            if running:
                raise RunStateError(
                    f"the run {running[0].display_name!r} is running in this process: end it before "
                    f"{self.display_name!r} is deleted"
                )
        self.link.recorder.append(StageRun(self.created.root_id, self.run_id, stage))

    # Reading

    def ask(self, question: Callable[[RunHistoryReader], T], otherwise: T) -> T:
        """What the store answers once it has what is recorded here; ``otherwise`` where recording is disabled."""
        if self.link.recorder.is_disabled:
            return otherwise
        self.link.waiting.before_reading()
        return self.link.reader.ask(question)

    def stored(self) -> StoredRun | None:
        """The run as the store has it; None where it has not."""
        return self.ask(lambda reader: stored_run(reader, self.run_id), None)

    def status(self) -> RunStatus:
        """The run's state: known here where this process runs it, else as the store has it.

        Raises:
          NotFound, StoreError: neither knows.
        """
        session = self._own_session()
        if session is not None:
            return session.status
        try:
            stored = self.stored()
        except (NotFound, StoreError):
            if self.session is None:
                raise
            stored = None
        return self._status(stored)

    def number(self) -> int | None:
        """The number that the store has given the run in its experiment; None while it has not, or cannot be asked."""
        try:
            stored = self.stored()
        except (NotFound, StoreError):
            return None
        return stored.number or None if stored is not None else None

    def parameters(self) -> dict[str, ParameterValue]:
        """The run's own parameters."""
        return self.ask(lambda reader: parameters_of(reader, self.run_id), {})

    def tags(self) -> dict[str, str | None]:
        """The run's tags."""
        return self.ask(lambda reader: labels_by_run(reader.tags(only(self.run_id))).get(self.run_id, {}), {})

    def properties(self) -> dict[str, str]:
        """The run's properties."""
        nothing: _Labels = {}
        found = self.ask(
            lambda reader: labels_by_run(reader.properties(only(self.run_id))).get(self.run_id, {}), nothing
        )
        return {name: value or "" for name, value in found.items()}

    def details(self) -> dict[str, Any]:
        """See ``Run.get_details``."""
        nothing: tuple[StoredRun | None, _Labels, _Labels, dict[str, ParameterValue]] = (None, {}, {}, {})
        stored, tags, properties, parameters = self.ask(
            lambda reader: (
                stored_run(reader, self.run_id),
                labels_by_run(reader.tags(only(self.run_id))).get(self.run_id, {}),
                labels_by_run(reader.properties(only(self.run_id))).get(self.run_id, {}),
                parameters_of(reader, self.run_id),
            ),
            nothing,
        )
        created = self.created if stored is None else stored.created
        return {
            "runId": self.run_id,
            "chosenId": created.chosen_id,
            "rootRunId": self.created.root_id,
            "parentRunId": self.created.parent_id,
            "experiment": created.experiment,
            "number": None if stored is None else stored.number,
            "displayName": self.display_name if stored is None else created.display_name,
            "description": self.description if stored is None else created.description,
            "status": self._status(stored).value,
            "stage": LifecycleStage.ACTIVE.value if stored is None else stored.stage.value,
            "error": "" if stored is None else stored.error,
            "startTimeUtc": None if stored is None else _iso(stored.started_at),
            "endTimeUtc": None if stored is None else _iso(stored.ended_at),
            "droppedPoints": 0 if stored is None else stored.dropped,
            "refusedRecords": 0 if stored is None else stored.refused,
            "parameters": parameters,
            "tags": tags,
            "properties": properties,
        }

    def children(
        self, recursive: bool, tags: TagFilter, status: StatusFilter, stage: StageFilter | None
    ) -> Iterator[RunHandle]:
        """The run's children, or all its descendants, those that were created last first; see ``Run.get_children``."""
        own = self.stored()
        if own is None:
            return
        wanted = own.stage.value if stage is None else checked_stage(stage)
        if recursive:
            below = [run for run in self._subtree() if run.created.run_id != self.run_id and is_in_stage(run, wanted)]
            found = iter(self.link.reader.ask(partial(selected, below, tags, status)))
        else:
            found = children_of(self.link.reader, scope_of(run_id=self.run_id), self.run_id, tags, status, wanted)
        for run in found:
            yield RunHandle(self.link, run.created, None, run)

    def metrics(self, name: str | None, recursive: bool, all_values: bool) -> dict[str, dict[str, MetricResult]]:
        """What was logged by run id: of this run, or also of its descendants that are in its stage."""
        found: dict[str, dict[str, MetricResult]] = {self.run_id: {}}
        ids = [self.run_id]
        if recursive:
            runs = self._subtree()
            stages = {run.stage for run in runs if run.created.run_id == self.run_id}
            ids = [run.created.run_id for run in runs if run.stage in stages]
        return found | self.ask(lambda reader: metrics_by_run(reader, only(*ids), name, all_values), found)

    def wait_for_completion(self, show_output: bool, raise_on_error: bool) -> dict[str, Any]:
        """See ``Run.wait_for_completion``."""
        began, shown = monotonic(), ""
        while not (status := self.status()).is_terminal:
            if show_output and status != shown:
                print(f"{self.display_name}: {status.value}", flush=True)
                shown = status
            sleep(min(0.1 + (monotonic() - began) / 20, 2.0))
        if show_output:
            print(f"{self.display_name}: {status.value}", flush=True)
        details = self.details()
        if raise_on_error and status is RunStatus.FAILED:
            raise RunStateError(
                f"the run {self.display_name!r} ({self.run_id}) has failed: {details['error'] or 'no reason given'}"
            )
        return details

    def __getstate__(self) -> dict[str, Any]:
        session = self.session
        is_running = session is not None and not session.status.is_terminal
        return {
            "uri": self.link.uri,
            "created": self.created,
            "display_name": self.display_name,
            "description": self.description,
            "session_id": session.session_id if session is not None and is_running else None,
            "next_steps": session.next_steps() if session is not None else {},
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        link = link_to(state["uri"])
        session = link.sessions.get(state["created"].run_id)
        if session is None and state["session_id"] is not None:
            session = link.sessions.join(state["created"], state["session_id"], state["next_steps"])
        RunHandle.__init__(self, link, state["created"], session)
        self._properties = None
        self.display_name, self.description = state["display_name"], state["description"]

    def _own_session(self) -> RunSession | None:
        session = self.link.sessions.get(self.run_id)
        return session if session is not None and session.is_owner else None

    def _status(self, stored: StoredRun | None) -> RunStatus:
        session = self._own_session() or (self.session if stored is None else None)
        if session is not None:
            return session.status
        return RunStatus.NOT_STARTED if stored is None else stored.status

    def _subtree(self) -> list[StoredRun]:
        nothing: list[StoredRun] = []
        return self.ask(lambda reader: stored_runs(reader, scope_of(run_id=self.run_id)), nothing)

    def _join(self) -> RunSession | None:
        """The session of the process that is running the run, or None."""
        try:
            stored = self.stored()
        except (NotFound, StoreError):
            # The store was there when this object was made of what it said.
            stored = self._snapshot
        if stored is None or not stored.session_id:
            return None
        _, steps, parameters = self._history()
        if stored.status in _LIVE:
            session = self.link.sessions.join(self.created, stored.session_id, steps)
        else:
            session = RunSession(self.link.recorder, self.created, stored.session_id, False, steps)
            session.status = stored.status
        session.parameters.update(parameters)
        return session

    def _history(self) -> tuple[str, dict[str, int], dict[str, ParameterValue]]:
        """The newest session, where the series stand, and the parameters; without a store, as far as known here."""
        known = self.session

        def question(reader: RunHistoryReader) -> tuple[str, dict[str, int], dict[str, ParameterValue]]:
            stored = stored_run(reader, self.run_id)
            session_id = "" if stored is None else stored.session_id
            return session_id, next_steps(reader, self.run_id), parameters_of(reader, self.run_id)

        follows, steps, parameters = "", dict[str, int](), dict[str, ParameterValue]()
        try:
            follows, steps, parameters = self.ask(question, (follows, steps, parameters))
        except (NotFound, StoreError) as error:
            notice(f"the run {self.display_name!r} goes on without a look at what the store has of it: {error}")
        if known is not None:
            follows = follows or known.session_id
            steps |= {tag: max(step, steps.get(tag, 0)) for tag, step in known.next_steps().items()}
            parameters = known.parameters | parameters
        return follows, steps, parameters

    def _known_properties(self) -> dict[str, str]:
        if self._properties is None:
            try:
                self._properties = self.properties()
            except (NotFound, StoreError):
                return {}
        return self._properties


def _iso(seconds: float | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat()
