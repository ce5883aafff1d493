"""Journals reach the store exactly once, whatever ends or fails in between, and the dead are told from the living."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from functools import partial
from itertools import product
from pathlib import Path
from time import time
from typing import Any

import pytest

from tb_runhistory.errors import StoreUnavailable
from tb_runhistory.journal import writer as writer_module
from tb_runhistory.journal.bell import BELL_FILE, ring
from tb_runhistory.journal.format import segment_name
from tb_runhistory.journal.spool import segment_numbers
from tb_runhistory.records.changes import CreateExperiment, DeclareSeries, EndRun
from tb_runhistory.records.identity import new_id
from tb_runhistory.records.status import RunStatus
from tb_runhistory.shipping import serving
from tb_runhistory.shipping import shipper as shipper_module
from tb_runhistory.shipping import sync as journal_sync
from tb_runhistory.shipping.drain import OWNER_DIED
from tb_runhistory.shipping.lock import ShipperLock
from tb_runhistory.shipping.serving import serve
from tb_runhistory.shipping.shipper import Shipper
from tests.conformance.builder import id_of
from tests.recording.training import DEADLINE, Training, wait_until
from tests.shipping.model_writer import ModelDatabase
from tests.shipping.stopping import KILLED, STEPS, StoppingShipper


def test_what_is_logged_is_applied_and_the_owner_sees_how_far(
    shipper: Shipper, database: ModelDatabase, training: Callable[..., Training]
) -> None:
    run = training()
    run.log(100)
    run.log_text("hello", step=3)
    assert shipper.cycle().applied == run.journal.sequence
    assert run.journal.applied() == run.journal.sequence
    run.log(50)
    shipper.cycle()
    store = database.store
    assert store.steps("run", "loss") == list(range(150))
    assert store.points[run.run, run.session, "loss"][3] == (3, 4.0, 1.5)
    assert store.entries == {(run.run, run.session, "note"): [(3, 4.0, (b"hello",))]}
    assert store.status("run") is RunStatus.RUNNING
    assert isinstance(store.changes[0], CreateExperiment)


def test_a_cycle_without_news_writes_nothing(
    shipper: Shipper, database: ModelDatabase, training: Callable[..., Training]
) -> None:
    training().log(1)
    shipper.cycle()
    before = database.path.stat().st_mtime_ns
    cycle = shipper.cycle()
    assert (cycle.applied, cycle.more, cycle.left) == (0, False, 1)
    assert database.path.stat().st_mtime_ns == before


def test_the_death_of_the_owner_fails_its_run_at_once(
    shipper: Shipper, database: ModelDatabase, training: Callable[..., Training], spool: Path
) -> None:
    run = training()
    run.log(10)
    shipper.cycle()
    run.log(10)
    run.die()
    assert shipper.cycle().left == 0
    store = database.store
    assert store.steps("run", "loss") == list(range(20))
    assert store.status("run") is RunStatus.FAILED
    assert [change.error for change in store.changes if isinstance(change, EndRun)] == [OWNER_DIED]
    assert store.forgotten == [run.journal.journal_id]
    assert not store.applied
    assert os.listdir(spool) == []


def test_an_owner_found_dead_ended_when_it_was_last_heard_of(
    shipper: Shipper, database: ModelDatabase, training: Callable[..., Training]
) -> None:
    run = training()
    run.log(10)
    run.die()
    shipper.cycle()
    assert [change.ended_at for change in database.store.changes if isinstance(change, EndRun)] == [10.0]


def test_a_run_that_ended_is_left_as_it_ended(
    shipper: Shipper, database: ModelDatabase, training: Callable[..., Training]
) -> None:
    run = training()
    run.complete()
    run.die()
    shipper.cycle()
    assert database.store.status("run") is RunStatus.COMPLETED


def test_the_death_of_a_child_that_logged_to_a_run_does_not_end_it(
    shipper: Shipper, database: ModelDatabase, training: Callable[..., Training]
) -> None:
    training().log(3)
    child = training("run", is_owner=False)
    child.log(5)
    child.die()
    assert shipper.cycle().left == 1
    assert database.store.status("run") is RunStatus.RUNNING
    assert len(database.store.steps("run", "loss")) == 8


def test_consumed_segments_go_while_the_owner_lives(
    shipper: Shipper, training: Callable[..., Training], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "FIRST_SEGMENT_SIZE", 4096)
    monkeypatch.setattr(writer_module, "SEGMENT_SIZE", 4096)
    run = training()
    run.log(1000)
    last = segment_numbers(run.folder)[-1]
    assert last > 5
    shipper.cycle()
    assert segment_numbers(run.folder) == [last]


def test_a_new_shipper_knows_the_runs_of_a_journal_whose_beginning_is_gone(
    spool: Path, database: ModelDatabase, training: Callable[..., Training], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "FIRST_SEGMENT_SIZE", 4096)
    monkeypatch.setattr(writer_module, "SEGMENT_SIZE", 4096)
    run = training()
    run.log(1000)
    with_beginning = Shipper(spool, database.open)
    with_beginning.cycle()
    with_beginning.close()
    run.log(10)
    another = Shipper(spool, database.open)
    another.cycle()
    assert database.store.beats == [(run.run, run.run)] * 2
    run.die()
    another.cycle()
    another.close()
    assert database.store.status("run") is RunStatus.FAILED
    assert database.store.steps("run", "loss") == list(range(1010))


def test_each_shipper_knows_all_series_of_a_journal_whoever_read_its_beginning(
    spool: Path, database: ModelDatabase, training: Callable[..., Training], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "FIRST_SEGMENT_SIZE", 1 << 14)
    monkeypatch.setattr(writer_module, "SEGMENT_SIZE", 1 << 14)
    monkeypatch.setattr(writer_module, "RESTATED_SHARE", 1)
    run = training()
    tags = [f"metric/{number}" for number in range(150)]
    sessions = [(run.run, run.session), (id_of("child"), new_id())]
    series = {
        (run_id, tag): run.journal.declare(DeclareSeries(run.run, run_id, session, 0, tag))
        for run_id, session in sessions
        for tag in tags
    }
    for turn in range(12):
        shipper = Shipper(spool, database.open)
        for number in series.values():
            assert run.journal.append_point(number, turn, 1.0, turn / 2)
        shipper.cycle()
        shipper.close()
    assert segment_numbers(run.folder)[0] > 6
    for (run_id, session), tag in product(sessions, tags):
        assert [step for step, _, _ in database.store.points[run_id, session, tag]] == list(range(12))


def test_large_backlogs_are_read_in_bounded_pieces_and_in_turn(
    shipper: Shipper, database: ModelDatabase, training: Callable[..., Training], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shipper_module, "BATCH_LIMIT", 100)
    monkeypatch.setattr(shipper_module, "CYCLE_LIMIT", 150)
    runs = [training(f"run {index}") for index in range(3)]
    for run in runs:
        run.log(500)
        run.complete()
        run.die()
    cycles = [shipper.cycle()]
    while cycles[-1].more:
        cycles.append(shipper.cycle())
    assert all(cycle.applied <= 150 for cycle in cycles)
    assert sum(cycle.applied for cycle in cycles) == sum(run.journal.sequence for run in runs)
    assert cycles[-1].left == 0
    for run in runs:
        assert database.store.steps(run.run, "loss") == list(range(500))


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("is_dead", [False, True], ids=["living", "dead"])
def test_a_shipper_killed_at_any_step_applies_exactly_once(
    spool: Path,
    database: ModelDatabase,
    training: Callable[..., Training],
    monkeypatch: pytest.MonkeyPatch,
    step: str,
    is_dead: bool,
) -> None:
    monkeypatch.setattr(writer_module, "FIRST_SEGMENT_SIZE", 4096)
    monkeypatch.setattr(writer_module, "SEGMENT_SIZE", 4096)
    runs = [training("one"), training("two")]
    for _ in range(3):
        for run in runs:
            run.log(300)
        kill_at(spool, database, step)
    for run in runs:
        run.log(10)
        if is_dead:
            run.die()
    kill_at(spool, database, step)
    rest = Shipper(spool, database.open)
    assert rest.drain(DEADLINE)
    rest.close()
    for run in runs:
        assert database.store.steps(run.run, "loss") == list(range(910))
        assert database.store.status(run.run) is (RunStatus.FAILED if is_dead else RunStatus.RUNNING)
        ends = [change for change in database.store.changes if isinstance(change, EndRun) and change.run_id == run.run]
        assert len(ends) == is_dead


def kill_at(spool: Path, database: ModelDatabase, step: str) -> None:
    """A shipper process that is killed when it reaches the step."""
    child = os.fork()
    if child == 0:
        try:
            StoppingShipper(spool, database.open, step).drain(DEADLINE)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == KILLED, f"the step {step} was not reached"


def test_a_store_that_is_down_costs_nothing_but_time(
    shipper: Shipper, database: ModelDatabase, training: Callable[..., Training]
) -> None:
    run = training()
    run.log(10)
    shipper.cycle()
    database.is_down = True
    run.log(10)
    for _ in range(2):
        with pytest.raises(StoreUnavailable):
            shipper.cycle()
    run.log(10)
    database.is_down = False
    shipper.cycle()
    assert database.store.steps("run", "loss") == list(range(30))


def test_a_ring_ends_the_pause(
    spool: Path,
    shipper: Shipper,
    database: ModelDatabase,
    training: Callable[..., Training],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(serving, "SHORTEST_PAUSE", 10 * DEADLINE)

    def applied() -> int:
        return len(database.store.steps("run", "loss"))

    def has_more(before: int) -> bool:
        return applied() >= before + 10

    run, stop = training(), threading.Event()
    thread = threading.Thread(target=serve, args=(shipper, taken(spool), stop))
    thread.start()
    try:
        wait_until(lambda: database.opened > 0 and shipper_listens(spool))
        for _ in range(3):
            before = applied()
            run.log(10)
            ring(spool)
            wait_until(partial(has_more, before))
    finally:
        stop.set()
        thread.join(DEADLINE)
    assert not thread.is_alive()


def shipper_listens(spool: Path) -> bool:
    """Whether somebody has the bell open."""
    return (spool / BELL_FILE).is_fifo()


def test_an_outage_is_said_once_and_outlived(
    spool: Path,
    shipper: Shipper,
    database: ModelDatabase,
    training: Callable[..., Training],
    said: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(serving, "LONGEST_BACK_OFF", 0.01)
    monkeypatch.setattr(serving, "SHORTEST_PAUSE", 0.01)
    database.is_down = True
    run = training()
    run.log(10)
    run.complete()
    run.die()
    thread = threading.Thread(target=serve, args=(shipper, taken(spool), threading.Event()))
    thread.start()
    wait_until(lambda: database.opened > 5)
    database.is_down = False
    thread.join(DEADLINE)
    assert not thread.is_alive()
    assert database.store.steps("run", "loss") == list(range(10))
    assert said == [
        "the store is down: wait until it is back; journals are kept, and the store is tried again",
        "the store takes records again",
    ]


def test_journals_are_synced_when_a_run_begins_and_while_the_store_does_not_take_them(
    spool: Path,
    database: ModelDatabase,
    training: Callable[..., Training],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(journal_sync, "SYNC_SECONDS", 0.0)
    synced: list[str] = []
    fdatasync = os.fdatasync

    def watch(descriptor: int) -> None:
        synced.append(os.readlink(f"/proc/self/fd/{descriptor}"))
        fdatasync(descriptor)

    monkeypatch.setattr(os, "fdatasync", watch)
    run = training()
    run.log(10)
    shipper = Shipper(spool, database.open, lambda text: None)
    shipper.cycle()
    assert synced == [str(run.folder / segment_name(1))]
    synced.clear()
    run.log(10)
    shipper.cycle()
    shipper.cycle()
    assert not synced
    database.is_down = True
    run.log(10)
    stop, lock = threading.Event(), taken(spool)
    thread = threading.Thread(target=serve, args=(shipper, lock, stop))
    thread.start()
    wait_until(lambda: bool(synced))
    stop.set()
    thread.join(DEADLINE)
    assert set(synced) == {str(run.folder / segment_name(1))}


def test_only_the_living_have_a_heartbeat(
    shipper: Shipper, database: ModelDatabase, training: Callable[..., Training], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shipper_module, "HEARTBEAT_SECONDS", 0.0)
    alive, dead, over = training("alive"), training("dead"), training("over")
    dead.die()
    over.complete()
    shipper.cycle()
    shipper.cycle()
    assert database.store.beats == [(alive.run, alive.run)] * 2
    alive.die()


def test_a_shipper_ends_when_nothing_is_left_and_lets_go_of_the_lock(
    spool: Path, shipper: Shipper, database: ModelDatabase, training: Callable[..., Training]
) -> None:
    run = training()
    run.log(10)
    thread = threading.Thread(target=serve, args=(shipper, taken(spool), threading.Event()))
    thread.start()
    wait_until(lambda: database.path.exists())
    assert ShipperLock.take(spool) is None
    run.die()
    thread.join(DEADLINE)
    assert not thread.is_alive()
    taken(spool).release()


def test_a_journal_begun_while_a_shipper_ends_is_shipped(
    spool: Path, shipper: Shipper, database: ModelDatabase, training: Callable[..., Training]
) -> None:
    lock = taken(spool)
    unlock = lock.unlock
    begun: list[Training] = []

    def begin_then_unlock() -> None:
        if not begun:
            begun.append(training("late"))
            begun[0].log(3)
            begun[0].die()
        unlock()

    lock.unlock = begin_then_unlock  # type: ignore[method-assign]
    serve(shipper, lock, threading.Event())
    assert database.store.steps("late", "loss") == [0, 1, 2]


def test_a_process_killed_beside_a_shipper_is_failed(spool: Path, shipper: Shipper, database: ModelDatabase) -> None:
    child = os.fork()
    if child == 0:
        Training(spool, "killed").log(100)
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    assert shipper.drain(DEADLINE)
    assert database.store.status("killed") is RunStatus.FAILED
    assert database.store.steps("killed", "loss") == list(range(100))


def test_draining_reports_its_progress(
    shipper: Shipper, training: Callable[..., Training], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shipper_module, "BATCH_LIMIT", 100)
    run = training()
    run.log(250)
    run.die()
    seen: list[tuple[int, int]] = []
    assert shipper.drain(DEADLINE, lambda applied, left: seen.append((applied, left)))
    assert seen[-1] == (run.journal.sequence, 0)
    assert len(seen) >= 3


def taken(spool: Path) -> ShipperLock:
    lock = ShipperLock.take(spool)
    assert lock is not None
    return lock


def test_a_journal_that_is_just_being_begun_is_left_to_its_owner(
    shipper: Shipper, database: ModelDatabase, training: Callable[..., Training], monkeypatch: pytest.MonkeyPatch
) -> None:
    left = []
    prepare = writer_module.JournalWriter._prepare

    def ship_and_prepare(journal: writer_module.JournalWriter, *arguments: Any) -> Any:
        left.append(shipper.cycle().left)
        return prepare(journal, *arguments)

    with monkeypatch.context() as patched:
        patched.setattr(writer_module.JournalWriter, "_prepare", ship_and_prepare)
        run = training()
    assert left[0] == 1
    run.log(3)
    shipper.cycle()
    assert database.store.steps("run", "loss") == [0, 1, 2]


@pytest.mark.parametrize("age", [shipper_module.BEGINNING_SECONDS + 1, -3600])
def test_an_empty_folder_that_nobody_fills_goes(shipper: Shipper, spool: Path, age: float) -> None:
    folder = spool / new_id()
    folder.mkdir()
    assert shipper.cycle().left == 1
    os.utime(folder, (time() - age, time() - age))
    assert shipper.cycle().left == 0
    assert not folder.exists()
