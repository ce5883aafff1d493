"""A spool that has two shippers, because the file of their lock was removed: nothing is doubled, and one gives up."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from tb_runhistory.journal import writer as writer_module
from tb_runhistory.shipping import lock as lock_module
from tb_runhistory.shipping import shipper as shipper_module
from tb_runhistory.shipping.drain import JournalDrain
from tb_runhistory.shipping.lock import LOCK_FILE, FileLock, ShipperLock
from tb_runhistory.shipping.serving import serve
from tb_runhistory.shipping.shipper import Shipper
from tests.recording.training import DEADLINE, Training, wait_until
from tests.shipping.model_writer import ModelDatabase


@pytest.fixture
def small_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer_module, "FIRST_SEGMENT_SIZE", 4096)
    monkeypatch.setattr(writer_module, "SEGMENT_SIZE", 4096)


@pytest.fixture
def no_locks_of_journals(monkeypatch: pytest.MonkeyPatch) -> None:
    """Journals are not kept from being drained twice, as on a file system whose locks do not hold."""
    monkeypatch.setattr(FileLock, "of_folder", lambda folder: FileLock(os.open(folder, os.O_RDONLY)))


@pytest.fixture
def shippers(spool: Path, database: ModelDatabase) -> Iterator[list[Shipper]]:
    """Two shippers of one spool."""
    both = [Shipper(spool, database.open, lambda text: None) for _ in range(2)]
    yield both
    for shipper in both:
        shipper.close()


class SlowShipper(Shipper):
    """A shipper that does something between what it reads and what it applies."""

    between: Callable[[], None] = staticmethod(lambda: None)

    def _read(self, drains: Sequence[JournalDrain]) -> list[JournalDrain]:
        read = super()._read(drains)
        self.between()
        return read


@pytest.mark.usefixtures("small_segments", "no_locks_of_journals")
def test_what_one_has_read_and_the_other_applied_is_not_doubled(spool: Path, database: ModelDatabase) -> None:
    runs = [Training(spool, name) for name in ("one", "two")]
    first, slow = Shipper(spool, database.open), SlowShipper(spool, database.open)

    def log(count: int) -> None:
        for run in runs:
            run.log(count)

    def overtake() -> None:
        log(30)
        first.cycle()

    for _ in range(5):
        log(150)
        slow.between = lambda: None
        slow.cycle()
        log(20)
        slow.between = overtake
        slow.cycle()
    slow.between = lambda: None
    assert slow.drain(DEADLINE)
    for run in runs:
        assert database.store.steps(run.run, "loss") == list(range(run.step))
        run.complete()
        run.die()
    slow.close()
    assert first.drain(DEADLINE)
    first.close()
    for run in runs:
        assert database.store.steps(run.run, "loss") == list(range(run.step))


@pytest.mark.usefixtures("small_segments")
@pytest.mark.parametrize("has_locks", [True, False])
def test_two_processes_that_ship_one_spool_double_nothing(
    spool: Path, database: ModelDatabase, monkeypatch: pytest.MonkeyPatch, has_locks: bool
) -> None:
    monkeypatch.setattr(shipper_module, "PUT_OFF_SECONDS", 0.05)
    if not has_locks:
        monkeypatch.setattr(FileLock, "of_folder", lambda folder: FileLock(os.open(folder, os.O_RDONLY)))
    runs = [Training(spool, f"run {index}") for index in range(3)]

    def log() -> None:
        pause = threading.Event()
        for _ in range(100):
            for run in runs:
                run.log(7)
            pause.wait(0.002)

    def ship() -> int:
        child = os.fork()
        if child == 0:
            code = 1
            try:
                shipper = Shipper(spool, database.open, lambda text: None)
                for _ in range(60):
                    shipper.cycle()
                code = 0
            finally:
                os._exit(code)
        return child

    children = [ship(), ship()]
    thread = threading.Thread(target=log)
    thread.start()
    codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    thread.join()
    assert codes == [0, 0]
    rest = Shipper(spool, database.open)
    for run in runs:
        run.die()
    assert rest.drain(DEADLINE)
    rest.close()
    for run in runs:
        assert database.store.steps(run.run, "loss") == list(range(run.step))


def test_a_shipper_whose_lock_file_was_removed_makes_another(
    spool: Path, database: ModelDatabase, shippers: list[Shipper]
) -> None:
    run = Training(spool, "run")
    lock = ShipperLock.take(spool)
    assert lock is not None
    thread = threading.Thread(target=serve, args=(shippers[0], lock, threading.Event()))
    thread.start()
    wait_until(lambda: run.journal.applied() > 0)
    (spool / LOCK_FILE).unlink()
    wait_until(lambda: (spool / LOCK_FILE).exists())
    run.log(10)
    run.die()
    thread.join(DEADLINE)
    assert not thread.is_alive()
    assert database.store.steps("run", "loss") == list(range(10))


def test_a_file_system_that_locks_no_folders_is_shipped_as_well(
    spool: Path, database: ModelDatabase, shippers: list[Shipper], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(descriptor: int) -> bool:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))

    monkeypatch.setattr(lock_module, "_try", refuse)
    run = Training(spool, "run")
    run.log(10)
    run.die()
    assert shippers[0].drain(DEADLINE)
    assert database.store.steps("run", "loss") == list(range(10))


def test_of_two_shippers_the_one_without_the_lock_ends(
    spool: Path, database: ModelDatabase, shippers: list[Shipper]
) -> None:
    run = Training(spool, "run")
    said: list[str] = []
    first = Shipper(spool, database.open, said.append)
    lock = ShipperLock.take(spool)
    assert lock is not None
    (spool / LOCK_FILE).unlink()
    other = ShipperLock.take(spool)
    assert other is not None
    serve(first, lock, threading.Event())
    assert said == ["another shipper has this spool by now: this one ends"]
    run.log(10)
    run.die()
    serve(shippers[1], other, threading.Event())
    assert database.store.steps("run", "loss") == list(range(10))
