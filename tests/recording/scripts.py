"""Training scripts that run as processes, and waiting for what they leave behind."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from tb_runhistory.recording.stored import StoredRun, reading, scope_of, stored_runs
from tb_runhistory.uri import parse_uri

T = TypeVar("T")

CHECKOUT = Path(__file__).resolve().parents[2]

_START = """
import os, signal, sys, time
sys.path.insert(0, {checkout!r})
from tb_runhistory import Experiment, Run, Workspace
store = {store!r}
workspace = Workspace(store)
"""


def start_script(store: str, code: str, *arguments: str) -> subprocess.Popen[str]:
    """Starts a script that has ``workspace`` on ``store`` and, besides the public names, a few modules."""
    text = _START.format(checkout=str(CHECKOUT), store=store) + textwrap.dedent(code)
    return subprocess.Popen(
        [sys.executable, "-c", text, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run_script(store: str, code: str, *arguments: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
    """Runs a script to its end."""
    with start_script(store, code, *arguments) as process:
        try:
            out, err = process.communicate(timeout=timeout)
        finally:
            process.kill()
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def runs_in(store: str) -> dict[str, StoredRun]:
    """The runs of a store by display name; none where there is no store yet."""
    uri = parse_uri(store)
    if not Path(uri.path).exists():
        return {}
    with reading(uri) as reader:
        return {run.created.display_name: run for run in stored_runs(reader, scope_of())}


def eventually(question: Callable[[], T], is_right: Callable[[T], bool], seconds: float = 20) -> T:
    """Asks until the answer is right and returns it; fails with the last answer when the time is up."""
    deadline = time.monotonic() + seconds
    while True:
        answer = question()
        if is_right(answer):
            return answer
        assert time.monotonic() < deadline, f"still {answer!r} after {seconds} seconds"
        time.sleep(0.05)
