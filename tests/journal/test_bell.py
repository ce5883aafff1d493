"""The bell of a spool wakes who listens, and never makes anybody wait."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from tb_runhistory.journal.bell import BELL_FILE, Bell, ring

LONG = 30.0


def never() -> bool:
    return False


def test_a_ring_wakes_the_listener(tmp_path: Path) -> None:
    bell = Bell(tmp_path)
    threading.Timer(0.05, ring, (tmp_path,)).start()
    began = time.monotonic()
    bell.wait(LONG, never)
    assert time.monotonic() - began < LONG / 2
    bell.close()


def test_a_ring_while_nobody_waits_is_heard_once(tmp_path: Path) -> None:
    bell = Bell(tmp_path)
    ring(tmp_path)
    ring(tmp_path)
    began = time.monotonic()
    bell.wait(LONG, never)
    assert time.monotonic() - began < LONG / 2
    bell.wait(0.05, never)
    assert time.monotonic() - began >= 0.05
    bell.close()


def test_waiting_ends_by_itself_and_by_the_stop(tmp_path: Path) -> None:
    bell = Bell(tmp_path)
    began = time.monotonic()
    bell.wait(0.05, never)
    bell.wait(LONG, lambda: time.monotonic() - began > 0.1)
    assert time.monotonic() - began < LONG / 2
    bell.close()


def test_ringing_without_a_listener_does_nothing(tmp_path: Path) -> None:
    ring(tmp_path / "nowhere")
    ring(tmp_path)
    os.mkfifo(tmp_path / BELL_FILE)
    ring(tmp_path)


def test_a_pipe_that_is_full_makes_nobody_wait(tmp_path: Path) -> None:
    bell = Bell(tmp_path)
    descriptor = os.open(tmp_path / BELL_FILE, os.O_WRONLY | os.O_NONBLOCK)

    def fill() -> None:
        while True:
            os.write(descriptor, bytes(1 << 12))

    with pytest.raises(BlockingIOError):
        fill()
    ring(tmp_path)
    os.close(descriptor)
    bell.close()


def test_a_file_in_place_of_the_pipe_is_replaced(tmp_path: Path) -> None:
    (tmp_path / BELL_FILE).write_text("a person's")
    ring(tmp_path)
    assert (tmp_path / BELL_FILE).read_text() == "a person's"
    Bell(tmp_path).close()
    assert (tmp_path / BELL_FILE).is_fifo()


def test_where_there_can_be_no_pipe_waiting_takes_its_time(tmp_path: Path) -> None:
    bell = Bell(tmp_path / "nowhere")
    began = time.monotonic()
    bell.wait(0.05, never)
    assert time.monotonic() - began >= 0.05
    bell.close()
