"""The recording API: ``Workspace``, ``Experiment`` and ``Run``, which lead to one another.

They say what may be asked for and check what is given; what they do stands in ``handle`` (one run), ``session``
(logging), ``reading`` (questions) and ``links`` (what belongs to the process).
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from time import time
from typing import Any, Self

from tb_runhistory.errors import InvalidUri, NotFound, StoreError
from tb_runhistory.recording import finding, searching
from tb_runhistory.recording.configuration import stated_store
from tb_runhistory.recording.endings import error_text
from tb_runhistory.recording.handle import RunHandle
from tb_runhistory.recording.html import experiment_html, run_html
from tb_runhistory.recording.links import StoreLink, link_to
from tb_runhistory.recording.reading import StageFilter, StatusFilter, TagFilter, checked_stage
from tb_runhistory.recording.searching import OrderBy, RunList
from tb_runhistory.recording.session import Series
from tb_runhistory.recording.values import child_tags, metric_value
from tb_runhistory.recording.waiting import FLUSH_SECONDS
from tb_runhistory.records.changes import LifecycleStage, ParameterValue
from tb_runhistory.records.names import checked_name
from tb_runhistory.records.status import RunStatus
from tb_runhistory.uri import StoreUri, parse_uri

_NUMBERS = (float, int)


class Workspace:
    """One run-history store, by its URI. Nothing is opened or created before something is recorded or asked."""

    def __init__(self, uri: str) -> None:
        """``uri`` is, for example, ``sqlite:///runs.db``. Raises InvalidUri where it cannot be understood, or narrows
        the store to a part of it, and BadRequest where ``RUNHISTORY_MODE`` holds an unknown mode.
        """
        self._open(parse_uri(uri))

    @classmethod
    def from_config(cls, path: str | os.PathLike[str] | None = None) -> Workspace:
        """The workspace that is configured here. That is, in this order: the ``uri`` in ``.runhistory/config.json`` of
        the current folder, or of the nearest folder above that has one; the environment variable ``RUNHISTORY_URI``;
        and ``sqlite:///runhistory.db`` in the current folder, which is then said once on standard error. A relative
        path in a file starts at the folder that holds ``.runhistory``.

        ``path`` is the configuration file itself, or the folder from which to look upwards; then nothing else counts.
        Raises NotFound where nothing is configured there, and InvalidUri where the file holds no good ``uri``.
        """
        workspace = cls.__new__(cls)
        workspace._open(stated_store(path))
        return workspace

    @property
    def uri(self) -> str:
        """The store's URI for people, without secrets."""
        return self._link.uri.shown

    @property
    def link(self) -> StoreLink:
        """What this process has to do with the store; for this package's own use."""
        return self._link

    @property
    def exists(self) -> bool:
        """Whether there is a store yet: it is made when the first record is shipped."""
        return self._link.store_exists

    @property
    def experiments(self) -> dict[str, Experiment]:
        """The active experiments by name, oldest first: ``get_experiments`` gives others."""
        return self.get_experiments()

    def get_experiments(self, stage: StageFilter = LifecycleStage.ACTIVE) -> dict[str, Experiment]:
        """The experiments in a lifecycle stage ("active", "archived", "deleted" or "any") by name, oldest first; none
        where there is no store yet. Raises BadRequest where the stage is none, and StoreError.
        """
        return {name: Experiment(self, name) for name in finding.experiments(self._link, stage)}

    def get_run(self, run_id: str) -> Run:
        """The run with this id, or with this chosen id; see ``Run.get``."""
        return self._run(finding.find_run(self._link, run_id))

    def search_runs(
        self, filter: str = "", order_by: OrderBy = (), max_results: int | None = None, stage: StageFilter = "active"
    ) -> RunList[Run]:
        """The runs of all experiments that match a filter such as "metrics.loss < 0.1 and params.model = 'tree'".

        They stand in the order of ``order_by`` ("metrics.loss.min ASC"), or with the newest first. ``docs/query.md``
        has the language of both. Which runs match is found at once; each is read when it is looked at. A store that
        does not exist yet has none. Raises QueryError, which points at what is wrong, BadRequest, and StoreError.
        """
        asked = searching.Asked.of(filter, order_by, max_results, stage)
        return searching.search(self._link, asked, self._run)

    def flush(self, timeout: float = FLUSH_SECONDS) -> bool:
        """The same as ``Run.flush``: waits until the store has all that this process has recorded by now."""
        return self._link.waiting.until_applied(timeout)

    def __repr__(self) -> str:
        return f"Workspace({self.uri!r})"

    def __getstate__(self) -> dict[str, Any]:
        return {"uri": self._link.uri}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._open(state["uri"])

    def _run(self, handle: RunHandle) -> Run:
        return Run(Experiment(self, handle.created.experiment), handle)

    def _open(self, uri: StoreUri) -> None:
        if uri.is_selective:
            raise InvalidUri(
                f"{uri.shown!r} names a part of a store, which is for viewing: a workspace is a whole store, "
                "leave out what follows the question mark"
            )
        self._link = link_to(uri)


