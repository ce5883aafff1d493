"""Many writers and viewers of one file, writers that are killed, and viewers that never rest."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from tb_runhistory.records.changes import DataClass
from tb_runhistory.records.columns import Scope
from tb_runhistory.records.identity import new_id
from tb_runhistory.store.opening import open_reader, open_writer
from tb_runhistory.uri import StoreUri, parse_uri
from tests.conformance.builder import History

DEADLINE_SECONDS = 60
LONGEST_WAIT_SECONDS = 5.0

WRITE_FOR_EVER = """
import sys
import numpy as np
from tb_runhistory.store.opening import open_writer
from tb_runhistory.uri import parse_uri
from tests.conformance.builder import History
with open_writer(parse_uri("sqlite:///" + sys.argv[1])) as writer:
    history = History(writer, sys.argv[2])
    run = history.root(sys.argv[2])
    print(1, flush=True)
    for batch in range(10**9):
        run.log("loss", range(batch * 50, batch * 50 + 50))
        print(batch + 2, flush=True)
"""


def uri_of(folder: Path) -> StoreUri:
    """The store's URI."""
    return parse_uri(f"sqlite:///{folder}/runs.db")


def check_integrity(uri: StoreUri) -> None:
    """SQLite's own check of the file."""
    with closing(sqlite3.connect(uri.path)) as raw:
        assert raw.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def write_batches(uri: StoreUri, number: int, batches: int, waits: multiprocessing.Queue[float]) -> None:
    """A process that writes a run in batches of ten points; says how long the longest took."""
    longest = 0.0
    with open_writer(uri) as writer:
        run = History(writer, new_id()).root(f"run-{number}")
        for batch in range(batches):
            started = time.monotonic()
            run.log("loss", range(batch * 10, batch * 10 + 10))
            longest = max(longest, time.monotonic() - started)
        run.end()
    waits.put(longest)


def view_until(uri: StoreUri, stop: multiprocessing.synchronize.Event, looks: multiprocessing.Queue[int]) -> None:
    """A process that asks without pause and checks that what it sees is whole batches."""
    seen = 0
    with open_reader(uri) as reader:
        while not stop.is_set():
            series = reader.series(Scope(), DataClass.SCALAR)
            for sampled in reader.read_points(series.key):
                assert sampled.total % 10 == 0
                assert sampled.points.steps.tolist() == list(range(sampled.total))
            seen += 1
    looks.put(seen)


@pytest.mark.parametrize(
    ("writers", "viewers", "batches"), [(6, 2, 12), pytest.param(64, 8, 40, marks=pytest.mark.slow)]
)
def test_writers_and_viewers_share_one_file(tmp_path: Path, writers: int, viewers: int, batches: int) -> None:
    uri = uri_of(tmp_path)
    open_writer(uri).close()
    spawn = multiprocessing.get_context("spawn")
    stop, looks, waits = spawn.Event(), spawn.Queue(), spawn.Queue()
    watching = [spawn.Process(target=view_until, args=(uri, stop, looks)) for _ in range(viewers)]
    writing = [spawn.Process(target=write_batches, args=(uri, number, batches, waits)) for number in range(writers)]
    for process in (*watching, *writing):
        process.start()
    for process in writing:
        process.join(DEADLINE_SECONDS * writers / 6)
    stop.set()
    assert [looks.get(timeout=DEADLINE_SECONDS) > 0 for _ in watching] == [True] * viewers
    for process in watching:
        process.join(DEADLINE_SECONDS)
    assert {process.exitcode for process in (*watching, *writing)} == {0}
    assert max(waits.get(timeout=DEADLINE_SECONDS) for _ in writing) < LONGEST_WAIT_SECONDS, "each has its turn"
    for queue in (looks, waits):
        queue.close()
        queue.join_thread()
    with open_reader(uri) as reader:
        series = reader.series(Scope(), DataClass.SCALAR)
        assert series.count.tolist() == [10 * batches] * writers
        assert sorted(reader.runs(Scope()).number.tolist()) == list(range(1, writers + 1))
    check_integrity(uri)


@pytest.mark.parametrize("kills", [4, pytest.param(60, marks=pytest.mark.slow)])
def test_a_killed_writer_leaves_whole_batches_and_no_lock(tmp_path: Path, kills: int) -> None:
    uri = uri_of(tmp_path)
    chance = random.Random(kills)
    for _ in range(kills):
        journal = new_id()
        command = [sys.executable, "-c", WRITE_FOR_EVER, uri.path, journal]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=os.getcwd()) as process:
            assert process.stdout is not None
            for _ in range(chance.randint(1, 80)):
                acknowledged = int(process.stdout.readline())
            time.sleep(chance.random() * 0.004)  # A moment within a batch, not a wait for anything.
            process.send_signal(signal.SIGKILL)
            rest = process.stdout.read().split()
        acknowledged = max([acknowledged, *(int(line) for line in rest)])
        with open_writer(uri) as writer:
            applied = writer.applied(journal)[journal]
        assert applied in (acknowledged, acknowledged + 1), "at most the batch that was under way is there, too"
        with open_reader(uri) as reader:
            keys = reader.series(Scope(run_ids=(journal,)), DataClass.SCALAR).key
            total = sum(sampled.total for sampled in reader.read_points(keys))
        assert total == (applied - 1) * 50
    check_integrity(uri)


def test_a_viewer_that_never_rests_does_not_let_the_log_grow(tmp_path: Path) -> None:
    uri = uri_of(tmp_path)
    random_values = np.random.default_rng(0).normal(size=4000).tolist()
    stop = threading.Event()
    with open_writer(uri) as writer, open_reader(uri) as reader:
        history = History(writer)
        run = history.root("run").log("loss", [0])
        keys = reader.series(Scope(), DataClass.SCALAR).key

        def look() -> None:
            while not stop.is_set():
                reader.read_points(keys, 100)

        viewer = threading.Thread(target=look)
        viewer.start()
        try:
            largest = 0
            for batch in range(1000):
                run.log("loss", range(1 + batch * 4000, 4001 + batch * 4000), random_values)
                largest = max(largest, os.path.getsize(uri.path + "-wal"))
                if os.path.getsize(uri.path) > 24 << 20:
                    break
        finally:
            stop.set()
            viewer.join()
    assert os.path.getsize(uri.path) > 24 << 20
    assert largest < 16 << 20
