"""Random recording, crashes of the shipper, deaths of owners and outages, compared with what was acknowledged."""

from __future__ import annotations

import os
import shutil
import tempfile
from abc import abstractmethod
from pathlib import Path
from typing import ClassVar
from unittest import TestCase

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from tb_runhistory.journal import writer as writer_module
from tb_runhistory.journal.spool import journal_folders
from tb_runhistory.records.changes import DataClass
from tb_runhistory.records.columns import Content, Scope
from tb_runhistory.records.status import RunStatus
from tb_runhistory.shipping.shipper import Shipper
from tb_runhistory.store.base import RunHistoryWriter
from tb_runhistory.store.opening import open_reader, open_writer
from tb_runhistory.uri import parse_uri
from tests.postgresql_server import PostgresServer
from tests.recording.training import DEADLINE, Training
from tests.shipping.model_writer import ModelDatabase
from tests.shipping.stopping import STEPS, StoppingShipper

SMALL = 4096
SETTINGS = settings(deadline=None, suppress_health_check=list(HealthCheck))


class Recording(RuleBasedStateMachine):
    """Runs that live, end and die, in small segments, with a shipper that is killed at will."""

    def __init__(self) -> None:
        super().__init__()
        self.sizes = (writer_module.FIRST_SEGMENT_SIZE, writer_module.SEGMENT_SIZE)
        writer_module.FIRST_SEGMENT_SIZE = writer_module.SEGMENT_SIZE = SMALL
        self.folder = Path(tempfile.mkdtemp())
        self.spool = self.folder / "spool"
        self.spool.mkdir()
        self.shipper = Shipper(self.spool, self.open_writer)
        self.living: list[Training] = []
        self.begun = 0
        self.steps: dict[str, list[int]] = {}
        self.texts: dict[str, list[str]] = {}
        self.status: dict[str, RunStatus] = {}

    @abstractmethod
    def open_writer(self) -> RunHistoryWriter:
        """A writer of the store under test."""

    @abstractmethod
    def stored(self) -> tuple[dict[str, list[int]], dict[str, list[str]], dict[str, RunStatus]]:
        """What is stored: by run the steps, the texts, the status. Runs without points or texts are left out there."""

    @rule()
    @precondition(lambda self: len(self.living) < 3)
    def begin(self) -> None:
        """A process begins a run."""
        training = Training(self.spool, f"run {self.begun}")
        self.begun += 1
        self.living.append(training)
        run = training.run
        self.steps[run], self.texts[run], self.status[run] = [], [], RunStatus.RUNNING

    @rule(index=st.integers(0, 2), count=st.integers(1, 120))
    @precondition(lambda self: self.living)
    def log(self, index: int, count: int) -> None:
        """A run logs points."""
        run = self.living[index % len(self.living)]
        self.steps[run.run] += range(run.step, run.step + count)
        run.log(count)

    @rule(index=st.integers(0, 2), text=st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20))
    @precondition(lambda self: self.living)
    def log_text(self, index: int, text: str) -> None:
        """A run logs a text."""
        run = self.living[index % len(self.living)]
        texts = self.texts[run.run]
        if run.log_text(text, len(texts)):
            texts.append(text)

    @rule(index=st.integers(0, 2), ends=st.booleans())
    @precondition(lambda self: self.living)
    def leave(self, index: int, ends: bool) -> None:
        """A process is gone, with or without ending its run."""
        run = self.living.pop(index % len(self.living))
        if ends:
            run.complete()
        run.die()
        self.status[run.run] = RunStatus.COMPLETED if ends else RunStatus.FAILED

    @rule()
    def ship(self) -> None:
        """The shipper does a cycle."""
        self.shipper.cycle()

    @rule(index=st.integers(0, 2), takes_folder=st.booleans(), ships=st.booleans(), crashes=st.booleans())
    @precondition(lambda self: self.living)
    def clean(self, index: int, takes_folder: bool, ships: bool, crashes: bool) -> None:
        """Somebody removes the files of a living journal, whose owner puts them back."""
        run = self.living[index % len(self.living)]
        assert self.shipper.drain(DEADLINE)
        for path in run.folder.iterdir():
            path.unlink()
        if takes_folder:
            run.folder.rmdir()
        if crashes:
            self.shipper.close()
            self.shipper = Shipper(self.spool, self.open_writer)
        if ships:
            self.shipper.cycle()
        assert run.journal.restore()

    @rule(step=st.sampled_from(STEPS))
    def crash(self, step: str) -> None:
        """A shipper is killed at a step, if it gets there, and another takes its place."""
        self.shipper.close()
        child = os.fork()
        if child == 0:
            try:
                StoppingShipper(self.spool, self.open_writer, step).cycle()
            finally:
                os._exit(0)
        os.waitpid(child, 0)
        self.shipper = Shipper(self.spool, self.open_writer)

    @invariant()
    def nothing_acknowledged_is_ahead_of_what_was_logged(self) -> None:
        """The owner is never told of more than it wrote."""
        assert all(run.journal.applied() <= run.journal.sequence for run in self.living)

    def teardown(self) -> None:
        try:
            # Time passes: a folder that a killed shipper left empty is none of a journal that is just being begun.
            for folder in journal_folders(self.spool):
                os.utime(folder, (0, 0))
            assert self.shipper.drain(DEADLINE)
            steps, texts, status = self.stored()
            assert steps == {run: logged for run, logged in self.steps.items() if logged}
            assert texts == {run: logged for run, logged in self.texts.items() if logged}
            assert status == self.status
            assert sorted(os.listdir(self.spool)) == sorted(run.folder.name for run in self.living)
        finally:
            self.shipper.close()
            for run in self.living:
                run.die()
            writer_module.FIRST_SEGMENT_SIZE, writer_module.SEGMENT_SIZE = self.sizes
            shutil.rmtree(self.folder)


