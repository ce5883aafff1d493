"""The demonstration: records real sweeps once, goes on after an interruption, and stops everything it started."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import psutil
import pytest

from demo import digits, ridge
from demo.environment import CHECKOUT
from demo.serving import free_port
from tb_runhistory.records.changes import DataClass
from tb_runhistory.records.columns import Scope
from tb_runhistory.records.status import RunStatus
from tb_runhistory.store.opening import open_reader
from tb_runhistory.uri import parse_uri

LAUNCHER = CHECKOUT / "demo" / "launch.py"
DEADLINE_SECONDS = 90.0

# One ordinary trial, the one that diverges and the one that fails.
RECORD_FEW = """
import sys
from demo import digits, recording

grid = digits.grid()
recording.record_missing(sys.argv[1], [grid[0], *(t for t in grid if t.learning_rate > 1 or t.activation == "gelu")])
"""

# The launcher's last part, in this environment instead of one that it makes.
SERVE = "import sys; from demo.serving import serve; sys.exit(serve(sys.argv[1], int(sys.argv[2])))"


def run(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False, timeout=DEADLINE_SECONDS)


@contextmanager
def started(code: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", code, *arguments]
    with subprocess.Popen(
        command, cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def read_until(process: subprocess.Popen[str], word: str) -> str:
    """What the process prints, up to and with ``word``."""
    assert process.stdout is not None
    os.set_blocking(process.stdout.fileno(), False)
    text, deadline = "", time.monotonic() + DEADLINE_SECONDS
    while word not in text:
        assert time.monotonic() < deadline, f"{word!r} was not printed, but this was: {text}"
        assert process.poll() is None or select.select([process.stdout], [], [], 0)[0], f"it ended after: {text}"
        if select.select([process.stdout], [], [], 1.0)[0]:
            text += os.read(process.stdout.fileno(), 65536).decode()
    return text


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The URI of a store with both sweeps, the large one cut to three trials."""
    uri = f"sqlite:///{tmp_path_factory.mktemp('demo')}/runs.db"
    result = run(RECORD_FEW, uri)
    assert result.returncode == 0, result.stderr
    return uri


def status_of(uri: str) -> dict[str, RunStatus]:
    """The status of each run, by the path of display names from its root."""
    with open_reader(parse_uri(uri)) as reader:
        runs = reader.runs(Scope())
    names: dict[str, str] = {}
    for run_id, parent_id, experiment, name in zip(
        runs.run_id, runs.parent_id, runs.experiment, runs.display_name, strict=True
    ):
        names[run_id] = f"{names.get(parent_id, experiment)}/{name}"
    return dict(zip(names.values(), runs.status, strict=True))


def test_the_grid_is_large_and_its_trials_differ() -> None:
    grid = digits.grid()
    assert len(grid) == len(set(grid)) >= 42


def test_the_small_sweep_has_a_run_for_each_alpha(recorded: str) -> None:
    runs = status_of(recorded)
    expected = {f"diabetes-ridge/sweep/alpha={alpha:.2f}" for alpha in ridge.ALPHAS}
    assert {name for name in runs if name.startswith("diabetes-ridge/sweep/")} == expected
    assert {runs[name] for name in expected} == {RunStatus.COMPLETED}
    with open_reader(parse_uri(recorded)) as reader:
        series = reader.series(Scope(ridge.EXPERIMENT), DataClass.SCALAR)
    assert sorted(series.tag) == ["alpha"] * (len(ridge.ALPHAS) + 1) + ["mse"] * (len(ridge.ALPHAS) + 1)


def test_the_large_sweep_has_a_failed_trial_and_goes_on(recorded: str) -> None:
    runs = status_of(recorded)
    assert runs["digits-mlp/sweep"] is RunStatus.COMPLETED
    assert runs["digits-mlp/sweep/trial-00/fold-2"] is RunStatus.COMPLETED
    assert runs["digits-mlp/sweep/trial-02"] is RunStatus.FAILED
    assert runs["digits-mlp/sweep/trial-02/fold-0"] is RunStatus.FAILED


def test_one_trial_diverges_to_nan_after_points_that_are_numbers(recorded: str) -> None:
    with open_reader(parse_uri(recorded)) as reader:
        runs = reader.runs(Scope(digits.EXPERIMENT))
        trial = runs.run_id[runs.display_name.index("trial-01")]
        series = reader.series(Scope(run_ids=(trial,)), DataClass.SCALAR, ["loss/validation"])
        losses = reader.read_points(series.key)[0].points.values
    assert np.isfinite(losses[0])
    assert np.isnan(losses[-1])


def test_parameters_keep_their_types(recorded: str) -> None:
    with open_reader(parse_uri(recorded)) as reader:
        runs = reader.runs(Scope(digits.EXPERIMENT))
        parameters = reader.parameters(Scope(run_ids=(runs.run_id[runs.display_name.index("trial-00")],)))
    values = dict(zip(parameters.name, parameters.value, strict=True))
    expected = {"learning_rate": 0.01, "hidden_size": 16, "activation": "relu", "early_stopping": False}
    assert {name: values[name] for name in expected} == expected
    assert {type(values[name]) for name in expected} == {float, int, str, bool}


def test_a_second_start_records_nothing(recorded: str) -> None:
    before = status_of(recorded)
    result = run(RECORD_FEW, recorded)
    assert "diabetes-ridge is recorded already." in result.stdout
    assert "digits-mlp is recorded already." in result.stdout
    assert status_of(recorded) == before


def test_an_interrupted_recording_is_noticed_and_made_good(tmp_path: Path) -> None:
    uri = f"sqlite:///{tmp_path}/runs.db"
    with started(RECORD_FEW, uri) as process:
        read_until(process, "1/3")
        process.send_signal(signal.SIGINT)
        process.wait(DEADLINE_SECONDS)
    assert status_of(uri)["digits-mlp/sweep"] is not RunStatus.COMPLETED
    result = run(RECORD_FEW, uri)
    assert "diabetes-ridge is recorded already." in result.stdout
    assert "digits-mlp was interrupted earlier" in result.stdout
    with open_reader(parse_uri(uri)) as reader:
        runs = reader.runs(Scope(digits.EXPERIMENT))
    sweeps = [status for status, depth in zip(runs.status, runs.depth, strict=True) if depth == 0]
    assert len(sweeps) == 2
    assert sweeps[1] is RunStatus.COMPLETED


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_stops_everything_that_was_started(recorded: str, ending: signal.Signals) -> None:
    port = free_port()
    with started(SERVE, recorded, str(port)) as process:
        assert f"http://localhost:{port}/" in read_until(process, "Press Ctrl-C")
        with urllib.request.urlopen(f"http://localhost:{port}/data/runs", timeout=30) as answer:
            assert "digits-mlp/sweep/trial-00" in json.load(answer)
        family = psutil.Process(process.pid).children(recursive=True)
        assert family
        process.send_signal(ending)
        assert process.wait(DEADLINE_SECONDS) == 0
    _, alive = psutil.wait_procs(family, timeout=10)
    assert alive == []


def test_a_busy_port_is_said_before_anything_is_installed(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("localhost", 0))
        other.listen()
        port = other.getsockname()[1]
        command = [sys.executable, str(LAUNCHER), f"--port={port}", f"--store={tmp_path}/runs.db"]
        result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=DEADLINE_SECONDS)
    assert result.returncode == 1
    assert result.stderr == f"Port {port} is in use: choose another with --port.\n"
    assert list(tmp_path.iterdir()) == []
