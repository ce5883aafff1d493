"""How long ``Tensorboard([run]).start()`` takes, beside a stock TensorBoard that has nothing to show."""

from __future__ import annotations

import json
import os
import shutil
import time
from urllib.request import urlopen

from benchmarks.command import MeasurementError, Setting, say
from benchmarks.table import OURS, Bar, Row
from benchmarks.tensorboards import TensorBoard
from benchmarks.viewing import EMPTY, START_SECONDS
from tb_runhistory import Experiment, Run, Tensorboard, Workspace

_REPEATS = 9


def measure_launch(setting: Setting) -> list[Row]:
    """Seconds until the list of runs is answered, from a call in a program that records, or from a command's start."""
    folder, empty = setting.folder / "launch", setting.folder / "empty"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    empty.mkdir(exist_ok=True)
    os.environ["RUNHISTORY_JOURNAL_DIR"] = str(folder / "journals")
    took: dict[str, list[float]] = {OURS: [], EMPTY: []}
    with Experiment(Workspace(f"sqlite:///{folder}/runs.db"), "benchmark").start_logging("run") as run:
        run.log("loss", 0.5)
        for _ in range(setting.repeats(_REPEATS)):
            took[OURS].append(_time_start(run))
            with TensorBoard(f"--logdir={empty}", "--load_fast=true") as board:
                took[EMPTY].append(board.wait_for_runs([], "", 0, START_SECONDS))
            say(f"  {OURS} {took[OURS][-1]:.2f} s, {EMPTY} {took[EMPTY][-1]:.2f} s")
    what = "`Tensorboard([run]).start()` of a running run until its address lists the run"
    return [Row("launch", what, "s", took, (Bar(1.5, EMPTY),))]


def _time_start(run: Run) -> float:
    started = time.perf_counter()
    with Tensorboard([run], port=0) as tensorboard, urlopen(f"{tensorboard.start()}data/runs", timeout=60) as answer:
        if json.load(answer) != ["benchmark/run"]:
            raise MeasurementError("the run is not listed when its TensorBoard has started")
        return time.perf_counter() - started
