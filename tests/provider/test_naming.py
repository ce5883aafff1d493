"""What makes names: one segment a run, and of bounded length."""

from __future__ import annotations

import pytest

from tb_runhistory.provider.naming import (
    LONGEST_PREFIX,
    child_prefix,
    experiment_name,
    leaf_first,
    run_name,
    segment,
)


@pytest.mark.parametrize(
    ("given_name", "shown"),
    [
        ("lr=1/2", "lr=1_2"),
        (" a \n b ", "a b"),
        ("..", "__"),
        ("a\u202eb\x00c", "abc"),
        ("a \x00 b", "a b"),
        ("cafe\u0301", "café"),
        ("x" * 1000, "x" * 255),
        ("x" * 2_000_000, "x" * 255),
        ("\x07", ""),
    ],
)
def test_a_name_stays_one_segment(given_name: str, shown: str) -> None:
    assert segment(given_name) == shown


def test_experiments_that_look_alike_keep_apart() -> None:
    assert experiment_name("a/b", set()) == "a_b"
    assert experiment_name("a_b", {"a_b"}) == "a_b-2"
    assert experiment_name("", {"a_b", "a_b-2"}) == "experiment"


@pytest.mark.parametrize("taken", [1, 2, 3, 7, 8, 9, 1000])
def test_any_number_of_experiments_may_look_alike(taken: int) -> None:
    names = {"a", *(f"a-{number}" for number in range(2, taken + 1))}
    assert experiment_name("a", names) == f"a-{taken + 1}"


def test_a_name_that_is_taken_gets_the_end_of_the_id_behind_it() -> None:
    assert run_name("mnist", "trial", "id-000002", set()) == "mnist/trial"
    assert run_name("mnist", "trial", "id-000002", {"mnist/trial"}) == "mnist/trial-000002"
    taken = {"mnist/trial", "mnist/trial-000002", "mnist/trial-id-000002"}
    assert run_name("mnist", "trial", "id-000002", taken) == "mnist/trial-2"


def test_behind_a_long_name_stands_a_short_one() -> None:
    parent = "mnist/" + "x" * (LONGEST_PREFIX - 6)
    assert child_prefix(parent, "id") == parent
    assert child_prefix(parent + "x", "0190cccc-0000-7000-8000-0123456789ab") == "mnist/… 0123456789ab"


def test_names_with_the_leaf_first_are_as_unique_as_names() -> None:
    names = ["m", "m/a", "m/a ‹ b", "a ‹ b/m", "m/b/a", "b/m/a"]
    assert [leaf_first(name) for name in names[:2]] == ["m", "a  ‹ m"]
    assert len({leaf_first(name) for name in names}) == len(names)
