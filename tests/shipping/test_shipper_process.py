"""One shipper a spool, which needs nobody and outlives those who started it, over the real store."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tb_runhistory.journal.spool import journal_folders
from tb_runhistory.records.changes import DataClass
from tb_runhistory.records.columns import Scope
from tb_runhistory.records.status import RunStatus
from tb_runhistory.shipping import process as shipper_process
from tb_runhistory.shipping.lock import ShipperLock
from tb_runhistory.shipping.process import ensure_shipper
from tb_runhistory.store.opening import open_reader
from tb_runhistory.uri import StoreUri, parse_uri
from tests.conformance.builder import id_of
from tests.recording.training import DEADLINE, Training, wait_until


@pytest.fixture
def uri(tmp_path: Path) -> StoreUri:
    return parse_uri(f"sqlite:///{tmp_path / 'runs.db'}")


@pytest.fixture
def spool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A spool; the shipper that a test started is gone at its end, and those of other tests are not touched."""
    monkeypatch.setattr(shipper_process, "_children", [])
    folder = tmp_path / "spool"
    folder.mkdir()
    yield folder
    for child in shipper_process._children:
        child.terminate()
        child.wait(DEADLINE)


def lock_is_free(spool: Path) -> bool:
    lock = ShipperLock.take(spool)
    if lock is not None:
        lock.release()
    return lock is not None


def stored_count(uri: StoreUri) -> int:
    if not Path(uri.path).exists():
        return 0
    with open_reader(uri) as reader:
        return int(reader.series(Scope(), DataClass.SCALAR).count.sum())


def stored_steps(uri: StoreUri, run_id: str) -> list[int]:
    """The steps of all points of a run's one scalar series, whatever is hidden."""
    with open_reader(uri) as reader:
        series = reader.series(Scope(run_ids=(run_id,)), DataClass.SCALAR)
        assert not series.hidden.any()
        (points,) = reader.read_all_values(series.key)
    steps: list[int] = points.steps.tolist()
    return steps


def statuses(uri: StoreUri) -> dict[str, RunStatus]:
    if not Path(uri.path).exists():
        return {}
    with open_reader(uri) as reader:
        runs = reader.runs(Scope())
    return dict(zip(runs.run_id, runs.status, strict=True))


def test_a_shipper_ships_and_ends_by_itself(uri: StoreUri, spool: Path) -> None:
    run = Training(spool, "run")
    run.log(1000)
    ensure_shipper(uri, spool)
    wait_until(lambda: run.journal.applied() == run.journal.sequence)
    assert not lock_is_free(spool)
    run.complete()
    run.die()
    wait_until(lambda: lock_is_free(spool))
    assert stored_count(uri) == 1000
    assert statuses(uri) == {run.run: RunStatus.COMPLETED}
    assert not journal_folders(spool)
    assert (spool / "shipper.log").read_text() == ""


def test_none_is_started_while_one_lives(uri: StoreUri, spool: Path) -> None:
    run = Training(spool, "run")
    ensure_shipper(uri, spool)
    for _ in range(3):
        ensure_shipper(uri, spool)
    assert len(shipper_process._children) == 1
    run.die()


STARTER = """
import json, sys
from pathlib import Path
from tb_runhistory.shipping import process as shipper_process
from tb_runhistory.uri import parse_uri
print("ready", flush=True)
sys.stdin.readline()
shipper_process.ensure_shipper(parse_uri(sys.argv[1]), Path(sys.argv[2]))
print(json.dumps([child.pid for child in shipper_process._children]), flush=True)
"""


def starter(
    uri: StoreUri, spool: Path, program: str = STARTER, cwd: Path | None = None, start_new_session: bool = False
) -> subprocess.Popen[str]:
    checkout = str(Path(__file__).parents[2])
    return subprocess.Popen(
        [sys.executable, "-c", program, uri.text, str(spool)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": checkout},
        cwd=cwd,
        start_new_session=start_new_session,
    )


def let_go(process: subprocess.Popen[str]) -> list[int]:
    """The process, which is ready, starts a shipper; the ids of those that it started."""
    out, _ = process.communicate("\n", timeout=DEADLINE)
    pids: list[int] = json.loads(out.splitlines()[-1])
    return pids


def test_eight_processes_at_once_start_exactly_one(uri: StoreUri, spool: Path) -> None:
    run = Training(spool, "run")
    starters = [starter(uri, spool) for _ in range(8)]
    for process in starters:
        assert process.stdout is not None
        process.stdout.readline()
    for process in starters:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    started = [pid for process in starters for pid in json.loads(process.communicate(timeout=DEADLINE)[0])]
    assert len(started) == 1
    wait_until(lambda: run.journal.applied() == run.journal.sequence)
    run.die()
    wait_until(lambda: lock_is_free(spool))


def test_a_shipper_outlives_its_starter_wherever_that_stands(uri: StoreUri, spool: Path, tmp_path: Path) -> None:
    # A module of the current folder must not stand in for one of the shipper's.
    (tmp_path / "sqlalchemy.py").write_text("raise SystemExit('the wrong module')")
    run = Training(spool, "run")
    run.log(10)
    (pid,) = let_go(starter(uri, spool, cwd=tmp_path))
    wait_until(lambda: run.journal.applied() == run.journal.sequence)
    assert os.path.exists(f"/proc/{pid}")
    run.die()
    wait_until(lambda: lock_is_free(spool))
    assert stored_count(uri) == 10


def test_an_interrupt_of_the_terminal_does_not_reach_the_shipper(uri: StoreUri, spool: Path) -> None:
    run = Training(spool, "run")
    program = STARTER + "import time; time.sleep(60)\n"
    process = starter(uri, spool, program, start_new_session=True)
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdout.readline()
    process.stdin.write("\n")
    process.stdin.flush()
    process.stdout.readline()
    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=DEADLINE)
    run.log(10)
    wait_until(lambda: run.journal.applied() == run.journal.sequence)
    run.die()
    wait_until(lambda: lock_is_free(spool))


