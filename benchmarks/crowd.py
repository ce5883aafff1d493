"""Many processes that record into one store at once, with a reader beside them: does anything fail, or get lost?"""

from __future__ import annotations

import os
import shutil
import threading
import time

from benchmarks.command import MeasurementError, Setting
from benchmarks.recording_process import result_of, start_recording
from benchmarks.table import OURS, Bar, Row
from tb_runhistory.errors import NotFound, RunHistoryError
from tb_runhistory.records.changes import DataClass
from tb_runhistory.records.columns import Scope
from tb_runhistory.records.status import RunStatus
from tb_runhistory.store.opening import open_reader
from tb_runhistory.uri import StoreUri, parse_uri

METRICS = 5
RUNS_EACH = 5
_SETTLE_SECONDS = 30.0


class _Beside(threading.Thread):
    """Reads the store over and over until it is told to stop, and counts what fails and how often it read."""

    def __init__(self, uri: StoreUri) -> None:
        super().__init__(name="reader-beside")
        self.ended = threading.Event()
        self.failures: list[str] = []
        self.reads = 0
        self._uri = uri

    def run(self) -> None:
        while not self.ended.wait(0.05):
            try:
                with open_reader(self._uri) as reader:
                    reader.runs(Scope())
                    reader.read_points(reader.series(Scope(), DataClass.SCALAR).key[:20], 100)
            except NotFound:
                # Nobody has made the store yet.
                if self.reads:
                    self.failures.append("the store is gone")
            except RunHistoryError as error:
                self.failures.append(str(error))
            else:
                self.reads += 1


def measure_crowd(setting: Setting) -> list[Row]:
    """Errors and lost points when many processes record several runs each into one SQLite file."""
    processes, steps = setting.scaled(16, 2), setting.scaled(2_000, 20)
    folder = setting.folder / "crowd"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    uri = parse_uri(f"sqlite:///{folder}/runs.db")
    os.environ["RUNHISTORY_JOURNAL_DIR"] = str(folder / "journals")
    beside = _Beside(uri)
    beside.start()
    started = time.perf_counter()
    order = {"uri": uri.text, "runs": RUNS_EACH, "metrics": METRICS, "steps": steps}
    running = [start_recording("crowd", folder, **order) for _ in range(processes)]
    failures: list[str] = []
    for process in running:
        try:
            failures += result_of(process)["stderr"].splitlines()
        except MeasurementError as error:
            failures.append(str(error))
    took = time.perf_counter() - started
    beside.ended.set()
    beside.join()
    failures += beside.failures
    expected = processes * RUNS_EACH * METRICS * steps
    missing = _missing(uri, expected, processes * RUNS_EACH)
    shutil.rmtree(folder)
    what = f"{processes} processes × {RUNS_EACH} runs × {METRICS} metrics × {steps:,} steps into one file"
    notes = {OURS: f"the first of the crowd's errors: {failures[0]}"} if failures else {}
    return [
        Row("crowd", f"{what}, a reader beside: errors", "count", {OURS: [float(len(failures))]}, (Bar(0.0),), notes),
        Row("crowd", "points and runs lost or not completed", "count", {OURS: [float(missing)]}, (Bar(0.0),)),
        Row("crowd", "from the first process's start to the last one's end", "points/s", {OURS: [expected / took]}),
    ]


def _missing(uri: StoreUri, points: int, runs: int) -> int:
    """How far the store is from these numbers of points and completed runs when nothing more comes."""
    deadline = time.monotonic() + _SETTLE_SECONDS
    missing = -1
    with open_reader(uri) as reader:
        while missing and time.monotonic() < deadline:
            stored = int(reader.series(Scope(), DataClass.SCALAR).count.sum())
            completed = sum(status is RunStatus.COMPLETED for status in reader.runs(Scope()).status)
            missing = abs(points - stored) + abs(runs - completed)
            time.sleep(0.05)
    return missing
