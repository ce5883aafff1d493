"""An experiment: a named collection of runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from time import time
from typing import TYPE_CHECKING

from tb_runhistory.errors import NotFound, StoreError
from tb_runhistory.recording.endings import wait_before_reading
from tb_runhistory.recording.html import experiment_html
from tb_runhistory.recording.metric_values import storable_text
from tb_runhistory.recording.run import Run, begin_run
from tb_runhistory.recording.stored import StatusFilter, TagFilter, reading, scope_of, selected, stored_runs
from tb_runhistory.records.changes import CreateExperiment
from tb_runhistory.records.names import checked_name

if TYPE_CHECKING:
    from tb_runhistory.recording.workspace import Workspace


class Experiment:
    """The experiment ``name`` of a workspace. It comes into being with its first run, or with a description."""

    def __init__(self, workspace: Workspace, name: str, description: str = "") -> None:
        """``description`` is in Markdown; where it is given, it replaces the one that the store has.

        Raises:
          TypeError, ValueError: the name is none.
        """
        self._workspace = workspace
        self._name = checked_name("experiment", name)
        self._description = storable_text(description)
        if self._description:
            workspace.recorder.append(CreateExperiment(self._name, time(), self._description))

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
        Completed where the process ends well, else as Failed or Canceled with what ended it.

        Args:
          display_name: its name for people; by default one made of its id.
          run_id: its id; by default a new one. The id of a root run that exists resumes that one.
          description: what it is about, in Markdown.
          tags: its first tags.
          properties: its first properties, which cannot be changed.

        Raises:
          TypeError, ValueError: a name or the id is none.
          RunStateError: a run with this id is running in this process.
        """
        return begin_run(self, None, display_name, run_id, description, tags, properties)

    def get_runs(
        self, include_children: bool = False, tags: TagFilter = None, status: StatusFilter = None
    ) -> Iterator[Run]:
        """The experiment's runs, those that started last first: the roots, or with ``include_children`` all.

        ``tags`` narrows them to those that have a tag of this name, or all of several, or with these values, and
        ``status`` to those in this state. A store that does not exist yet has none.

        Raises:
          StoreError: the store cannot be read.
        """
        scope = scope_of(experiment=self._name)
        wait_before_reading(self._workspace.recorder)
        if not self._workspace.exists:
            return
        with reading(self._workspace.recorder.uri) as reader:
            runs = [run for run in stored_runs(reader, scope) if include_children or run.created.parent_id is None]
            chosen = selected(reader, scope, runs, tags, status)
        for stored in chosen:
            yield Run(self, stored.created, None, stored)

    def __repr__(self) -> str:
        return f"Experiment(name={self._name!r}, workspace={self._workspace.uri!r})"

    def _repr_html_(self) -> str:
        try:
            wait_before_reading(self._workspace.recorder)
            with reading(self._workspace.recorder.uri) as reader:
                runs = stored_runs(reader, scope_of(experiment=self._name))
        except (NotFound, StoreError):
            runs = []
        return experiment_html(self._name, [run for run in runs if run.created.parent_id is None], len(runs))
