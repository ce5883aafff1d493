"""Names, states and points: the values that every part speaks in."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tb_runhistory.records.identity import new_id
from tb_runhistory.records.names import MAX_NAME_LENGTH, checked_name
from tb_runhistory.records.points import Points
from tb_runhistory.records.status import HEARTBEAT_TIMEOUT_SECONDS, RunStatus, shown_status


@pytest.mark.parametrize("name", ["loss", "train/loss", "Verlust µ", "损失", "a b", "x" * MAX_NAME_LENGTH, "🙂"])
def test_any_readable_text_may_be_a_name(name: str) -> None:
    assert checked_name("metric", name) == name


@pytest.mark.parametrize("name", ["", "  ", "x" * (MAX_NAME_LENGTH + 1), "a\nb", "a\0b", "\x7f", "a\x85b", "\ud800"])
def test_what_cannot_be_a_name_is_refused_with_the_name(name: str) -> None:
    with pytest.raises(ValueError, match="parameter name") as raised:
        checked_name("parameter", name)
    assert "…" in str(raised.value) or repr(name) in str(raised.value)


@pytest.mark.parametrize("name", [None, 1, b"loss", ["loss"]])
def test_a_name_is_a_string(name: object) -> None:
    with pytest.raises(TypeError, match=f"not {type(name).__name__}"):
        checked_name("tag", name)


@given(st.text())
def test_a_name_is_returned_as_it_is_or_refused(name: str) -> None:
    try:
        assert checked_name("metric", name) == name
    except ValueError:
        assert not name.strip() or len(name) > MAX_NAME_LENGTH or not name.isprintable()


def test_three_states_are_ends() -> None:
    assert {status for status in RunStatus if status.is_terminal} == {"Completed", "Failed", "Canceled"}


def test_a_silent_running_run_is_not_responding() -> None:
    heartbeat = 1000.0
    late = heartbeat + HEARTBEAT_TIMEOUT_SECONDS
    assert shown_status(RunStatus.RUNNING, heartbeat, late) is RunStatus.RUNNING
    assert shown_status(RunStatus.RUNNING, heartbeat, late + 1) is RunStatus.NOT_RESPONDING
    assert shown_status(RunStatus.RUNNING, None, late + 1) is RunStatus.RUNNING


def test_a_clock_that_stands_behind_proves_nothing() -> None:
    assert shown_status(RunStatus.RUNNING, 1000.0, -86_400.0) is RunStatus.RUNNING


@pytest.mark.parametrize("status", [status for status in RunStatus if status is not RunStatus.RUNNING])
def test_only_a_running_run_can_be_silent(status: RunStatus) -> None:
    assert shown_status(status, 0.0, 1e9) is status


def test_ids_are_unique_and_sort_by_when_they_were_made() -> None:
    ids = [new_id() for _ in range(1000)]
    assert sorted(ids) == ids
    assert len(set(ids)) == 1000
    assert {len(each) for each in ids} == {36}
    assert {each[14] for each in ids} == {"7"}


def test_points_are_put_together_and_taken_apart() -> None:
    parts = [Points(np.arange(n, dtype=np.int64), np.ones(n), np.full(n, float(n))) for n in (2, 0, 3)]
    together = Points.concatenate(parts)
    assert together.values.tolist() == [2.0, 2.0, 3.0, 3.0, 3.0]
    assert together.take(together.values == 2.0).steps.tolist() == [0, 1]
    assert together.take(slice(-1, None)).steps.tolist() == [2]
    assert len(Points.concatenate([])) == 0
    assert Points.concatenate(parts[:1]) is parts[0]


@pytest.mark.parametrize(("steps", "is_increasing"), [([], True), ([5], True), ([1, 2], True), ([1, 1], False)])
def test_increasing_means_each_step_greater_than_the_one_before(steps: list[int], is_increasing: bool) -> None:
    points = Points(np.array(steps, np.int64), np.zeros(len(steps)), np.zeros(len(steps)))
    assert points.increasing() is is_increasing
