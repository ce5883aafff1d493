"""A run: what ``Experiment.start_logging``, ``Run.child_run`` and ``Run.get`` give."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from time import time
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from tb_runhistory.errors import NotFound, RunStateError, StoreError
from tb_runhistory.recording.endings import ending_of, error_text
from tb_runhistory.recording.ids import checked_run_id, default_display_name
from tb_runhistory.recording.lifecycle import end_session, watch
from tb_runhistory.recording.metric_values import metric_step, metric_value, parameter_value, storable_text
from tb_runhistory.recording.notices import notice
from tb_runhistory.recording.run_facts import RunFacts
from tb_runhistory.recording.session import RunSession, Series, running_session
from tb_runhistory.recording.stored import StoredRun, next_steps, parameters_of
from tb_runhistory.recording.tables import listed, rows_of
from tb_runhistory.records.changes import AddProperties, CreateRun, MetricShape, ParameterValue, RemoveTags, SetTags
from tb_runhistory.records.identity import new_id
from tb_runhistory.records.names import checked_name
from tb_runhistory.records.status import RunStatus

if TYPE_CHECKING:
    from tb_runhistory.recording.experiment import Experiment
    from tb_runhistory.recording.workspace import Workspace

_NUMBERS = (float, int)
_LIVE = (RunStatus.RUNNING, RunStatus.NOT_RESPONDING)


class Run(RunFacts):
    """One run of an experiment: its parameters, metrics, tags, properties, status and children.

    Recording (``log…``, tags, the status) goes to this process's journal and never waits for the store, nor fails
    because of it. Reading (``get_…``, ``number``) first ships what is recorded, then asks the store, and raises
    ``StoreUnavailable`` or ``NotFound`` where there is none to ask. Safe to use from several threads, in forked
    children, and, pickled, in other processes: a run is ended by the process that began it, or by an explicit
    ``complete``, ``fail`` or ``cancel`` anywhere.

    Runs come from ``Experiment.start_logging``, ``Run.child_run`` and ``Run.get``, not from the constructor.
    """

    def __init__(
        self,
        experiment: Experiment,
        created: CreateRun,
        session: RunSession | None = None,
        snapshot: StoredRun | None = None,
    ) -> None:
        super().__init__(experiment, created, session, snapshot)
        # What is known of them; None where the store is to be asked first.
        self._properties: dict[str, str] | None = None if session is None else {}
        self._scalars: dict[str, Series] = {} if session is None else session.scalars

    @staticmethod
    def get(workspace: Workspace, run_id: str) -> Run:
        """The run with this id, to be read, logged to, or resumed with ``start``.

        A run that another process is running can be logged to from here: it stays that process's to end. A metric
        that both log should be given its steps.

        Raises:
          NotFound: the store has no such run.
          StoreError: the store cannot be read.
        """
        return workspace.get_run(run_id)

    # Metrics and parameters

    def log(self, name: str, value: object, description: str = "", step: int | None = None) -> None:
        """Logs one value of the metric ``name``.

        A number or boolean, also one of numpy or in an array or tensor of one element, is a point of a scalar series
        (64-bit float); a string is an entry of a text series. With no ``step`` the value stands one step after the
        metric's last one in this process, or at 0. Of two values at one step the later is shown. ``description`` counts
        when it comes with the metric's first value.

        The call costs about a microsecond. When it has returned, the death of this process cannot lose the value.

        Raises:
          TypeError: the value is of another type, or the metric holds texts and this is a number, or the reverse.
          ValueError: the name is empty, longer than 255 characters, or holds control characters; a step or an
            integer is too large.
          RunStateError: the run is not running.
        """
        now = time()
        try:
            series = self._scalars[name]
            if not isinstance(value, _NUMBERS):
                value = metric_value(name, value)
                if isinstance(value, str):
                    raise TypeError
            if step is not None:
                series.append(series.number, step, now, value)
                series.given = step
            elif series.given is None:
                series.append(series.number, next(series.steps), now, value)
            else:
                raise KeyError
            if now > self._recorder.due:
                self._recorder.attend(now)
            return
        except (KeyError, TypeError, ValueError, OverflowError, struct.error):
            # A name that is new here, a step that was given and is to be counted from, or an argument that is at fault.
            pass
        checked_name("metric", name)
        at = None if step is None else metric_step(name, step)
        self._log(name, [metric_value(name, value)], at, description, MetricShape.SCALAR)

    def log_list(self, name: str, values: Iterable[object], description: str = "") -> None:
        """Logs several values of a metric, each like ``log`` with no step. An empty list logs nothing.

        Raises:
          TypeError, ValueError, RunStateError: as ``log``; no value is logged then.
        """
        checked_name("metric", name)
        checked = [metric_value(name, value) for value in listed(name, values)]
        self._log(name, checked, None, description, MetricShape.LIST)

    def log_row(self, name: str, description: str = "", **columns: object) -> None:
        """Logs a row of a table: for each column one value, all at one step, which counts the rows.

        Each column is a series of its own with the tag "name/column".

        Raises:
          TypeError, ValueError, RunStateError: as ``log``; also ValueError where "name/column" is too long.
        """
        self.log_table(name, columns, description)

    def log_table(self, name: str, value: Mapping[str, object], description: str = "") -> None:
        """Logs several rows, given as a list for each column, or one row, given as a value for each column.

        Raises:
          TypeError, ValueError, RunStateError: as ``log_row``; also ValueError where columns differ in length.
        """
        checked_name("metric", name)
        rows = rows_of(name, value)
        self._running().log_rows(name, rows, storable_text(description))

    def log_parameter(self, name: str, value: object) -> None:
        """Records a parameter: a boolean, a number or a string, also one of numpy. It may be set again to the same.

        Raises:
          TypeError: the value is of another type.
          ValueError: the name is empty, longer than 255 characters, or holds control characters.
          ParameterConflict: the parameter has another value.
          RunStateError: the run is not running.
        """
        checked_name("parameter", name)
        checked = parameter_value(name, value)
        self._running().set_parameter(name, checked)

    def log_parameters(self, parameters: Mapping[str, object]) -> None:
        """Records several parameters, each like ``log_parameter``."""
        for name, value in parameters.items():
            self.log_parameter(name, value)

    # Tags and properties

    def tag(self, key: str, value: object = None) -> None:
        """Sets a tag, to a text or to nothing (a bare label). It may be set again, and after the run's end.

        Raises:
          TypeError, ValueError: the name is none.
        """
        self.set_tags({key: value})

    def set_tags(self, tags: Mapping[str, object]) -> None:
        """Sets several tags, each like ``tag``."""
        checked = {
            checked_name("tag", name): None if value is None else storable_text(value) for name, value in tags.items()
        }
        if checked:
            self._recorder.append(SetTags(self._created.root_id, self.id, checked))

    def remove_tags(self, tags: Iterable[str]) -> None:
        """Removes tags by name. One that is not there is no error."""
        names = (tags,) if isinstance(tags, str) else tuple(tags)
        if names:
            self._recorder.append(
                RemoveTags(self._created.root_id, self.id, tuple(checked_name("tag", name) for name in names))
            )

    def add_properties(self, properties: Mapping[str, object]) -> None:
        """Adds properties, which unlike tags can be neither changed nor removed. Values become text.

        Raises:
          TypeError, ValueError: a name is none.
          RunStateError: a property has another value. None is added then.
        """
        checked = {checked_name("property", name): storable_text(value) for name, value in properties.items()}
        known = self._known_properties()
        for name, value in checked.items():
            if known.get(name, value) != value:
                raise RunStateError(
                    f"the property {name!r} of the run {self.name!r} is {known[name]!r} and cannot become {value!r}: "
                    "properties keep their first value, use a tag for what changes"
                )
        known |= checked
        if checked:
            self._recorder.append(AddProperties(self._created.root_id, self.id, checked))

    # Children

    def child_run(
        self,
        name: str | None = None,
        run_id: str | None = None,
        description: str = "",
        tags: Mapping[str, object] | None = None,
    ) -> Run:
        """Creates a child and starts it. As a context manager it completes or fails with the block.

        Args:
          name: its display name; by default one made of its id.
          run_id: its id; by default a new one.

        Raises:
          TypeError, ValueError: the name, the id or a tag's name is none.
          RunStateError: this run is not running, or one with the child's id is, in this process.
        """
        self._running()
        child = begin_run(self._experiment, self._created, name, run_id, description, tags)
        child._parent = self
        return child

    def create_children(
        self, count: int | None = None, tag_key: str | None = None, tag_values: Sequence[object] | None = None
    ) -> list[Run]:
        """Creates and starts several children.

        Either ``count`` children, tagged with ``batch_child_number`` from 0, or one for each of ``tag_values``, tagged
        with it under ``tag_key``.

        Raises:
          ValueError: neither ``count`` nor both of the others are given, or too much is.
          RunStateError: this run is not running.
        """
        if count is not None and tag_key is None and tag_values is None:
            key, values = "batch_child_number", list[object](range(count))
        elif count is None and tag_key is not None and tag_values is not None:
            key, values = tag_key, list(tag_values)
        else:
            raise ValueError("create_children takes either count, or tag_key together with tag_values")
        return [self.child_run(tags={key: value}) for value in values]

    # From start to end

    def start(self) -> None:
        """Starts the run, or resumes one that has ended; does nothing where this process is running it.

        Metrics logged with no step go on after the last step that was logged. The first value logged to a
        metric at a step supersedes what earlier sessions logged there and beyond. Where another process is running the
        run, this one takes it over: what the other logs from now on may be superseded, and its end does not count.
        """
        session = self._recorder.sessions.get(self.id)
        if session is not None and session.is_owner:
            return
        steps, parameters = self._history()
        self._bind(RunSession.begin(self._recorder, self._created, steps)).parameters.update(parameters)
        watch()

    def complete(self) -> None:
        """Ends the run as Completed, and waits until the store has everything: five seconds at most.

        What is left then, and how to ship it, is said on standard error. A child whose parent is running in this
        process leaves the wait to its parent.

        Raises:
          RunStateError: the run has ended in another state.
        """
        self._end(RunStatus.COMPLETED, "")

    def fail(self, error: BaseException | str = "") -> None:
        """Ends the run as Failed because of ``error``, otherwise like ``complete``.

        Of an exception its type, message and traceback are kept: 3,000 characters at most.
        """
        self._end(RunStatus.FAILED, error_text(error))

    def cancel(self) -> None:
        """Ends the run as Canceled, otherwise like ``complete``. A process that is running it is not stopped."""
        self._end(RunStatus.CANCELED, "")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        session = self._recorder.sessions.get(self.id)
        # In a forked child, and where another process is running the run, leaving the block ends nothing.
        if session is not None and session.is_owner:
            end_session(session, *ending_of(error))

    def __getstate__(self) -> dict[str, Any]:
        session = self._session
        is_running = session is not None and not session.status.is_terminal
        return {
            "experiment": self._experiment,
            "created": self._created,
            "display_name": self._display_name,
            "description": self._description,
            "session_id": session.session_id if session is not None and is_running else None,
            "next_steps": session.next_steps() if session is not None else {},
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        Run.__init__(self, state["experiment"], state["created"])
        self._display_name, self._description = state["display_name"], state["description"]
        session = self._recorder.sessions.get(self.id)
        if session is None and state["session_id"] is not None:
            session = RunSession.join(self._recorder, self._created, state["session_id"], state["next_steps"])
        if session is not None:
            self._bind(session)

    # Within

    def _log(
        self, name: str, values: Sequence[float | str], step: int | None, description: str, shape: MetricShape
    ) -> None:
        self._running().log(name, values, step, storable_text(description), shape)

    def _running(self) -> RunSession:
        """The session to record to. Raises RunStateError where the run is not running."""
        session = self._recorder.sessions.get(self.id) or self._session
        if session is None:
            session = self._join()
        return self._bind(running_session(session, self.name))

    def _bind(self, session: RunSession) -> RunSession:
        self._session = session
        self._scalars = session.scalars
        return session

    def _join(self) -> RunSession | None:
        """The session of the process that is running the run, or None."""
        try:
            stored = self._stored()
        except (NotFound, StoreError):
            # The store was there when this object was made of what it said.
            stored = self._snapshot
        if stored is None or not stored.session_id:
            return None
        steps, parameters = self._history()
        session = RunSession(self._recorder, self._created, stored.session_id, False, steps)
        session.parameters.update(parameters)
        if stored.status in _LIVE:
            self._recorder.sessions[self.id] = session
        else:
            session.status = stored.status
        return session

    def _end(self, status: RunStatus, error: str) -> None:
        session = self._recorder.sessions.get(self.id) or self._session or self._join()
        if session is None:
            raise RunStateError(f"the run {self.name!r} has not started, so it cannot end: call start() first")
        if session.status.is_terminal:
            if session.status is not status:
                raise RunStateError(f"the run {self.name!r} has ended as {session.status.value}, not as {status.value}")
            return
        self._bind(session)
        end_session(session, status, error)

    def _history(self) -> tuple[dict[str, int], dict[str, ParameterValue]]:
        """Where the series stand, and the parameters that are set; without a store, as far as it is known here."""
        steps: dict[str, int] = {}
        parameters: dict[str, ParameterValue] = {}
        try:
            steps, parameters = self._ask(
                lambda reader: (next_steps(reader, self.id), parameters_of(reader, self.id)), (steps, parameters)
            )
        except (NotFound, StoreError) as error:
            notice(f"the run {self.name!r} goes on without a look at what the store has of it: {error}")
        known = self._session
        if known is not None:
            steps |= {tag: max(step, steps.get(tag, 0)) for tag, step in known.next_steps().items()}
            parameters = known.parameters | parameters
        return steps, parameters

    def _known_properties(self) -> dict[str, str]:
        if self._properties is None:
            try:
                self._properties = self.get_properties()
            except (NotFound, StoreError):
                return {}
        return self._properties


def begin_run(
    experiment: Experiment,
    parent: CreateRun | None,
    display_name: str | None,
    run_id: str | None,
    description: str,
    tags: Mapping[str, object] | None = None,
    properties: Mapping[str, object] | None = None,
) -> Run:
    """A new run, started and owned by this process: a child of ``parent``, or the root of a tree of its own.

    Raises:
      TypeError, ValueError: a name or the id is none.
      RunStateError: a run with this id is running in this process.
    """
    recorder = experiment.workspace.recorder
    identifier = new_id() if run_id is None else checked_run_id(run_id)
    if identifier in recorder.sessions:
        raise RunStateError(f"the run {identifier!r} is running already: give another id, or end it first")
    name = default_display_name(identifier) if display_name is None else checked_name("run", display_name)
    for what, labels in (("tag", tags), ("property", properties)):
        for label in labels or ():
            checked_name(what, label)
    created = CreateRun(
        root_id=identifier if parent is None else parent.root_id,
        run_id=identifier,
        parent_id=None if parent is None else parent.run_id,
        path=identifier if parent is None else f"{parent.path}/{identifier}",
        experiment=experiment.name,
        display_name=name,
        created_at=time(),
        description=storable_text(description),
    )
    run = Run(experiment, created, RunSession.begin(recorder, created, {}))
    watch()
    run.set_tags(tags or {})
    run.add_properties(properties or {})
    return run
