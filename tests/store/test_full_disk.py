"""A disk that fills under the store loses nothing: journals keep what it cannot take until there is room."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tb_runhistory.errors import StoreUnavailable
from tb_runhistory.records.changes import DataClass
from tb_runhistory.records.columns import Scope
from tb_runhistory.store.opening import open_reader, open_writer
from tb_runhistory.uri import StoreUri, parse_uri
from tests.conformance.builder import BuiltRun, History

DEADLINE_SECONDS = 60
POINTS = 60_000

TRAIN = """
import sys
from tb_runhistory import Experiment, Workspace
run = Experiment(Workspace(sys.argv[1]), "mnist").start_logging("run")
run.log("loss", 0.5, step=0)
assert run.flush(30)
print("recording", flush=True)
sys.stdin.readline()
import random
for step in range(1, int(sys.argv[2])):
    run.log("loss", random.random(), step=step)
print("logged", flush=True)
sys.stdin.readline()
run.complete()
"""


class Disk:
    """A small file system with a store on it."""

    def __init__(self, folder: Path) -> None:
        self.uri: StoreUri = parse_uri(f"sqlite:///{folder}/runs.db")
        self._filler = folder / "filler"

    def fill(self) -> None:
        """Leaves no room."""
        with contextlib.suppress(OSError), self._filler.open("ab", buffering=0) as file:
            while True:
                file.write(bytes(4096))

    def free(self) -> None:
        """Gives the room back."""
        self._filler.unlink()

    def points(self) -> int:
        """How many points the store shows."""
        with open_reader(self.uri) as reader:
            return int(reader.series(Scope(), DataClass.SCALAR).count.sum())


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """A tmpfs of its own; skipped where none may be mounted."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)]
    mounted = subprocess.run(command, capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"a small file system cannot be mounted here: {mounted.stderr.strip()}")
    yield Disk(folder)
    subprocess.run(["umount", "-l", str(folder)], check=True)


def wait_for(what: str, happens: Callable[[], bool]) -> None:
    """Returns when it happens."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not happens():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.02)


def log_many(run: BuiltRun) -> None:
    """Logs more than a small disk holds, in batches of 10,000 points."""
    for batch in range(1, 500):
        run.log("loss", range(batch * 10_000, batch * 10_000 + 10_000))


def test_a_writer_says_that_the_disk_is_full_and_goes_on_when_it_is_not(disk: Disk) -> None:
    with open_writer(disk.uri) as writer:
        run = History(writer).root("run").log("loss", range(100))
        disk.fill()
        with pytest.raises(StoreUnavailable, match="full"):
            log_many(run)
        before = disk.points()
        assert (before - 100) % 10_000 == 0, "a batch is there whole or not at all"
        disk.free()
        run.log("loss", [10**9])
        assert disk.points() == before + 1


def test_training_goes_on_and_everything_arrives_when_there_is_room(disk: Disk) -> None:
    command = [sys.executable, "-c", TRAIN, disk.uri.text, str(POINTS)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as training:
        assert training.stdin is not None
        assert training.stdout is not None
        assert training.stdout.readline() == "recording\n"
        disk.fill()
        training.stdin.write("\n")
        training.stdin.flush()
        assert training.stdout.readline() == "logged\n", "training does not notice"
        assert disk.points() < POINTS, "readers still read what was there before"
        disk.free()
        wait_for("the points", lambda: disk.points() == POINTS)
        training.communicate("\n", timeout=DEADLINE_SECONDS)
    assert training.returncode == 0
    with open_reader(disk.uri) as reader:
        assert reader.runs(Scope()).status == ["Completed"]
        (read,) = reader.read_points(reader.series(Scope(), DataClass.SCALAR).key)
        assert read.points.steps.tolist() == list(range(POINTS))