def test_sigterm_ends_a_shipper_and_the_next_goes_on(uri: StoreUri, spool: Path) -> None:
    run = Training(spool, "run")
    run.log(10)
    ensure_shipper(uri, spool)
    wait_until(lambda: run.journal.applied() == run.journal.sequence)
    (child,) = shipper_process._children
    child.send_signal(signal.SIGTERM)
    assert child.wait(DEADLINE) == 0
    assert lock_is_free(spool)
    run.log(10)
    ensure_shipper(uri, spool)
    wait_until(lambda: run.journal.applied() == run.journal.sequence)
    assert stored_count(uri) == 20
    run.die()


def test_a_shipper_that_is_killed_leaves_a_free_lock(uri: StoreUri, spool: Path) -> None:
    run = Training(spool, "run")
    ensure_shipper(uri, spool)
    shipper_process._children[0].kill()
    wait_until(lambda: lock_is_free(spool))
    run.log(5)
    ensure_shipper(uri, spool)
    wait_until(lambda: run.journal.applied() == run.journal.sequence)
    run.die()


def test_kills_at_any_moment_lose_and_double_nothing(uri: StoreUri, spool: Path) -> None:
    chance, pause = random.Random(1), threading.Event()
    runs = [Training(spool, name) for name in ("one", "two", "three")]
    for _ in range(6):
        ensure_shipper(uri, spool)
        until = time.monotonic() + chance.uniform(0.3, 1.2)
        while time.monotonic() < until:
            for run in runs:
                run.log(5)
            pause.wait(0.01)
        shipper_process._children[-1].kill()
        wait_until(lambda: lock_is_free(spool))
    ensure_shipper(uri, spool)
    for run in runs:
        wait_until(lambda: run.journal.applied() == run.journal.sequence)  # noqa: B023
        assert stored_steps(uri, run.run) == list(range(run.step))
        run.die()


def test_a_second_shipper_beside_the_first_doubles_nothing_and_one_of_them_ends(uri: StoreUri, spool: Path) -> None:
    run = Training(spool, "run")
    ensure_shipper(uri, spool)
    wait_until(lambda: run.journal.applied() == run.journal.sequence)
    (spool / "shipper.lock").unlink()
    ensure_shipper(uri, spool)
    pause = threading.Event()
    for _ in range(100):
        run.log(10)
        pause.wait(0.01)
    wait_until(lambda: run.journal.applied() == run.journal.sequence)
    wait_until(lambda: [child.poll() for child in shipper_process._children].count(None) == 1)
    run.log(10)
    wait_until(lambda: run.journal.applied() == run.journal.sequence)
    assert stored_steps(uri, run.run) == list(range(run.step))
    run.die()
    wait_until(lambda: lock_is_free(spool))


def test_the_uri_is_in_no_argument_and_in_no_environment(uri: StoreUri, spool: Path) -> None:
    run = Training(spool, "run")
    ensure_shipper(uri, spool)
    wait_until(lambda: run.journal.applied() > 0)
    folder = Path(f"/proc/{shipper_process._children[0].pid}")
    for name in ("cmdline", "environ"):
        assert b"runs.db" not in (folder / name).read_bytes()
    run.die()


def test_where_no_process_can_be_started_a_thread_ships(
    uri: StoreUri, spool: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/usr/sbin/application-server")
    run = Training(spool, "run")
    run.log(10)
    ensure_shipper(uri, spool)
    assert not shipper_process._children
    (thread,) = [thread for thread in threading.enumerate() if thread.name == "runhistory-shipper"]
    wait_until(lambda: run.journal.applied() == run.journal.sequence)
    assert statuses(uri) == {run.run: RunStatus.RUNNING}
    run.die()
    thread.join(DEADLINE)
    assert not thread.is_alive()
    assert stored_count(uri) == 10
    assert lock_is_free(spool)


def test_a_forked_child_does_not_hold_the_lock_on(spool: Path) -> None:
    lock = ShipperLock.take(spool)
    assert lock is not None
    wait = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(wait[1])
        os.read(wait[0], 1)
        os._exit(0)
    os.close(lock.descriptor)  # As the death of this process would.
    lock.descriptor = -1
    wait_until(lambda: lock_is_free(spool))
    for descriptor in wait:
        os.close(descriptor)
    os.waitpid(child, 0)


def test_a_killed_run_is_failed_within_five_seconds(uri: StoreUri, spool: Path) -> None:
    child = os.fork()
    if child == 0:
        Training(spool, "run").log(100)
        signal.pause()
    wait_until(lambda: bool(journal_folders(spool)))
    ensure_shipper(uri, spool)
    wait_until(lambda: stored_count(uri) == 100)
    os.kill(child, signal.SIGKILL)
    killed = time.monotonic()
    wait_until(lambda: statuses(uri) == {id_of("run"): RunStatus.FAILED})
    assert time.monotonic() - killed < 5
    os.waitpid(child, 0)


def test_a_spool_that_cannot_be_written_is_an_error(uri: StoreUri, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        ensure_shipper(uri, tmp_path / "missing")
