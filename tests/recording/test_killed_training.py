"""No acknowledged point is lost when training is killed at any moment, and none is there twice."""

from __future__ import annotations

import mmap
import os
import random
import signal
import struct
import threading
from pathlib import Path

import pytest

from tb_runhistory.records.changes import DataClass
from tb_runhistory.records.columns import Scope
from tb_runhistory.records.status import RunStatus
from tb_runhistory.shipping.shipper import Shipper
from tb_runhistory.store.opening import open_reader, open_writer
from tb_runhistory.uri import parse_uri
from tests.conformance.builder import id_of
from tests.recording.training import DEADLINE, Training, wait_until


def train(spool: Path, run: str, acknowledged: mmap.mmap, pause: float) -> None:
    """Logs until it is killed; ``acknowledged`` holds the number of points that were accepted."""
    training = Training(spool, run)
    waiting = threading.Event()
    append, loss = training.journal.append_point, training.loss
    # Stored whole; struct.pack_into clears the place first, and a kill in between would leave a count of 0.
    counter = memoryview(acknowledged).cast("q")
    step = 0
    while True:
        if append(loss, step, 1.0 + step, step / 2):
            step += 1
            counter[0] = step
        if pause:
            waiting.wait(pause)


def kill_while_training(spool: Path, run: str, pause: float, after: float) -> int:
    """Starts training, kills it ``after`` seconds from its first point; how many points were acknowledged."""
    acknowledged = mmap.mmap(-1, 8)
    child = os.fork()
    if child == 0:
        try:
            train(spool, run, acknowledged, pause)
        finally:
            os._exit(1)
    wait_until(lambda: acknowledged[:8] != bytes(8))
    threading.Event().wait(after)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    count: int = struct.unpack("=q", acknowledged[:8])[0]
    acknowledged.close()
    return count


def kill_and_compare(folder: Path, trials: int, pause: float, longest: float, seed: int = 1) -> None:
    """Kills one training after another at random moments, with a shipper beside them, and compares what is stored."""
    spool, uri = folder / "spool", parse_uri(f"sqlite:///{folder / 'runs.db'}")
    spool.mkdir()
    chance = random.Random(seed)
    acknowledged: dict[str, int] = {}
    shipper = Shipper(spool, lambda: open_writer(uri))
    for trial in range(trials):
        run = f"run {trial:03d}"
        acknowledged[id_of(run)] = kill_while_training(spool, run, pause, chance.uniform(0, longest))
        # Some are shipped at once, some wait with others.
        if chance.random() < 0.5:
            assert shipper.drain(DEADLINE)
    assert shipper.drain(DEADLINE)
    shipper.close()
    with open_reader(uri) as reader:
        runs = reader.runs(Scope())
        assert dict.fromkeys(acknowledged, RunStatus.FAILED) == dict(zip(runs.run_id, runs.status, strict=True))
        series = reader.series(Scope(), DataClass.SCALAR)
        assert not series.hidden.any()
        for key, sampled in zip(series.key, reader.read_points(series.key), strict=True):
            # The last point may have been written and not yet counted.
            assert acknowledged[key.run_id] <= len(sampled.points) <= acknowledged[key.run_id] + 1
            assert sampled.points.steps.tolist() == list(range(len(sampled.points)))
            assert sampled.points.values.tolist() == [step / 2 for step in range(len(sampled.points))]


def test_a_kill_at_full_speed_loses_nothing(tmp_path: Path) -> None:
    kill_and_compare(tmp_path, trials=6, pause=0.0, longest=0.3)


def test_a_kill_between_rare_points_loses_nothing(tmp_path: Path) -> None:
    kill_and_compare(tmp_path, trials=3, pause=0.2, longest=1.0)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_two_hundred_kills_at_full_speed_lose_nothing(tmp_path: Path, seed: int) -> None:
    kill_and_compare(tmp_path, trials=50, pause=0.0, longest=0.5, seed=seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_two_hundred_kills_between_rare_points_lose_nothing(tmp_path: Path, seed: int) -> None:
    kill_and_compare(tmp_path, trials=50, pause=0.2, longest=1.0, seed=seed)
