"""An export that is cut off, however hard, is completed by the next one, and nobody ever sees half a file."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tb_runhistory.uri import StoreUri
from tests.conformance.builder import History
from tests.export.conftest import export
from tests.export.event_files import files_of, read_logdir

# Stops where the second run's file is written whole and not in its place yet.
EXPORT = """
import os, sys
from pathlib import Path
from tb_runhistory.export.exporting import export_runs
from tb_runhistory.records.columns import Scope
from tb_runhistory.store.opening import open_reader
from tb_runhistory.uri import parse_uri
synced = 0
def fsync(descriptor):
    global synced
    synced += 1
    if synced == 2:
        print("half-way", flush=True)
        sys.stdin.readline()
os.fsync = fsync
with open_reader(parse_uri(sys.argv[1])) as reader:
    export_runs(reader, Scope(), Path(sys.argv[2]))
"""


@contextmanager
def half_way(uri: StoreUri, logdir: Path) -> Iterator[subprocess.Popen[str]]:
    """An export in another process that has come half-way and waits for a line."""
    with subprocess.Popen(
        [sys.executable, "-c", EXPORT, uri.text, str(logdir)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "half-way\n"
            yield process
        finally:
            process.kill()


def build(history: History) -> None:
    """Three runs."""
    for name in ("a", "b", "c"):
        history.root(name).log("loss", range(1000))


def check_completed(uri: StoreUri, logdir: Path) -> None:
    """Exports again; what is there afterwards is all there should be."""
    assert export(uri, logdir).written == 2
    runs = read_logdir(logdir)
    assert {name: len(run.scalars["loss"]) for name, run in runs.items()} == dict.fromkeys(
        ("mnist/a", "mnist/b", "mnist/c"), 1000
    )
    assert len(files_of(logdir)) == 3


def test_a_killed_export_is_completed_by_the_next(history: History, uri: StoreUri, logdir: Path) -> None:
    build(history)
    with half_way(uri, logdir) as process:
        assert set(read_logdir(logdir)) == {"mnist/a"}, "no TensorBoard sees the second"
        process.kill()
        process.wait()
    assert set(read_logdir(logdir)) == {"mnist/a"}
    check_completed(uri, logdir)


def test_an_interrupted_export_cleans_up_and_says_how_to_go_on(history: History, uri: StoreUri, logdir: Path) -> None:
    build(history)
    with half_way(uri, logdir) as process:
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=30)
    assert f"tb_runhistory: interrupted: export to {logdir} again, and it goes on with what is missing" in said
    assert [path.parent.name for path in files_of(logdir)] == ["a"]
    check_completed(uri, logdir)


def test_two_exports_at_once_take_turns(history: History, uri: StoreUri, logdir: Path) -> None:
    build(history)
    with half_way(uri, logdir) as process:
        other = subprocess.Popen(
            [sys.executable, "-c", EXPORT.replace("synced == 2", "False"), uri.text, str(logdir)], text=True
        )
        process.communicate("\n", timeout=30)
        assert (process.returncode, other.wait(30)) == (0, 0)
    assert len(files_of(logdir)) == 3
    assert {len(run.scalars["loss"]) for run in read_logdir(logdir).values()} == {1000}
    assert os.listdir(logdir) == ["mnist"]
