"""Says in one line what a journal would have carried: batches for a writer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID, uuid5

import numpy as np

from tb_runhistory.records.changes import Change, CreateRun, DataClass, DeclareSeries, EndRun, StartRun
from tb_runhistory.records.columns import SeriesKey
from tb_runhistory.records.identity import id_bytes, new_id
from tb_runhistory.records.points import Points
from tb_runhistory.records.status import RunStatus
from tb_runhistory.store.base import LoggedEntries, LoggedPoints, RunHistoryWriter, TreeBatch

START = 1_700_000_000.0
JOURNAL = "0190aaaa-0000-7000-8000-000000000000"
_NAMED = UUID("0190cccc-0000-7000-8000-000000000000")


def id_of(name: str) -> str:
    """The id of the run that is built under a name: the name itself where it is an id, else one made from it."""
    return name if not name or id_bytes(name) else str(uuid5(_NAMED, name))


def key_of(root: str, run: str, number: int = 0) -> SeriesKey:
    """The key of a series of runs that are built under these names."""
    return SeriesKey(id_of(root), id_of(run), number)


def points_of(steps: Sequence[int], values: Sequence[float] | None = None) -> Points:
    """Points at ``steps``; a value is its step unless given, and a wall time is the step's second after START."""
    as_steps = np.array(steps, np.int64)
    given = as_steps.astype(float) if values is None else np.array(values, float)
    return Points(as_steps, START + as_steps.astype(float), given)


@dataclass
class BuiltRun:
    """A run of a history that is being built; its methods apply at once. ``run_id`` and ``root_id`` are its ids."""

    history: History
    run_id: str
    root_id: str
    path: str
    session_id: str = field(default_factory=new_id)

    def child(self, name: str, **details: str) -> BuiltRun:
        """Creates and starts a child."""
        run_id = id_of(name)
        child = BuiltRun(self.history, run_id, self.root_id, f"{self.path}/{run_id}")
        return self.history.add(child, name, self.run_id, **details)

    def log(self, tag: str, steps: Sequence[int], values: Sequence[float] | None = None) -> BuiltRun:
        """Logs points to a scalar series."""
        self.history.apply(self.root_id, points=[(self.series(tag), points_of(steps, values))])
        return self

    def log_texts(self, tag: str, texts: Sequence[tuple[int, str]]) -> BuiltRun:
        """Logs texts."""
        return self.log_entries(tag, DataClass.TEXT, [(step, (text.encode(),)) for step, text in texts])

    def log_entries(
        self,
        tag: str,
        data_class: DataClass,
        entries: Sequence[tuple[int, tuple[bytes, ...]]],
        plugin_name: str = "",
        plugin_data: bytes = b"",
    ) -> BuiltRun:
        """Logs values of a series that is not scalar: a step and the contents of each."""
        series = self.series(tag, data_class, plugin_name, plugin_data)
        logged = LoggedEntries(series, [(step, START + step, contents) for step, contents in entries])
        self.history.apply(self.root_id, entries=[logged])
        return self

    def series(
        self, tag: str, data_class: DataClass = DataClass.SCALAR, plugin_name: str = "", plugin_data: bytes = b""
    ) -> DeclareSeries:
        """The declaration of a series in the run's present session."""
        return DeclareSeries(
            self.root_id,
            self.run_id,
            self.session_id,
            1,
            tag,
            data_class,
            metric=tag,
            plugin_name=plugin_name,
            plugin_data=plugin_data,
        )

    def resume(self) -> BuiltRun:
        """Starts a new session, which follows the present one."""
        earlier, self.session_id = self.session_id, new_id()
        return self.apply(StartRun(self.root_id, self.run_id, self.session_id, START, "host", follows=earlier))

    def end(self, status: RunStatus = RunStatus.COMPLETED, error: str = "") -> BuiltRun:
        """Ends the session."""
        return self.apply(EndRun(self.root_id, self.run_id, self.session_id, status, START + 60, error))

    def apply(self, *changes: Change) -> BuiltRun:
        """Applies changes of this run's tree."""
        self.history.apply(self.root_id, changes)
        return self


@dataclass
class History:
    """Builds a history through a writer, as one journal would.

    A run is built under a name, from which its id is made (``id_of``); where the name is no id it is the chosen one.
    """

    writer: RunHistoryWriter
    journal_id: str = JOURNAL
    sequence: int = 0
    created: int = field(default=0)

    def root(self, name: str, experiment: str = "mnist", **details: str) -> BuiltRun:
        """Creates and starts a root run."""
        run_id = id_of(name)
        return self.add(BuiltRun(self, run_id, run_id, run_id), name, None, experiment, **details)

    def add(
        self, run: BuiltRun, name: str, parent_id: str | None, experiment: str = "mnist", **details: str
    ) -> BuiltRun:
        """Creates and starts a run."""
        self.created += 1
        chosen_id = "" if run.run_id == name else name
        shown = {"display_name": name, "chosen_id": chosen_id, **details}
        now = START + self.created
        create = CreateRun(run.root_id, run.run_id, parent_id, run.path, experiment, created_at=now, **shown)
        return run.apply(create, StartRun(run.root_id, run.run_id, run.session_id, now, "host"))

    def apply(
        self,
        root_id: str,
        changes: Sequence[Change] = (),
        points: Sequence[tuple[DeclareSeries, Points]] = (),
        entries: Sequence[LoggedEntries] = (),
    ) -> None:
        """Applies one batch."""
        after, self.sequence = self.sequence, self.sequence + 1
        batch = TreeBatch(
            self.journal_id, root_id, after, self.sequence, changes, LoggedPoints.of(list(points)), entries
        )
        self.writer.apply([batch])
