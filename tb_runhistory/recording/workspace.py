"""A workspace: the store that runs are recorded to, and how it is found."""

from __future__ import annotations

import os
from time import time
from typing import Any

from tb_runhistory.errors import InvalidUri, NotFound
from tb_runhistory.recording.configuration import Origin, configured_store
from tb_runhistory.recording.endings import wait_before_reading, wait_until_applied
from tb_runhistory.recording.experiment import Experiment
from tb_runhistory.recording.ids import checked_run_id, default_display_name
from tb_runhistory.recording.notices import notice_once
from tb_runhistory.recording.recorder import Recorder, recorder_of
from tb_runhistory.recording.run import Run
from tb_runhistory.recording.run_facts import FLUSH_TIMEOUT_SECONDS
from tb_runhistory.recording.session import RunSession
from tb_runhistory.recording.stored import reading, stored_run
from tb_runhistory.records.changes import CreateRun
from tb_runhistory.uri import URI_VARIABLE, StoreUri, parse_uri


class Workspace:
    """One run-history store, by its URI. Nothing is opened or created before something is recorded or asked."""

    def __init__(self, uri: str) -> None:
        """``uri`` is, for example, ``sqlite:///runs.db``.

        Raises:
          InvalidUri: it cannot be understood, or it narrows the store to an experiment or a run.
          BadRequest: ``RUNHISTORY_MODE`` holds an unknown mode.
        """
        self._open(parse_uri(uri))

    @classmethod
    def from_config(cls, path: str | os.PathLike[str] | None = None) -> Workspace:
        """The workspace that is configured here.

        That is, in this order: the ``uri`` in ``.runhistory/config.json`` of the current folder, or of the nearest
        folder above that has one; the environment variable ``RUNHISTORY_URI``; and ``sqlite:///runhistory.db`` in the
        current folder, which is then said once on standard error. A relative path in a file starts at the folder that
        holds ``.runhistory``.

        Args:
          path: the configuration file itself, or the folder from which to look upwards; then nothing else counts.

        Raises:
          NotFound: nothing is configured at ``path``.
          InvalidUri: the file holds no ``uri``, or one that cannot be understood.
        """
        found = configured_store(path)
        workspace = cls._at(found.uri)
        if found.origin is Origin.DEFAULT:
            notice_once(f"the store is {workspace.uri}, by default: set {URI_VARIABLE} or name a store to use another")
        return workspace

    @property
    def uri(self) -> str:
        """The store's URI for people, without secrets."""
        return self._recorder.uri.shown

    @property
    def recorder(self) -> Recorder:
        """What records to the store in this process; for this package's own use."""
        return self._recorder

    @property
    def exists(self) -> bool:
        """Whether there is a store yet: it is made when the first record is shipped."""
        return os.path.exists(self._recorder.uri.path)

    @property
    def experiments(self) -> dict[str, Experiment]:
        """The experiments by name, oldest first. A store that does not exist yet has none.

        Raises:
          StoreError: the store cannot be read.
        """
        wait_before_reading(self._recorder)
        if not self.exists:
            return {}
        with reading(self._recorder.uri) as reader:
            names = reader.experiments().name
        return {name: Experiment(self, name) for name in names}

    def get_run(self, run_id: str) -> Run:
        """The run with this id; see ``Run.get``.

        Raises:
          TypeError, ValueError: it cannot be an id.
          NotFound: the store has no such run, or there is no store.
          StoreError: the store cannot be read.
        """
        checked_run_id(run_id)
        session = self._recorder.sessions.get(run_id)
        if session is not None:
            return Run(Experiment(self, session.run.experiment), session.run, session)
        if self._recorder.is_disabled:
            return _stand_in(self, run_id)
        wait_before_reading(self._recorder)
        with reading(self._recorder.uri) as reader:
            stored = stored_run(reader, run_id)
        if stored is None:
            raise NotFound(f"the store {self.uri} has no run {run_id!r}: look at its ids with Experiment.get_runs")
        return Run(Experiment(self, stored.created.experiment), stored.created, None, stored)

    def flush(self, timeout: float = FLUSH_TIMEOUT_SECONDS) -> bool:
        """Waits until the store has all that this process has recorded by now.

        ``timeout`` is in seconds. False when it is up, and at once when recording offline.
        """
        return wait_until_applied(self._recorder, timeout)

    def __repr__(self) -> str:
        return f"Workspace({self.uri!r})"

    def __getstate__(self) -> dict[str, Any]:
        return {"uri": self._recorder.uri}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._open(state["uri"])

    @classmethod
    def _at(cls, uri: StoreUri) -> Workspace:
        workspace = cls.__new__(cls)
        workspace._open(uri)
        return workspace

    def _open(self, uri: StoreUri) -> None:
        if uri.is_selective:
            raise InvalidUri(
                f"{uri.shown!r} names a part of a store, which is for viewing: a workspace is a whole store, "
                "leave out what follows the question mark"
            )
        self._recorder = recorder_of(uri)


def _stand_in(workspace: Workspace, run_id: str) -> Run:
    """A run that is asked for while recording is disabled, so that a script that resumes one works as well."""
    name = default_display_name(run_id)
    created = CreateRun(run_id, run_id, None, run_id, name, name, time())
    return Run(Experiment(workspace, name), created, RunSession.begin(workspace.recorder, created, {}))
