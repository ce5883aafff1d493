"""A training process as far as the shipper can tell, without the recording API, and waiting for what becomes of it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from tb_runhistory.journal.writer import JournalWriter
from tb_runhistory.records.changes import (
    CreateExperiment,
    CreateRun,
    DataClass,
    DeclareSeries,
    EndRun,
    LogText,
    StartRun,
)
from tb_runhistory.records.status import RunStatus
from tests.conformance.builder import id_of

DEADLINE = 10.0


class Training:
    """A run in a journal of its own, in this process. ``run`` is its id, made of its name."""

    def __init__(self, spool: Path, name: str, is_owner: bool = True) -> None:
        self.name = name
        self.run = run = id_of(name)
        self.session = id_of(f"session of {name}")
        self.journal = JournalWriter.create(spool)
        self.folder = spool / self.journal.journal_id
        self.journal.append(CreateExperiment("experiment", 1.0))
        self.journal.append(CreateRun(run, run, None, run, "experiment", name, 1.0))
        if is_owner:
            self.journal.append(StartRun(run, run, self.session, 1.0, "host"))
        self.loss = self.journal.declare(DeclareSeries(run, run, self.session, 0, "loss"))
        self.note = self.journal.declare(DeclareSeries(run, run, self.session, 0, "note", DataClass.TEXT))
        self.step = 0

    def log(self, count: int) -> None:
        """Logs ``count`` points at the next steps."""
        for _ in range(count):
            assert self.journal.append_point(self.loss, self.step, 1.0 + self.step, self.step / 2)
            self.step += 1

    def log_text(self, text: str, step: int = 0) -> bool:
        """Logs a text; False where it was dropped."""
        return self.journal.append(LogText(self.run, self.note, step, 4.0, text))

    def complete(self) -> None:
        """Ends the run well."""
        self.journal.append(EndRun(self.run, self.run, self.session, RunStatus.COMPLETED, 9.0))

    def die(self) -> None:
        """What is left of a process that is gone, as far as anybody can see."""
        self.journal.close()


def wait_until(condition: Callable[[], bool]) -> None:
    """Returns once the condition holds; an error after the deadline."""
    pause = threading.Event()
    for _ in range(int(DEADLINE / 0.01)):
        if condition():
            return
        pause.wait(0.01)
    raise AssertionError("the state was not reached in time")
