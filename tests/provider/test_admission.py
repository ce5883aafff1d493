"""Who is worked for, who waits, and who is sent away."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tb_runhistory.errors import StoreUnavailable, TooBusy
from tb_runhistory.provider import admission
from tb_runhistory.provider.admission import Admission, SharedAnswers
from tb_runhistory.provider.deadline import Deadline
from tests.provider.viewer import wait_for


def test_so_many_work_at_once_and_the_others_follow_in_turn() -> None:
    turns = Admission(2)
    lock = threading.Lock()
    at_work, most = 0, 0

    def work() -> None:
        nonlocal at_work, most
        with turns.turn():
            with lock:
                at_work += 1
                most = max(most, at_work)
            time.sleep(0.002)
            with lock:
                at_work -= 1

    with ThreadPoolExecutor(20) as pool:
        for done in [pool.submit(work) for _ in range(60)]:
            done.result()
    assert (at_work, most) == (0, 2)


def test_turns_are_given_in_the_order_in_which_they_were_asked_for() -> None:
    turns, order = Admission(1), list[int]()

    def work(number: int) -> None:
        with turns.turn():
            order.append(number)

    with ThreadPoolExecutor(8) as pool, turns.turn():
        for number in range(8):
            pool.submit(work, number)
            wait_for("the wait for a turn", lambda number=number: len(turns._waiting) == number + 1)  # type: ignore[misc]
    assert order == list(range(8))


def test_who_would_wait_too_long_is_sent_away_at_once_and_told_when_to_come_again() -> None:
    turns = Admission(1, longest_wait=0.1)
    with turns.turn():
        time.sleep(1.0)
    with turns.turn():
        started = time.monotonic()
        with pytest.raises(TooBusy) as refused, turns.turn():
            pass
        assert time.monotonic() - started < 0.05
        assert refused.value.retry_after >= 1
        assert refused.value.http_status == 503


def test_who_has_waited_too_long_is_sent_away_and_holds_nobody_up() -> None:
    turns = Admission(1, longest_wait=0.1)
    with turns.turn(), pytest.raises(TooBusy), turns.turn():
        pass
    with turns.turn():
        pass


def test_a_failure_ends_the_turn() -> None:
    turns = Admission(1, longest_wait=0.1)
    with pytest.raises(ValueError, match="broken"), turns.turn():
        raise ValueError("broken")
    with turns.turn():
        pass


def test_equal_questions_share_one_answer() -> None:
    shared: SharedAnswers[bytes] = SharedAnswers(len)
    calls: list[str] = []

    def work_out() -> bytes:
        calls.append("")
        time.sleep(0.2)
        return b"answer"

    with ThreadPoolExecutor(20) as pool:
        answers = [pool.submit(shared.get, "question", work_out) for _ in range(20)]
        assert {answer.result() for answer in answers} == {b"answer"}
    assert len(calls) == 1
    assert shared.get("another", lambda: b"other") == b"other"


def test_a_failure_is_everybody_s_who_waits_and_nobody_s_after() -> None:
    shared: SharedAnswers[bytes] = SharedAnswers(len)

    def fail() -> bytes:
        raise StoreUnavailable("not now")

    with pytest.raises(StoreUnavailable):
        shared.get("question", fail)
    assert shared.get("question", lambda: b"answer") == b"answer"


def test_what_is_kept_is_little_and_not_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admission, "SHARED_SECONDS", 0.05)
    monkeypatch.setattr(admission, "MAX_SHARED_BYTES", 10)
    shared: SharedAnswers[bytes] = SharedAnswers(len)
    assert shared.get("small", lambda: b"1") == b"1"
    assert shared.get("small", lambda: b"2") == b"1"
    assert shared.get("large", lambda: b"1" * 20) == b"1" * 20
    assert shared.get("large", lambda: b"2") == b"2"
    time.sleep(0.1)
    assert shared.get("small", lambda: b"3") == b"3"


def test_the_work_of_a_request_is_bounded_and_its_waiting_is_not_work() -> None:
    waiting = Deadline(0.05)
    time.sleep(0.1)
    waiting.check()
    with pytest.raises(StoreUnavailable, match="show fewer runs"):
        Deadline(-1.0).check()
