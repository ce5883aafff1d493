"""How soon after the call a point can be seen: the call returns, and TensorBoard is asked until its answer has it."""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.command import MeasurementError, Setting, say
from benchmarks.recorders import Recorder, RunHistoryRecorder, TensorboardXRecorder, TorchRecorder
from benchmarks.table import OURS, Bar, Row
from benchmarks.tensorboards import TensorBoard

_TAG = "loss"
_ASK_SECONDS = 0.01
_START_SECONDS = 120.0
_TIMEOUT_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class _Subject:
    """Who records, the run's name in TensorBoard, TensorBoard's arguments, and the seconds between its looks."""

    name: str
    recorder: type[Recorder]
    run: str
    arguments: tuple[str, ...]
    reload_seconds: float
    flushes: bool


FASTEST = "fast loader, reload 1 s"
DEFAULT = "fast loader, reload 5 s"


def measure_liveness(setting: Setting) -> list[Row]:
    """Seconds from a call's return until its point is in TensorBoard's answer."""
    trials = setting.scaled(60, 2)
    waits: dict[str, list[float]] = {}
    notes: dict[str, str] = {}
    folder = setting.folder / "live"
    for subject in _subjects(folder):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        say(f"  {subject.name} …")
        waits[subject.name] = _wait_for_each(subject, folder, trials)
        if subject.flushes:
            notes[subject.name] = f"the SummaryWriter of {subject.recorder.name}, flushed after each call"
    worst = {name: [max(samples)] for name, samples in waits.items()}
    what = "`run.log` returns → its point is in TensorBoard's answer"
    return [
        Row("visible", f"{what}, {trials} trials", "s", waits, (Bar(0.5),), notes),
        Row("visible", f"{what}, the worst trial", "s", worst, (Bar(1.0),)),
    ]


def _subjects(folder: Path) -> Iterator[_Subject]:
    ours = (f"--runhistory_uri=sqlite:///{folder}/runs.db",)
    yield _Subject(OURS, RunHistoryRecorder, "benchmark/run", ours, 1.0, flushes=False)
    peers = [peer for peer in (TorchRecorder, TensorboardXRecorder) if peer.is_installed()]
    if not peers:
        say("  neither torch nor tensorboardX is installed: nothing to compare with")
        return
    # 1 is the shortest that the fast loader takes: it cuts fractions off, and 0 is to load once.
    for name, seconds in ((FASTEST, 1.0), (DEFAULT, 5.0)):
        arguments = (f"--logdir={folder}", "--load_fast=true", f"--reload_interval={seconds:.0f}")
        yield _Subject(name, peers[0], "run", arguments, seconds, flushes=True)


def _wait_for_each(subject: _Subject, folder: Path, trials: int) -> list[float]:
    pause = random.Random(1)
    recorder = subject.recorder(folder)
    recorder.log(_TAG, 0.5, 0)
    recorder.flush()
    waits = []
    with TensorBoard(*subject.arguments) as board:
        board.wait_for_runs([subject.run], _TAG, 0, _START_SECONDS)
        for step in range(1, trials + 1):
            # So that calls do not fall in step with the looks of the other side.
            time.sleep(pause.uniform(0, subject.reload_seconds))
            recorder.log(_TAG, 0.5, step)
            if subject.flushes:
                recorder.flush()
            returned = time.perf_counter()
            while board.last_step(_TAG, subject.run) != step:
                if time.perf_counter() - returned > _TIMEOUT_SECONDS:
                    raise MeasurementError(f"{subject.name}: a point cannot be seen after {_TIMEOUT_SECONDS:.0f} s")
                time.sleep(_ASK_SECONDS)
            waits.append(time.perf_counter() - returned)
        recorder.finish()
    return waits
