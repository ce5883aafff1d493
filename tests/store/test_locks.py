"""The lock file tells who writes, and lets one process commit at a time, in the order in which they ask."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tb_runhistory.errors import StoreUnavailable
from tb_runhistory.store.sqlite.locks import Note, StoreLock, ViewerHold

HOLD = """
import sys
from tb_runhistory.store.sqlite.locks import StoreLock
lock = StoreLock(sys.argv[1])
with lock.commit(10):
    print("held", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def store(tmp_path: Path) -> str:
    """The path of a store; the file itself is not needed."""
    return str(tmp_path / "runs.db")


def has_writer(store: str) -> bool:
    """Whether a viewer finds the store open for writing."""
    hold = ViewerHold(store)
    hold.close()
    return hold.is_live


@contextmanager
def holding(store: str) -> Iterator[subprocess.Popen[str]]:
    """A process that commits for as long as the block lasts."""
    command = [sys.executable, "-c", HOLD, store]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_store_without_a_lock_file_has_no_writer_and_gets_none_by_asking(store: str) -> None:
    assert not has_writer(store)
    assert not Path(store + "-lock").exists()


def test_a_writer_is_seen_until_it_closes(store: str) -> None:
    lock = StoreLock(store)
    assert has_writer(store)
    lock.close()
    lock.close()
    assert not has_writer(store)


def test_one_of_two_writers_in_a_process_may_close(store: str) -> None:
    first, second = StoreLock(store), StoreLock(store)
    second.close()
    assert has_writer(store), "closing another descriptor of the file does not give up the lock"
    first.close()
    assert not has_writer(store)


def test_a_writer_in_another_process_is_seen_and_a_killed_one_is_not(store: str) -> None:
    with holding(store) as process:
        assert has_writer(store)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert not has_writer(store)


def test_one_process_commits_at_a_time(store: str) -> None:
    lock = StoreLock(store)
    with holding(store) as process:
        with pytest.raises(StoreUnavailable, match="locked by another process"), lock.commit(0.05):
            pass
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
        with lock.commit(10):
            assert has_writer(store)
    lock.close()


def test_one_thread_commits_at_a_time_with_locks_of_their_own(store: str) -> None:
    inside, most = 0, 0
    guard = threading.Lock()

    def commit_often() -> None:
        nonlocal inside, most
        lock = StoreLock(store)
        for _ in range(20):
            with lock.commit(30):
                with guard:
                    inside += 1
                    most = max(most, inside)
                with guard:
                    inside -= 1
        lock.close()

    threads = [threading.Thread(target=commit_often) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1


def test_who_asks_first_commits_first(store: str) -> None:
    order: list[int] = []
    locks = [StoreLock(store) for _ in range(12)]
    asked = threading.Semaphore(0)

    def commit_once(number: int) -> None:
        asked.release()
        with locks[number].commit(30):
            order.append(number)

    threads = [threading.Thread(target=commit_once, args=(number,)) for number in range(1, len(locks))]
    with locks[0].commit(30):
        for thread in threads:
            thread.start()
            asked.acquire()
            time.sleep(0.02)  # So that its ticket is drawn before the next one's.
        assert ViewerHold(store).waiting == len(threads), "viewers see who waits, and let them go first"
    for thread in threads:
        thread.join()
    assert order == list(range(1, len(locks)))
    for lock in locks:
        lock.close()


def test_one_that_commits_without_pause_lets_others_have_their_turn(store: str) -> None:
    commits, waited = 0, []
    stop = threading.Event()

    def commit_without_pause() -> None:
        nonlocal commits
        lock = StoreLock(store)
        while not stop.is_set():
            with lock.commit(30):
                commits += 1
                stop.wait(0.005)  # A commit takes its time.
        lock.close()

    greedy = threading.Thread(target=commit_without_pause)
    greedy.start()
    lock = StoreLock(store)
    for _ in range(10):
        before = commits
        with lock.commit(30):
            waited.append(commits - before)
    stop.set()
    greedy.join()
    lock.close()
    assert max(waited) <= 2, "the next turn, or the one after it if the ticket was drawn between two"


def test_one_that_dies_while_it_waits_holds_nobody_up(store: str) -> None:
    lock, last = StoreLock(store), StoreLock(store)
    with holding(store) as process:
        command = [sys.executable, "-c", HOLD, store]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as waiting:
            time.sleep(0.3)  # A start of Python takes less; should it take longer, less is tested.
            waiting.kill()
        process.kill()
        process.wait()
        started = time.monotonic()
        with last.commit(10):
            assert time.monotonic() - started < 5
    lock.close()
    last.close()


def test_a_viewer_of_a_store_at_rest_keeps_its_main_file_as_it_is(store: str) -> None:
    StoreLock(store).close()
    viewer, other = ViewerHold(store), ViewerHold(store)
    lock = StoreLock(store)
    assert not lock.keep_viewers_out()
    viewer.close()
    assert not lock.keep_viewers_out()
    other.close()
    assert lock.keep_viewers_out()
    assert ViewerHold(store).is_live, "amid a checkpoint nothing is at rest"
    lock.let_viewers_in()
    lock.close()


def test_what_a_writer_notes_is_kept_beside_the_tickets(store: str) -> None:
    lock, other = StoreLock(store), StoreLock(store)
    assert lock.read_note() is None
    note = Note(bytes(range(16)), 1, 2**64 - 1, 3, 4, -1)
    with lock.commit(1):
        lock.write_note(note)
    with other.commit(1):
        assert other.read_note() == note
    with lock.commit(1):
        assert lock.read_note() == note
    lock.close()
    other.close()


def test_a_failed_commit_gives_the_lock_back(store: str) -> None:
    lock, other = StoreLock(store), StoreLock(store)
    with pytest.raises(ValueError, match="in the middle"), lock.commit(1):
        raise ValueError("in the middle")
    with other.commit(0.05):
        pass
    lock.close()
    other.close()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    missing = str(tmp_path / "missing" / "runs.db")
    with pytest.raises(StoreUnavailable, match="cannot be locked for writing"):
        StoreLock(missing)


def test_the_lock_is_not_handed_to_programs_that_are_started(store: str) -> None:
    lock = StoreLock(store)
    opened = "import os, sys; print([os.path.realpath(f'/proc/self/fd/{n}') for n in os.listdir('/proc/self/fd')])"
    listed = subprocess.run([sys.executable, "-c", opened], capture_output=True, text=True, check=True, close_fds=False)
    assert os.path.basename(store) not in listed.stdout
    lock.close()
