"""A fresh process that records: what it is to do comes as JSON in its argument, and its last line is JSON too.

    python -m benchmarks.recording_process '{"task": "calls", "recorder": "torch", "folder": "/tmp/x", …}'

``calls`` times the calls of a loop, ``durable`` the time until all is handed over, ``live`` keeps many runs logging at
a pace and watches the shipper, ``crowd`` is one of many processes that record into one store, ``short_runs`` records
sweeps of short runs, and ``open_series`` logs to very many series.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from benchmarks.command import MeasurementError
from benchmarks.machine import folder_bytes, processor_seconds, written_bytes
from benchmarks.recorders import RECORDERS

CHECKOUT = Path(__file__).resolve().parent.parent


def record(task: str, folder: Path, **options: Any) -> dict[str, Any]:
    """Runs a task in a fresh process with an empty ``folder``, and returns what it measured.

    Raises:
      MeasurementError: it ended with an error.
    """
    folder.mkdir(parents=True)
    return result_of(start_recording(task, folder, **options))


def start_recording(task: str, folder: Path, **options: Any) -> subprocess.Popen[str]:
    """Starts a process for a task; ``result_of`` waits for it."""
    order = json.dumps({"task": task, "folder": str(folder), **options})
    command = [sys.executable, "-m", "benchmarks.recording_process", order]
    return subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def result_of(process: subprocess.Popen[str]) -> dict[str, Any]:
    """Waits for a process that ``start_recording`` started.

    Raises:
      MeasurementError: it ended with an error.
    """
    output, errors = process.communicate()
    if process.returncode != 0:
        raise MeasurementError(f"a process that records ended with exit code {process.returncode}\n{errors}")
    result: dict[str, Any] = json.loads(output.splitlines()[-1])
    return {**result, "stderr": errors}


def noise(count: int, kind: str) -> list[float]:
    """Normally distributed values: of the whole 64 bits, or such as came from 32-bit floats."""
    values = np.random.default_rng(1).standard_normal(count)
    return [float(value) for value in (values.astype(np.float32) if kind == "float32" else values)]


def tags(count: int) -> list[str]:
    """The names of metrics."""
    return [f"metric/{number}" for number in range(count)]


def time_calls(order: dict[str, Any]) -> dict[str, float]:
    """Microseconds a call over a whole loop; then, over another loop with a clock at each call, the slowest."""
    recorder = RECORDERS[order["recorder"]](Path(order["folder"]))
    names, values = tags(order["metrics"]), noise(order["steps"], "float64")
    # The first call of each metric declares it, opens files and starts threads.
    recorder.loop(names, values[:2])
    start = time.perf_counter()
    recorder.loop(names, values)
    each = (time.perf_counter() - start) / (len(names) * len(values))
    took = np.empty(len(names) * len(values), np.int64)
    clock, position = time.perf_counter_ns, 0
    for step, value in enumerate(values, len(values)):
        for name in names:
            before = clock()
            recorder.log(name, value, step)
            took[position] = clock() - before
            position += 1
    recorder.finish()
    return {"each": each * 1e6, "p999": float(np.quantile(took, 0.999)) / 1e3, "worst": float(took.max()) / 1e6}


def time_durable(order: dict[str, Any]) -> dict[str, float]:
    """Seconds from the first call until the library has handed everything over, with the moment of the first call."""
    recorder = RECORDERS[order["recorder"]](Path(order["folder"]))
    names, values = tags(order["metrics"]), noise(order["steps"], order["values"])
    began, start = time.time(), time.perf_counter()
    recorder.log_in_bulk(names, values)
    recorder.finish()
    return {"seconds": time.perf_counter() - start, "began": began, "ended": time.time()}


def keep_many_runs_live(order: dict[str, Any]) -> dict[str, Any]:
    """What the shipper costs while many runs of one process log at a pace, and how far behind it is.

    ``per_second`` points a second are logged to each metric of each run, for ``warm_up`` and then ``seconds``.
    """
    from tb_runhistory import Experiment, Workspace

    os.environ["RUNHISTORY_JOURNAL_DIR"] = f"{order['folder']}/journals"
    workspace = Workspace(f"sqlite:///{order['folder']}/runs.db")
    runs = [Experiment(workspace, "live").start_logging(f"run-{number:03}") for number in range(order["runs"])]
    names, value = tags(order["metrics"]), iter(noise(1 << 20, "float32"))
    recorder, marks, lags = workspace.link.recorder, deque[tuple[float, int]](), list[float]()

    def tick(step: int) -> None:
        for run in runs:
            for name in names:
                run.log(name, next(value, 0.0), step=step)
        marks.append((time.perf_counter(), recorder.position()))

    def look() -> None:
        applied = recorder.applied()
        while marks and marks[0][1] <= applied:
            lags.append(time.perf_counter() - marks.popleft()[0])

    step = _pace(order["warm_up"], order["per_second"], tick, look, 0)
    pid, lags[:] = _shipper_of(os.getpid()), []
    busy, written, start = processor_seconds(pid), written_bytes(pid), time.perf_counter()
    step = _pace(order["seconds"], order["per_second"], tick, look, step)
    took = time.perf_counter() - start
    busy, written = processor_seconds(pid) - busy, written_bytes(pid) - written
    for run in runs:
        run.complete()
    return {
        "busy": 100 * busy / took,
        "written": written / took / 1e6,
        "lags": lags,
        "points": step * len(runs) * len(names),
    }


def record_in_a_crowd(order: dict[str, Any]) -> dict[str, Any]:
    """Records ``runs`` runs, all at once, into a store that others write to as well."""
    from tb_runhistory import Experiment, Workspace

    experiment = Experiment(Workspace(order["uri"]), "crowd")
    runs = [experiment.start_logging() for _ in range(order["runs"])]
    names, values = tags(order["metrics"]), noise(order["steps"], "float32")
    for step, value in enumerate(values):
        for run in runs:
            for name in names:
                run.log(name, value, step=step)
    for run in runs:
        run.complete()
    return {"runs": [run.id for run in runs]}


def record_short_runs(order: dict[str, Any]) -> dict[str, Any]:
    """Sweeps of ``trials`` trials with ``folds`` folds each, every run with ``metrics`` metrics of ``steps`` steps."""
    from tb_runhistory import Experiment, Run, Workspace

    os.environ["RUNHISTORY_JOURNAL_DIR"] = f"{order['folder']}/journals"
    experiment = Experiment(Workspace(f"sqlite:///{order['folder']}/runs.db"), "short")
    names, steps = tags(order["metrics"]), order["steps"]
    value = iter(noise(1 << 20, order.get("dtype", "float32")) * 16)

    def log(run: Run) -> None:
        for step in range(steps):
            for name in names:
                run.log(name, next(value), step=step)

    began, start, count = time.time(), time.perf_counter(), 0
    for number in range(order["sweeps"]):
        with experiment.start_logging(f"sweep-{number:04}") as sweep:
            log(sweep)
            for trial_number in range(order["trials"]):
                with sweep.child_run(f"trial-{trial_number}") as trial:
                    trial.log_parameters({"lr": 10.0**-trial_number, "depth": trial_number})
                    log(trial)
                    for fold_number in range(order["folds"]):
                        with trial.child_run(f"fold-{fold_number}") as fold:
                            log(fold)
                            count += 1
                count += 1
            count += 1
    return {"runs": count, "began": began, "seconds": time.perf_counter() - start}


def keep_series_open(order: dict[str, Any]) -> dict[str, float]:
    """Microseconds a call, and bytes of journal a point, with ``series`` series open in a dozen runs at most."""
    from tb_runhistory import Experiment, Workspace

    os.environ["RUNHISTORY_JOURNAL_DIR"] = f"{order['folder']}/journals"
    os.environ["RUNHISTORY_MODE"] = "offline"
    experiment = Experiment(Workspace(f"sqlite:///{order['folder']}/runs.db"), "open")
    runs = [experiment.start_logging(f"run-{number}") for number in range(min(12, order["series"]))]
    series = [(runs[number % len(runs)], f"metric/{number}") for number in range(order["series"])]
    for run, name in series:
        run.log(name, 0.0, step=0)
    journals = Path(order["folder"]) / "journals"
    rounds = max(1, order["points"] // len(series))
    before, start = folder_bytes(journals), time.perf_counter()
    for step in range(1, rounds + 1):
        for run, name in series:
            run.log(name, 0.5, step=step)
    took = time.perf_counter() - start
    points = rounds * len(series)
    return {"each": took / points * 1e6, "bytes": (folder_bytes(journals) - before) / points}


def _pace(seconds: float, per_second: float, tick: Callable[[int], None], look: Callable[[], None], step: int) -> int:
    """Calls ``tick`` so often a second, and ``look`` in between; the next step."""
    start = time.perf_counter()
    for number in range(round(seconds * per_second)):
        tick(step + number)
        due = start + (number + 1) / per_second
        while (left := due - time.perf_counter()) > 0:
            look()
            time.sleep(min(left, 0.01))
    return step + round(seconds * per_second)


def _shipper_of(pid: int) -> int:
    children = psutil.Process(pid).children()
    return next(child.pid for child in children if "shipping.process" in " ".join(child.cmdline()))


_TASKS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "calls": time_calls,
    "durable": time_durable,
    "live": keep_many_runs_live,
    "crowd": record_in_a_crowd,
    "short_runs": record_short_runs,
    "open_series": keep_series_open,
}

if __name__ == "__main__":
    chosen = json.loads(sys.argv[1])
    print(json.dumps(_TASKS[chosen["task"]](chosen)))
