"""Training scripts that run as processes, and waiting for what they leave behind."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from tb_runhistory.recording.reading import StoredRun, reading, scope_of, stored_runs
from tb_runhistory.records.changes import DataClass
from tb_runhistory.store.opening import store_exists
from tb_runhistory.uri import parse_uri

T = TypeVar("T")

CHECKOUT = Path(__file__).resolve().parents[2]

_START = """
import os, signal, sys, time
sys.path.insert(0, {checkout!r})
from tb_runhistory import Experiment, Run, Workspace
workspace = Workspace({store!r})
experiment = Experiment(workspace, {experiment!r})
"""


@dataclass(frozen=True)
class Scripts:
    """Scripts that record to one experiment of a store, and what the store then has of it."""

    store: str
    experiment: str

    def start(self, code: str, *arguments: str, prefix: Sequence[str] = ()) -> subprocess.Popen[str]:
        """Starts a script that has ``workspace``, ``experiment``, the public names and a few modules.

        ``prefix`` is a command that starts Python, for example in a namespace of its own.
        """
        start = _START.format(checkout=str(CHECKOUT), store=self.store, experiment=self.experiment)
        return subprocess.Popen(
            [*prefix, sys.executable, "-c", start + textwrap.dedent(code), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(
        self, code: str, *arguments: str, timeout: float = 60, prefix: Sequence[str] = ()
    ) -> subprocess.CompletedProcess[str]:
        """Runs such a script to its end."""
        with self.start(code, *arguments, prefix=prefix) as process:
            try:
                out, err = process.communicate(timeout=timeout)
            finally:
                process.kill()
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def runs(self) -> dict[str, StoredRun]:
        """The experiment's runs by display name; none where there is no store yet."""
        uri = parse_uri(self.store)
        if not store_exists(uri):
            return {}
        with reading(uri) as reader:
            return {run.created.display_name: run for run in stored_runs(reader, scope_of(self.experiment))}

    def points(self) -> dict[tuple[str, str], list[float]]:
        """All shown values of the experiment by run name and tag."""
        names = {run.created.run_id: name for name, run in self.runs().items()}
        with reading(parse_uri(self.store)) as reader:
            columns = reader.series(scope_of(self.experiment), DataClass.SCALAR)
            sampled = reader.read_points(columns.key)
        rows = zip(columns.key, columns.tag, sampled, strict=True)
        return {(names[key.run_id], tag): each.points.values.tolist() for key, tag, each in rows}

    def ending(self, name: str = "run") -> tuple[str, str]:
        """Status and error of a run, once it has ended."""
        runs = eventually(self.runs, lambda runs: name in runs and runs[name].status.is_terminal)
        return runs[name].status.value, runs[name].error


def eventually(question: Callable[[], T], is_right: Callable[[T], bool], seconds: float = 20) -> T:
    """Asks until the answer is right and returns it; fails with the last answer when the time is up."""
    deadline = time.monotonic() + seconds
    while True:
        answer = question()
        if is_right(answer):
            return answer
        assert time.monotonic() < deadline, f"still {answer!r} after {seconds} seconds"
        time.sleep(0.05)
