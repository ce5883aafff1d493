"""Says in one line what a journal would have carried: batches for a writer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from tb_runhistory.records.changes import Change, CreateRun, DataClass, DeclareSeries, EndRun, StartRun
from tb_runhistory.records.points import Points
from tb_runhistory.records.status import RunStatus
from tb_runhistory.store.base import LoggedPoints, LoggedTexts, RunHistoryWriter, TreeBatch

START = 1_700_000_000.0
JOURNAL = "0190aaaa-0000-7000-8000-000000000000"


def points_of(steps: Sequence[int], values: Sequence[float] | None = None) -> Points:
    """Points at ``steps``; a value is its step unless given, and a wall time is the step's second after START."""
    as_steps = np.array(steps, np.int64)
    given = as_steps.astype(float) if values is None else np.array(values, float)
    return Points(as_steps, START + as_steps.astype(float), given)


@dataclass
class BuiltRun:
    """A run of a history that is being built; its methods apply at once."""

    history: History
    run_id: str
    root_id: str
    path: str
    session_id: str = "0190bbbb-0000-7000-8000-000000000001"

    def child(self, run_id: str, **facts: str) -> BuiltRun:
        """Creates and starts a child."""
        return self.history.add(
            BuiltRun(self.history, run_id, self.root_id, f"{self.path}/{run_id}"), self.run_id, **facts
        )

    def log(self, tag: str, steps: Sequence[int], values: Sequence[float] | None = None) -> BuiltRun:
        """Logs points to a scalar series."""
        self.history.apply(self.root_id, points=[LoggedPoints(self.series(tag), points_of(steps, values))])
        return self

    def log_texts(self, tag: str, texts: Sequence[tuple[int, str]]) -> BuiltRun:
        """Logs texts."""
        logged = LoggedTexts(self.series(tag, DataClass.TEXT), [(step, START + step, text) for step, text in texts])
        self.history.apply(self.root_id, texts=[logged])
        return self

    def series(self, tag: str, data_class: DataClass = DataClass.SCALAR) -> DeclareSeries:
        """The declaration of a series in the run's present session."""
        return DeclareSeries(self.root_id, self.run_id, self.session_id, 1, tag, data_class, metric=tag)

    def resume(self) -> BuiltRun:
        """Starts a new session."""
        self.session_id = f"{self.session_id[:-3]}{int(self.session_id[-3:]) + 1:03}"
        return self.apply(StartRun(self.root_id, self.run_id, self.session_id, START, "host"))

    def end(self, status: RunStatus = RunStatus.COMPLETED, error: str = "") -> BuiltRun:
        """Ends the session."""
        return self.apply(EndRun(self.root_id, self.run_id, self.session_id, status, START + 60, error))

    def apply(self, *changes: Change) -> BuiltRun:
        """Applies changes of this run's tree."""
        self.history.apply(self.root_id, changes)
        return self


@dataclass
class History:
    """Builds a history through a writer, as one journal would."""

    writer: RunHistoryWriter
    journal_id: str = JOURNAL
    sequence: int = 0
    created: int = field(default=0)

    def root(self, run_id: str, experiment: str = "mnist", **facts: str) -> BuiltRun:
        """Creates and starts a root run."""
        return self.add(BuiltRun(self, run_id, run_id, run_id), None, experiment, **facts)

    def add(self, run: BuiltRun, parent_id: str | None, experiment: str = "mnist", **facts: str) -> BuiltRun:
        """Creates and starts a run."""
        self.created += 1
        shown = {"display_name": run.run_id, **facts}
        now = START + self.created
        create = CreateRun(run.root_id, run.run_id, parent_id, run.path, experiment, created_at=now, **shown)
        return run.apply(create, StartRun(run.root_id, run.run_id, run.session_id, now, "host"))

    def apply(
        self,
        root_id: str,
        changes: Sequence[Change] = (),
        points: Sequence[LoggedPoints] = (),
        texts: Sequence[LoggedTexts] = (),
    ) -> None:
        """Applies one batch."""
        self.sequence += 1
        self.writer.apply([TreeBatch(self.journal_id, root_id, self.sequence, changes, points, texts)])