class RecordingToTheModel(Recording):
    """Over the model."""

    def open_writer(self) -> RunHistoryWriter:
        return ModelDatabase(self.folder / "model").open()

    def stored(self) -> tuple[dict[str, list[int]], dict[str, list[str]], dict[str, RunStatus]]:
        store = ModelDatabase(self.folder / "model").store
        steps = {run: [step for step, _, _ in points] for (run, _, _), points in store.points.items()}
        texts = {run: store.texts(run) for run in self.texts}
        texts = {run: logged for run, logged in texts.items() if logged}
        statuses = {run: store.status(run) for run in self.status}
        return steps, texts, {run: status for run, status in statuses.items() if status is not None}


class RecordingToSqlite(Recording):
    """Over the SQLite store."""

    def uri(self) -> str:
        """Where the store is."""
        return f"sqlite:///{self.folder / 'runs.db'}"

    def open_writer(self) -> RunHistoryWriter:
        return open_writer(parse_uri(self.uri()))

    def stored(self) -> tuple[dict[str, list[int]], dict[str, list[str]], dict[str, RunStatus]]:
        with open_reader(parse_uri(self.uri())) as reader:
            runs = reader.runs(Scope())
            series = reader.series(Scope(), DataClass.SCALAR)
            assert not series.hidden.any()
            points = zip(series.key, reader.read_points(series.key), strict=True)
            steps = {key.run_id: sampled.points.steps.tolist() for key, sampled in points}
            notes = reader.series(Scope(), DataClass.TEXT)
            found = zip(notes.key, reader.read_entries(notes.key), strict=True)
            texts = {key.run_id: [text_of(contents) for contents in columns.contents] for key, columns in found}
        return steps, texts, dict(zip(runs.run_id, runs.status, strict=True))


class RecordingToPostgresql(RecordingToSqlite):
    """Over a PostgreSQL store."""

    server: ClassVar[PostgresServer]

    def __init__(self) -> None:
        self._uri = self.server.new_database()
        super().__init__()

    def uri(self) -> str:
        return self._uri

    def teardown(self) -> None:
        super().teardown()
        self.server.drop(self._uri)


def text_of(contents: tuple[Content, ...]) -> str:
    """The text of an entry."""
    (content,) = contents
    assert content.data is not None
    return content.data.decode()


def case(machine: type[Recording], examples: int) -> type[TestCase]:
    """A test case that runs the machine."""
    found: type[TestCase] = machine.TestCase
    found.settings = settings(SETTINGS, max_examples=examples, stateful_step_count=25)  # type: ignore[attr-defined]
    return found


TestRecordingToTheModel = case(RecordingToTheModel, 25)
TestRecordingToSqlite = case(RecordingToSqlite, 10)


@pytest.mark.parametrize("examples", [3, pytest.param(50, marks=pytest.mark.slow)])
def test_random_recording_to_postgresql(postgres_server: PostgresServer, examples: int) -> None:
    """The same over PostgreSQL."""
    RecordingToPostgresql.server = postgres_server
    run_state_machine_as_test(
        RecordingToPostgresql, settings=settings(SETTINGS, max_examples=examples, stateful_step_count=25)
    )


@pytest.mark.slow
@pytest.mark.parametrize("part", range(10))
@pytest.mark.parametrize("machine", [RecordingToTheModel, RecordingToSqlite])
def test_long_random_recording(machine: type[Recording], part: int) -> None:
    """Five hundred sequences a store, in parts, each of which stays below the time limit of a test."""
    run_state_machine_as_test(seed(part)(machine), settings=settings(SETTINGS, max_examples=50, stateful_step_count=50))
