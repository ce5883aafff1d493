"""How many questions are worked on at once, how long others wait, and which of them are the same question.

A question that would wait for too long is refused at once, so that whoever asked knows when to ask again; those that
are admitted are answered in turn. Without it a crowd of viewers has all processors work on everything, and nobody gets
an answer in time.
"""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Hashable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Generic, TypeVar

from tb_runhistory.errors import TooBusy

Answer = TypeVar("Answer")

LONGEST_WAIT_SECONDS = 10.0
SHARED_SECONDS = 1.0
"""How long after an answer was given it is given again to whoever asks the same."""

MAX_SHARED_BYTES = 4 << 20
"""The most that is kept of answers that were given, all together."""

_FIRST_GUESS_SECONDS = 0.05
_WEIGHT_OF_NEWEST = 0.2


class Admission:
    """Turns for work, ``at_once`` at a time, in the order in which they are asked for. Safe to use from threads."""

    def __init__(self, at_once: int, longest_wait: float = LONGEST_WAIT_SECONDS) -> None:
        self._at_once = at_once
        self._longest_wait = longest_wait
        self._lock = threading.Lock()
        self._free = at_once
        self._waiting: deque[threading.Event] = deque()
        self._usual_seconds = _FIRST_GUESS_SECONDS

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Waits for a turn and has it until the block is left.

        Raises:
          TooBusy: it would come too late, or has not come in time.
        """
        self._wait()
        started = time.monotonic()
        try:
            yield
        finally:
            self._end_turn(time.monotonic() - started)

    def _wait(self) -> None:
        called = threading.Event()
        with self._lock:
            if self._free and not self._waiting:
                self._free -= 1
                return
            expected = (len(self._waiting) + 1) * self._usual_seconds / self._at_once
            if expected > self._longest_wait:
                raise _too_busy(expected)
            self._waiting.append(called)
        if called.wait(self._longest_wait):
            return
        with self._lock:
            if not called.is_set():
                self._waiting.remove(called)
                raise _too_busy(self._usual_seconds)

    def _end_turn(self, seconds: float) -> None:
        with self._lock:
            self._usual_seconds += _WEIGHT_OF_NEWEST * (seconds - self._usual_seconds)
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._free += 1


class SharedAnswers(Generic[Answer]):
    """Gives equal questions one answer: those that are asked while it is worked out, and for a moment after.

    ``size`` says how many bytes an answer has, for what is kept. Safe to use from threads.
    """

    def __init__(self, size: Callable[[Answer], int]) -> None:
        self._size = size
        self._lock = threading.Lock()
        self._answers: dict[Hashable, Future[Answer]] = {}
        self._given: deque[tuple[float, Hashable, int]] = deque()
        self._kept_bytes = 0

    def get(self, question: Hashable, work_out: Callable[[], Answer]) -> Answer:
        """The answer to ``question``, which ``work_out`` gives. What it raises is raised for all who wait for it."""
        with self._lock:
            self._drop_old()
            answer = self._answers.get(question)
            is_mine = answer is None
            if answer is None:
                answer = self._answers[question] = Future()
        if is_mine:
            self._work_out(question, answer, work_out)
        return answer.result()

    def _work_out(self, question: Hashable, answer: Future[Answer], work_out: Callable[[], Answer]) -> None:
        try:
            result = work_out()
        except BaseException as error:
            with self._lock:
                del self._answers[question]
            answer.set_exception(error)
            return
        with self._lock:
            size = self._size(result)
            if self._kept_bytes + size <= MAX_SHARED_BYTES:
                self._kept_bytes += size
                self._given.append((time.monotonic(), question, size))
            else:
                del self._answers[question]
        answer.set_result(result)

    def _drop_old(self) -> None:
        while self._given and self._given[0][0] < time.monotonic() - SHARED_SECONDS:
            _, question, size = self._given.popleft()
            del self._answers[question]
            self._kept_bytes -= size


def _too_busy(seconds: float) -> TooBusy:
    return TooBusy(
        "more is asked of this TensorBoard than it can answer now: ask again later", max(1, math.ceil(seconds))
    )