class Experiment:
    """The experiment ``name`` of a workspace. It comes into being with its first run, or with a description.

    Several objects may stand for one experiment. One that was made before another renamed it goes on speaking of the
    old name, under which its next run begins an experiment anew.
    """

    def __init__(
        self,
        workspace: Workspace,
        name: str,
        description: str = "",
        directions: Mapping[str, str] | None = None,
        view: str | None = None,
    ) -> None:
        """``description`` is in Markdown; where it is given, it replaces the one that the store has.

        ``directions`` has "minimize" or "maximize" for metrics whose name does not tell which value is better, or tells
        it wrongly: "loss" is known to be minimized, "accuracy" to be maximized. They are kept with the experiment.

        ``view`` is how the Run History tab shows it to whoever has not chosen otherwise: a link copied from the tab, or
        what stands in one ("sort=metrics.loss&order=asc"). It holds until another is given; "" gives none.

        Raises TypeError or ValueError where the name is none, or a direction or the view is.
        """
        self._workspace = workspace
        self._name = checked_name("experiment", name)
        finding.say_of_experiment(workspace.link, self._name, description, directions or {}, view)

    @property
    def name(self) -> str:
        """The experiment's name, unique in its workspace."""
        return self._name

    @property
    def workspace(self) -> Workspace:
        """Where the experiment is."""
        return self._workspace

    def start_logging(
        self,
        display_name: str | None = None,
        run_id: str | None = None,
        description: str = "",
        tags: Mapping[str, object] | None = None,
        properties: Mapping[str, object] | None = None,
    ) -> Run:
        """Creates a run and starts it.

        It is ended by ``complete``, ``fail`` or ``cancel``, by leaving a ``with`` block, or with this process: as
        Completed where the process ends well, else as Failed or Canceled with what ended it. So a server that records
        runs for others must end each: when it dies, those that it has not ended have failed.

        ``display_name`` is its name for people, by default ``run_id`` or one made of its id. ``run_id`` is a name to
        find it by with ``Run.get``, which other runs may have as well; a UUID is the run's id itself, and the root run
        of this experiment that has it is resumed, as by ``Run.start``. ``description`` is in Markdown. Raises TypeError
        or ValueError where a name or the id is none, and RunStateError where the run with this id is running in this
        process, or stands elsewhere.
        """
        given = finding.Given(display_name, run_id, description, tags or {}, properties or {})
        return Run(self, finding.begin_run(self._workspace.link, self._name, None, given))

    def get_runs(
        self,
        include_children: bool = False,
        tags: TagFilter = None,
        status: StatusFilter = None,
        stage: StageFilter = LifecycleStage.ACTIVE,
        filter: str = "",
    ) -> Iterator[Run]:
        """The experiment's runs, the newest first: the roots, or with ``include_children`` all.

        The newest hundred roots cost little however many there are. ``tags`` narrows them to those that have a tag of
        this name, or all of several, or with these values, ``status`` to those in this state, and ``stage`` to those
        that are "active", "archived" or "deleted" themselves ("any": all of them), whatever became of the experiment.
        ``filter`` is one of ``docs/query.md``. A store that does not exist yet has none. Raises QueryError, BadRequest
        where the stage is none, and StoreError.
        """
        asked = searching.Asked.of(filter, (), None, stage, self._name)
        found = searching.runs_of_experiment(self._workspace.link, asked, include_children, tags, status)
        return (Run(self, handle) for handle in found)

    def rename(self, name: str) -> None:
        """Gives the experiment another name, once the store has what this process has recorded.

        Raises TypeError or ValueError where the name is none, BadRequest where another experiment has it, and
        StoreUnavailable where the store does not take what was recorded in time, or recording is offline.
        """
        checked = checked_name("experiment", name)
        finding.rename_experiment(self._workspace.link, self._name, checked)
        self._name = checked

    def archive(self) -> None:
        """Takes the experiment with its runs out of all views that do not ask for archived ones."""
        finding.move_experiment(self._workspace.link, self._name, LifecycleStage.ARCHIVED)

    def reactivate(self) -> None:
        """Shows an archived or deleted experiment again; runs that were archived or deleted by themselves stay so."""
        finding.move_experiment(self._workspace.link, self._name, LifecycleStage.ACTIVE)

    def delete(self) -> None:
        """Deletes it with its runs (RunStateError where one runs here); ``reactivate`` has it back until ``gc``."""
        finding.move_experiment(self._workspace.link, self._name, LifecycleStage.DELETED)

    def __repr__(self) -> str:
        return f"Experiment(name={self._name!r}, workspace={self._workspace.uri!r})"

    def _repr_html_(self) -> str:
        runs = finding.known_runs_of(self._workspace.link, self._name)
        return experiment_html(self._name, [run for run in runs if run.created.parent_id is None], len(runs))


