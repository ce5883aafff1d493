"""What a run is, and what the store says of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any, Self, TypeVar

from tb_runhistory.errors import NotFound, RunStateError, StoreError
from tb_runhistory.recording.endings import wait_before_reading, wait_until_applied
from tb_runhistory.recording.html import run_html
from tb_runhistory.recording.metric_values import storable_text
from tb_runhistory.recording.metrics import MetricResult, metrics_by_run
from tb_runhistory.recording.session import RunSession
from tb_runhistory.recording.stored import (
    StatusFilter,
    StoredRun,
    TagFilter,
    alone,
    labels_by_run,
    parameters_of,
    reading,
    scope_of,
    selected,
    stored_run,
    stored_runs,
)
from tb_runhistory.records.changes import CreateRun, DescribeRun, ParameterValue
from tb_runhistory.records.names import checked_name
from tb_runhistory.records.status import RunStatus

if TYPE_CHECKING:
    from tb_runhistory.recording.experiment import Experiment
    from tb_runhistory.recording.run import Run
    from tb_runhistory.store.base import RunHistoryReader

FLUSH_TIMEOUT_SECONDS = 300.0

T = TypeVar("T")


class RunFacts:
    """The reading half of a run: its place, its names, and questions that the store answers.

    A question first ships what is recorded in this process. It raises ``StoreUnavailable`` or ``NotFound`` where there
    is no store to ask, except where a method says otherwise.
    """

    def __init__(
        self, experiment: Experiment, created: CreateRun, session: RunSession | None, snapshot: StoredRun | None
    ) -> None:
        self._experiment = experiment
        self._recorder = experiment.workspace.recorder
        self._created = created
        self._session = session
        self._snapshot = snapshot
        self._display_name = created.display_name
        self._description = created.description
        self._parent: Run | None = None

    @property
    def id(self) -> str:
        """The run's id, unique everywhere."""
        return self._created.run_id

    @property
    def experiment(self) -> Experiment:
        """The experiment that the run belongs to."""
        return self._experiment

    @property
    def parent(self) -> Run | None:
        """The run that this one is a child of; None at the root of a tree.

        Raises:
          NotFound: the store does not have the parent.
        """
        if self._parent is None and self._created.parent_id is not None:
            self._parent = self._experiment.workspace.get_run(self._created.parent_id)
        return self._parent

    @property
    def number(self) -> int | None:
        """The run's number within its experiment, counted from 1. The store gives it: None while it has not."""
        try:
            stored = self._stored()
        except (NotFound, StoreError):
            return None
        return None if stored is None else stored.number

    @property
    def display_name(self) -> str:
        """The run's name for people. It may be set, and need not be unique."""
        return self._display_name

    @display_name.setter
    def display_name(self, name: str) -> None:
        self._display_name = checked_name("run", name)
        self._recorder.append(DescribeRun(self._created.root_id, self.id, display_name=name))

    @property
    def name(self) -> str:
        """The same as ``display_name``."""
        return self._display_name

    @property
    def description(self) -> str:
        """What the run is about, in Markdown. It may be set."""
        return self._description

    @description.setter
    def description(self, description: str) -> None:
        self._description = storable_text(description)
        self._recorder.append(DescribeRun(self._created.root_id, self.id, description=self._description))

    @property
    def status(self) -> str:
        """The same as ``get_status()``."""
        return self.get_status()

    @property
    def tags(self) -> dict[str, str | None]:
        """The same as ``get_tags()``."""
        return self.get_tags()

    @property
    def properties(self) -> dict[str, str]:
        """The same as ``get_properties()``."""
        return self.get_properties()

    def get_status(self) -> str:
        """The run's state: "Running", "Completed", "Failed", "Canceled", "NotResponding" or "NotStarted".

        A running run whose process has not been heard of for a minute is not responding.
        """
        session = self._recorder.sessions.get(self.id)
        if session is not None and session.is_owner:
            return session.status.value
        try:
            stored = self._stored()
        except (NotFound, StoreError):
            if self._session is None:
                raise
            stored = None
        if stored is not None:
            return stored.status.value
        return RunStatus.NOT_STARTED.value if self._session is None else self._session.status.value

    def get_details(self) -> dict[str, Any]:
        """All that the store has of the run besides its metrics. Times are texts in ISO 8601, or None.

        The keys: runId, rootRunId, parentRunId, experiment, number, displayName, description, status, error,
        startTimeUtc, endTimeUtc, droppedPoints, parameters, tags, properties.
        """
        stored = self._stored()
        return {
            "runId": self.id,
            "rootRunId": self._created.root_id,
            "parentRunId": self._created.parent_id,
            "experiment": self._experiment.name,
            "number": None if stored is None else stored.number,
            "displayName": self.display_name if stored is None else stored.created.display_name,
            "description": self.description if stored is None else stored.created.description,
            "status": self.get_status(),
            "error": "" if stored is None else stored.error,
            "startTimeUtc": None if stored is None else _iso(stored.started_at),
            "endTimeUtc": None if stored is None else _iso(stored.ended_at),
            "droppedPoints": 0 if stored is None else stored.dropped,
            "parameters": self.get_parameters(),
            "tags": self.get_tags(),
            "properties": self.get_properties(),
        }

    def get_parameters(self) -> dict[str, ParameterValue]:
        """The run's own parameters by name."""
        return self._ask(lambda reader: parameters_of(reader, self.id), {})

    def get_metrics(self, name: str | None = None, recursive: bool = False) -> dict[str, Any]:
        """What was logged, by metric name: all of it, or of the metric ``name`` only.

        One logged value is given as it is, several as a list by increasing step, rows as a list for each column (None
        where a row has no value), and a single row as a value for each column. Numbers are floats. With ``recursive``
        the answer is such a dict for each run id: this run's and all its descendants'.
        """

        def question(reader: RunHistoryReader) -> dict[str, dict[str, MetricResult]]:
            return metrics_by_run(reader, scope_of(run_id=self.id) if recursive else alone(self.id), name)

        found: dict[str, dict[str, MetricResult]] = self._ask(question, {})
        if recursive:
            return {self.id: found.get(self.id, {})} | found
        return dict(found.get(self.id, {}))

    def get_tags(self) -> dict[str, str | None]:
        """The run's tags by name."""
        return self._ask(lambda reader: labels_by_run(reader.tags(alone(self.id))).get(self.id, {}), {})

    def get_properties(self) -> dict[str, str]:
        """The run's properties by name."""
        found: dict[str, str | None] = self._ask(
            lambda reader: labels_by_run(reader.properties(alone(self.id))).get(self.id, {}), {}
        )
        return {name: value or "" for name, value in found.items()}

    def get_children(
        self, recursive: bool = False, tags: TagFilter = None, status: StatusFilter = None
    ) -> Iterator[Self]:
        """The run's children, or all its descendants, those that started last first.

        ``tags`` narrows them to those that have a tag of this name, or all of several, or with these values, and
        ``status`` to those in this state.
        """
        scope = self.id

        def question(reader: RunHistoryReader) -> list[StoredRun]:
            runs = stored_runs(reader, scope_of(run_id=scope))
            below = [
                run for run in runs if (run.created.run_id != scope if recursive else run.created.parent_id == scope)
            ]
            return selected(reader, scope_of(run_id=scope), below, tags, status)

        nothing: list[StoredRun] = []
        for stored in self._ask(question, nothing):
            yield type(self)(self._experiment, stored.created, None, stored)

    def flush(self, timeout: float = FLUSH_TIMEOUT_SECONDS) -> bool:
        """Waits until the store has all that this process has recorded by now. Never raises because of the store.

        ``timeout`` is in seconds. False when it is up, and at once when recording offline.
        """
        return wait_until_applied(self._recorder, timeout)

    def wait_for_completion(self, show_output: bool = False, raise_on_error: bool = True) -> dict[str, Any]:
        """Waits until the run has ended, in whichever process, and returns ``get_details()``.

        ``show_output`` prints each state that it takes.

        Raises:
          RunStateError: the run has failed and ``raise_on_error`` is true.
        """
        began, shown = monotonic(), ""
        while True:
            status = self.get_status()
            if show_output and status != shown:
                print(f"{self.name}: {status}", flush=True)
                shown = status
            if RunStatus(status).is_terminal:
                break
            sleep(min(0.1 + (monotonic() - began) / 20, 2.0))
        details = self.get_details()
        if raise_on_error and status == RunStatus.FAILED:
            raise RunStateError(
                f"the run {self.name!r} ({self.id}) has failed: {details['error'] or 'no reason given'}"
            )
        return details

    def __repr__(self) -> str:
        return f"Run(id={self.id!r}, name={self.name!r}, experiment={self._experiment.name!r})"

    def _repr_html_(self) -> str:
        try:
            return run_html(self.get_details(), self.get_metrics())
        except (NotFound, StoreError):
            return run_html({"runId": self.id, "displayName": self.name, "experiment": self._experiment.name}, {})

    def _stored(self) -> StoredRun | None:
        return self._ask(lambda reader: stored_run(reader, self.id), None)

    def _ask(self, question: Callable[[RunHistoryReader], T], otherwise: T) -> T:
        """What the store answers once it has what is recorded here; ``otherwise`` where recording is disabled."""
        if self._recorder.is_disabled:
            return otherwise
        wait_before_reading(self._recorder)
        with reading(self._recorder.uri) as reader:
            return question(reader)


def _iso(seconds: float | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat()
