"""Measures the export of runs as event files, with a SummaryWriter that writes the same points beside it.

python benchmarks/export.py [--rows NAME …] [--quick] [--json FILE] [--folder FOLDER]
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np

from benchmarks.command import Benchmark, Command, MeasurementError, Setting, say
from benchmarks.table import OURS, Bar, Row
from benchmarks.workload import Workload

TORCH = "torch SummaryWriter"
CHECKOUT = Path(__file__).resolve().parent.parent
_MIB = 1 << 20


def measure_export(setting: Setting) -> list[Row]:
    """Points a second and memory of the whole command, in a process of its own, and what it leaves on the disk."""
    workload = Workload(setting.scaled(100, 3), 5, setting.scaled(10_000, 50))
    # The peer takes minutes for all of them, and as long for each.
    peers = Workload(setting.scaled(5, 1), workload.tags, workload.steps)
    uri = workload.store(setting.folder)
    rate: dict[str, list[float]] = {}
    again: dict[str, list[float]] = {}
    memory: dict[str, list[float]] = {}
    size: dict[str, list[float]] = {}
    exported = setting.folder / "exported"
    command = [sys.executable, "-m", "benchmarks.export", "export", uri, str(exported)]
    for _ in range(setting.repeats(5)):
        shutil.rmtree(exported, ignore_errors=True)
        took, peak = _run(command)
        _record(OURS, workload, exported, took, rate, size)
        memory.setdefault(OURS, []).append(peak)
        again.setdefault(OURS, []).append(_run(command)[0])
        if importlib.util.find_spec("torch") is None:
            continue
        theirs = setting.folder / "written-by-torch"
        shutil.rmtree(theirs, ignore_errors=True)
        numbers = [str(number) for number in (peers.runs, peers.tags, peers.steps)]
        took, _ = _run([sys.executable, "-m", "benchmarks.export", "write", *numbers, str(theirs)])
        _record(TORCH, peers, theirs, took, rate, size)
        say(f"  {OURS} {rate[OURS][-1]:,.0f} points a second, {TORCH} {rate[TORCH][-1]:,.0f}")
    shown = f"{workload.runs:,} runs × {workload.tags} × {workload.steps:,} steps:"
    notes = {TORCH: f"over {peers.runs} of these runs, since each takes it as long"}
    return [
        Row(
            "export", f"{shown} exported by the whole command", "points/s", rate, (Bar(300_000, at_least=True),), notes
        ),
        Row("export", f"{shown} the exporting process at its peak", "MiB", memory, (Bar(300),)),
        Row("export", f"{shown} the command once more, nothing being new", "s", again),
        Row("export", f"{shown} event files", "B/point", size, (), notes),
    ]


def measure_reading_back(setting: Setting) -> list[Row]:
    """How many points of an exported run TensorBoard's own loader reads as they are; their values fit 32 bits."""
    from tensorboard.backend.event_processing.event_file_loader import EventFileLoader
    from tensorboard.util import tensor_util

    workload = Workload(1, 5, setting.scaled(10_000, 50))
    logdir = setting.folder / "read-back"
    shutil.rmtree(logdir, ignore_errors=True)
    _run([sys.executable, "-m", "benchmarks.export", "export", workload.store(setting.folder), str(logdir)])
    read: dict[str, list[tuple[int, float, float]]] = {}
    for path in logdir.rglob("*tfevents*"):
        for event in EventFileLoader(str(path)).Load():
            for value in event.summary.value:
                number = float(tensor_util.make_ndarray(value.tensor).item())
                read.setdefault(value.tag, []).append((event.step, event.wall_time, number))
    same = 0
    for tag, name in enumerate(workload.tag_names):
        points = workload.points(0, tag)
        rows = np.array(read.get(name, []), float).reshape(-1, 3)
        if len(rows) == len(points):
            same += int(np.sum(np.all(rows == np.stack([points.steps, points.wall_times, points.values], 1), axis=1)))
    logged = workload.tags * workload.steps
    what = f"of {logged:,} exported points, read by TensorBoard's loader with the same step, time and value"
    return [Row("read-back", what, "points", {OURS: [float(same)]}, (Bar(logged, at_least=True),))]


def _record(
    subject: str,
    workload: Workload,
    logdir: Path,
    took: float,
    rate: dict[str, list[float]],
    size: dict[str, list[float]],
) -> None:
    points = workload.runs * workload.tags * workload.steps
    rate.setdefault(subject, []).append(points / took)
    files = [path.stat().st_size for path in logdir.rglob("*tfevents*")]
    size.setdefault(subject, []).append(sum(files) / points)


def _run(command: Sequence[str]) -> tuple[float, float]:
    """Runs a process to its end; seconds, and its peak memory in MiB."""
    start = time.perf_counter()
    process = subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    took = time.perf_counter() - start
    if process.returncode != 0:
        raise MeasurementError(f"{' '.join(command[1:5])} … ended with exit code {process.returncode}")
    return took, usage.ru_maxrss * 1024 / _MIB


def _write_with_torch(runs: int, tags: int, steps: int, logdir: str) -> None:
    open_writer = importlib.import_module("torch.utils.tensorboard").SummaryWriter
    workload = Workload(runs, tags, steps)
    for number, name in enumerate(workload.run_names):
        columns = [workload.points(number, tag) for tag in range(tags)]
        times = [points.wall_times.tolist() for points in columns]
        values = [points.values.tolist() for points in columns]
        with open_writer(os.path.join(logdir, name)) as writer:
            for step in range(steps):
                for tag, name_of_tag in enumerate(workload.tag_names):
                    writer.add_scalar(name_of_tag, values[tag][step], step, walltime=times[tag][step])


def _child(task: str, *arguments: str) -> None:
    if task == "write":
        runs, tags, steps, logdir = arguments
        _write_with_torch(int(runs), int(tags), int(steps), logdir)
        return
    from tb_runhistory.cli import main

    main(["export", *arguments])


COMMAND = Command(
    about="Measures the export of runs as event files, with a SummaryWriter beside it in one table.",
    benchmarks={
        "export": Benchmark("points a second, memory and size over 100 runs × 5 × 10,000 steps", measure_export),
        "read-back": Benchmark("whether TensorBoard's own loader reads the same points", measure_reading_back),
    },
    subjects=(OURS, TORCH),
    packages=("tb-runhistory", "tensorboard", "crc32c", "torch"),
    absent=() if importlib.util.find_spec("torch") else ("torch",),
)

if __name__ == "__main__":
    if sys.argv[1:2] in (["export"], ["write"]):
        _child(*sys.argv[1:])
    else:
        sys.exit(COMMAND.main())