class Run:
    """One run of an experiment: its parameters, metrics, tags, properties, status and children.

    Recording (``log…``, tags, the status) goes to this process's journal and never waits for the store, nor fails
    because of it. Reading (``get_…``, ``number``) first ships what is recorded, then asks the store, and raises
    ``StoreUnavailable`` or ``NotFound`` where there is none to ask. Safe to use from several threads, in forked
    children, and, pickled, in other processes: a run is ended by the process that began it, or by an explicit
    ``complete``, ``fail`` or ``cancel`` anywhere.

    Runs come from ``Experiment.start_logging``, ``Run.child_run`` and ``Run.get``, not from the constructor.
    """

    def __init__(self, experiment: Experiment, handle: RunHandle) -> None:
        self._experiment = experiment
        self._handle = handle
        self._recorder = handle.link.recorder
        self._parent: Run | None = None
        # Those of the session that was last recorded to: empty as soon as it is over.
        self._scalars: dict[str, Series] = {} if handle.session is None else handle.session.scalars

    @staticmethod
    def get(workspace: Workspace, run_id: str) -> Run:
        """The run with this id, or with this chosen id, to be read, logged to, or resumed with ``start``.

        A run that another process is running can be logged to from here: it stays that process's to end. A metric
        that both log should be given its steps. Where several runs have a chosen id, those that are active count.

        Raises TypeError or ValueError where it cannot be an id, BadRequest where several runs have this chosen id (the
        text lists them), NotFound where there is no such run or store, and StoreError.
        """
        return workspace.get_run(run_id)

    # What it is

    @property
    def id(self) -> str:
        """The run's id, a UUID, unique everywhere."""
        return self._handle.run_id

    @property
    def chosen_id(self) -> str:
        """What was chosen as ``run_id`` when the run was made, to find it by; "" if nothing was."""
        return self._handle.created.chosen_id

    @property
    def experiment(self) -> Experiment:
        """The experiment that the run belongs to."""
        return self._experiment

    @property
    def parent(self) -> Run | None:
        """The run that this one is a child of; None at the root of a tree. NotFound where the store has it not."""
        if self._parent is None and self._handle.created.parent_id is not None:
            self._parent = self._experiment.workspace.get_run(self._handle.created.parent_id)
        return self._parent

    @property
    def number(self) -> int | None:
        """The run's number within its experiment, counted from 1. The store gives it: None while it has not."""
        return self._handle.number()

    @property
    def display_name(self) -> str:
        """The run's name for people. It may be set, and need not be unique."""
        return self._handle.display_name

    @display_name.setter
    def display_name(self, name: str) -> None:
        self._handle.describe(display_name=name)

    @property
    def name(self) -> str:
        """The same as ``display_name``."""
        return self._handle.display_name

    @property
    def description(self) -> str:
        """What the run is about, in Markdown. It may be set."""
        return self._handle.description

    @description.setter
    def description(self, description: str) -> None:
        self._handle.describe(description=description)

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

    # Metrics and parameters

    def log(self, name: str, value: object, description: str = "", step: int | None = None) -> None:
        """Logs one value of the metric ``name``.

        A number or boolean, also one of numpy or in an array or tensor of one element, is a point of a scalar series
        (64-bit float); a string is an entry of a text series. With no ``step`` the value stands one step after the
        metric's last one in this process, or at 0. Of two values at one step the later is shown. ``description`` counts
        when it comes with the metric's first value.

        The call costs about a microsecond. When it has returned, the death of this process cannot lose the value.
        Raises TypeError where the value is of another type, or the metric holds texts and this is a number, or the
        reverse; ValueError where the name is empty, longer than 255 characters, or holds control characters, or a step,
        an integer or a text is too large; and RunStateError where the run is not running.
        """
        now = time()
        recorder = self._recorder
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
        except (KeyError, TypeError, ValueError, OverflowError, struct.error):
            # A name that is new here, a step that was given and is to be counted from, or an argument that is at fault.
            pass
        else:
            if not recorder.attended_at <= now <= recorder.due:
                recorder.attend(now)
            return
        self._scalars = self._handle.log(name, value, description, step)

    def log_list(self, name: str, values: Iterable[object], description: str = "") -> None:
        """Logs several values of a metric, each like ``log`` with no step. Where one is wrong, none is logged."""
        self._handle.log_list(name, values, description)

    def log_row(self, name: str, description: str = "", **columns: object) -> None:
        """Logs a row of a table: for each column one value, all at one step, which counts the rows.

        Each column is a series of its own with the tag "name/column". Raises as ``log``, and ValueError where that is
        too long.
        """
        self.log_table(name, columns, description)

    def log_table(self, name: str, value: Mapping[str, object], description: str = "") -> None:
        """Logs several rows, given as a list for each column, or one row, given as a value for each column. Raises as
        ``log_row``, and ValueError where columns differ in length.
        """
        self._handle.log_table(name, value, description)

    def log_parameter(self, name: str, value: object) -> None:
        """Records a parameter: a boolean, a number or a string, also one of numpy. It may be set again to the same.

        Raises TypeError or ValueError where the name is none or the value is none that can be recorded,
        ParameterConflict where the parameter has another value, and RunStateError where the run is not running.
        """
        self._handle.set_parameter(name, value)

    def log_parameters(self, parameters: Mapping[str, object]) -> None:
        """Records several parameters, each like ``log_parameter``."""
        for name, value in parameters.items():
            self._handle.set_parameter(name, value)

    def tag(self, key: str, value: object = None) -> None:
        """Sets a tag, to a text or to nothing (a bare label). It may be set again, and after the run's end. Raises
        TypeError or ValueError where the name is none or the text is too long.
        """
        self._handle.set_tags({key: value})

    def set_tags(self, tags: Mapping[str, object]) -> None:
        """Sets several tags, each like ``tag``."""
        self._handle.set_tags(tags)

    def remove_tags(self, tags: Iterable[str]) -> None:
        """Removes tags by name. One that is not there is no error."""
        self._handle.remove_tags((tags,) if isinstance(tags, str) else tags)

    def add_properties(self, properties: Mapping[str, object]) -> None:
        """Adds properties, which unlike tags can be neither changed nor removed. Values become text. Raises TypeError
        or ValueError as ``tag``, and RunStateError where one has another value. None is added then."""
        self._handle.add_properties(properties)

    # Children

    def child_run(
        self,
        name: str | None = None,
        run_id: str | None = None,
        description: str = "",
        tags: Mapping[str, object] | None = None,
    ) -> Run:
        """Creates a child and starts it. As a context manager it completes or fails with the block.

        ``name`` is its display name, by default ``run_id`` or one made of its id. ``run_id`` is a name to find it by
        with ``Run.get``, which other runs may have as well: "fold-1" of one trial and "fold-1" of another are two
        runs. A UUID is the run's id itself: the child that has it is resumed.

        Raises TypeError or ValueError where a name or the id is none, and RunStateError where this run is not running,
        or the one with the child's id is, in this process, or stands elsewhere.
        """
        self._handle.running()
        given = finding.Given(name, run_id, description, tags or {})
        child = Run(
            self._experiment, finding.begin_run(self._handle.link, self._experiment.name, self._handle.created, given)
        )
        child._parent = self
        return child

    def create_children(
        self, count: int | None = None, tag_key: str | None = None, tag_values: Sequence[object] | None = None
    ) -> list[Run]:
        """Creates and starts several children.

        Either ``count`` children, tagged with ``batch_child_number`` from 0, or one for each of ``tag_values``, tagged
        with it under ``tag_key``. Raises ValueError where less is given, or more, and RunStateError where this run is
        not running.
        """
        key, chosen = child_tags(count, tag_key, tag_values)
        return [self.child_run(tags={key: value}) for value in chosen]

    def get_children(
        self,
        recursive: bool = False,
        tags: TagFilter = None,
        status: StatusFilter = None,
        stage: StageFilter | None = None,
    ) -> Iterator[Run]:
        """The run's children, or all its descendants, the newest first. The newest hundred children cost little.

        ``tags`` narrows them to those that have a tag of this name, or all of several, or with these values,
        ``status`` to those in this state, and ``stage`` to a lifecycle stage, or to "any": by default to that of this
        run, so that an archived run shows what was archived with it.
        """
        checked = None if stage is None else checked_stage(stage)
        found = self._handle.children(recursive, tags, status, checked)
        return (Run(self._experiment, handle) for handle in found)

    # From start to end

    def start(self) -> None:
        """Starts the run, or resumes one that has ended; does nothing where this process is running it.

        Metrics logged with no step go on after the last step that was logged. The first value logged to a
        metric at a step supersedes what earlier sessions logged there and beyond. Where another process is running the
        run, this one takes it over: what the other logs from now on may be superseded, and its end does not count.
        """
        self._scalars = self._handle.start()

    def complete(self) -> None:
        """Ends the run as Completed, and waits until the store has everything.

        It waits while the store takes records, a minute at most and with a word on standard error, and five seconds
        for one that takes none. What is left then, and how to ship it, is said on standard error. A child whose parent
        is running in this process leaves the wait to its parent. RunStateError: the run has ended in another state.
        """
        self._handle.end(RunStatus.COMPLETED)

    def fail(self, error: BaseException | str = "") -> None:
        """Ends the run as Failed because of ``error`` (3,000 characters are kept), otherwise like ``complete``."""
        self._handle.end(RunStatus.FAILED, error_text(error))

    def cancel(self) -> None:
        """Ends the run as Canceled, otherwise like ``complete``. A process that is running it is not stopped."""
        self._handle.end(RunStatus.CANCELED)

    def archive(self) -> None:
        """Takes the run with its whole subtree out of all views that do not ask for archived ones."""
        self._handle.move_to(LifecycleStage.ARCHIVED)

    def delete(self) -> None:
        """Deletes it with all below it (RunStateError where one runs here); ``restore`` has it back until ``gc``."""
        self._handle.move_to(LifecycleStage.DELETED)

    def restore(self) -> None:
        """Shows the run, archived or deleted, with its whole subtree again."""
        self._handle.move_to(LifecycleStage.ACTIVE)

    # What the store says

    def get_status(self) -> str:
        """The run's state: "Running", "Completed", "Failed", "Canceled", "NotStarted", or "NotResponding" where its
        process has not been heard of for a minute.
        """
        return self._handle.status().value

    def get_details(self) -> dict[str, Any]:
        """All that the store has of the run besides its metrics. Times are texts in ISO 8601, or None.

        The keys: runId, chosenId, rootRunId, parentRunId, experiment, number, displayName, description, status, stage,
        error, startTimeUtc, endTimeUtc, droppedPoints, refusedRecords, parameters, tags, properties.
        """
        return self._handle.details()

    def get_parameters(self) -> dict[str, ParameterValue]:
        """The run's own parameters by name."""
        return self._handle.parameters()

    def get_metrics(self, name: str | None = None, recursive: bool = False, all_values: bool = False) -> dict[str, Any]:
        """What was logged, by metric name: all of it, or of the metric ``name`` only.

        One logged value is given as it is, several as a list by increasing step, rows as a list for each column (None
        where a row has no value), and a single row as a value for each column. Numbers are floats. Of several values
        at one step the last is given, with ``all_values`` all of them in the order in which they were logged; what a
        resumed run superseded is not among them. With ``recursive`` the answer is such a dict for each run id: this
        run's and those of all its descendants that are in its lifecycle stage.
        """
        found = self._handle.metrics(name, recursive, all_values)
        return dict(found) if recursive else dict(found[self.id])

    def roll_up(
        self, name: str, fact: str = "last", statistic: str = "best", over: str = "descendants"
    ) -> float | None:
        """A statistic of a metric over the active runs below it: None where none of them has it.

        ``fact`` is last, first, min, max, mean, count, argmin or argmax; ``statistic`` min, max, mean, std, median,
        count or best; ``over`` children, descendants, leaves or repeats: ``docs/query.md`` says what they are. Raises
        BadRequest where a word is none of these.
        """
        return searching.rolled_up(self._handle, searching.roll_up_of(name, fact, statistic, over))

    def get_tags(self) -> dict[str, str | None]:
        """The run's tags by name."""
        return self._handle.tags()

    def get_properties(self) -> dict[str, str]:
        """The run's properties by name."""
        return self._handle.properties()

    def flush(self, timeout: float = FLUSH_SECONDS) -> bool:
        """Waits until the store has all that this process has recorded by now, ``timeout`` seconds at most. Never
        raises because of the store. False when the time is up, and at once when recording offline.
        """
        return self._handle.link.waiting.until_applied(timeout)

    def wait_for_completion(self, show_output: bool = False, raise_on_error: bool = True) -> dict[str, Any]:
        """Waits until the run has ended, in whichever process, and returns ``get_details()``.

        ``show_output`` prints each state that it takes. RunStateError: it has failed and ``raise_on_error`` is true.
        """
        return self._handle.wait_for_completion(show_output, raise_on_error)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self._handle.leave_block(error)

    def __reduce__(self) -> tuple[type[Run], tuple[Experiment, RunHandle]]:
        return Run, (self._experiment, self._handle)

    def __repr__(self) -> str:
        return f"Run(id={self.id!r}, name={self.name!r}, experiment={self._experiment.name!r})"

    def _repr_html_(self) -> str:
        try:
            return run_html(self.get_details(), self.get_metrics())
        except (NotFound, StoreError):
            return run_html({"runId": self.id, "displayName": self.name, "experiment": self._experiment.name}, {})
