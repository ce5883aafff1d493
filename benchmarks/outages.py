"""How soon charts are back when the data server is killed, again and again, on a machine that has much else to do."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

from benchmarks.command import MeasurementError, Setting
from benchmarks.table import OURS, Bar, Row
from benchmarks.tensorboards import TensorBoard
from benchmarks.workload import Workload

_KILLS = 3
_BACK_SECONDS = 3.0
_BUSY = "while True: pass"


def measure_killed_server(setting: Setting) -> list[Row]:
    """Seconds from the kill until a chart is answered, three times in a row, with a busy process on each core."""
    workload = Workload(setting.scaled(100, 3), 1, setting.scaled(1_000, 50))
    [tag] = workload.tag_names
    back: list[list[float]] = [[] for _ in range(_KILLS)]
    busy = [subprocess.Popen([sys.executable, "-c", _BUSY]) for _ in range(os.cpu_count() or 1)]
    try:
        for _ in range(setting.repeats(3)):
            with TensorBoard(f"--runhistory_uri={workload.store(setting.folder)}") as board:
                board.wait_for_runs(workload.run_names, tag, workload.steps - 1, 120.0)
                for number in range(_KILLS):
                    back[number].append(_kill_and_wait(board, tag, workload.run_names[0]))
    finally:
        for process in busy:
            process.kill()
            process.wait()
    return [
        Row(
            "killed",
            f"data server killed, time {number + 1} of {_KILLS} in a row, busy machine: charts back",
            "s",
            {OURS: took},
            (Bar(_BACK_SECONDS),),
        )
        for number, took in enumerate(back)
    ]


def _kill_and_wait(board: TensorBoard, tag: str, run: str) -> float:
    server = board.data_server()
    if server is None:
        raise MeasurementError("there is no data server to kill")
    os.kill(server, signal.SIGKILL)
    killed = time.perf_counter()
    while not board.time_series(tag, run):
        if time.perf_counter() - killed > 60.0:
            raise MeasurementError("no chart for a minute after the data server was killed")
        time.sleep(0.02)
    return time.perf_counter() - killed
