"""Names of runs in TensorBoard: where a run stands, unique, and the same tomorrow."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tb_runhistory.provider.naming import experiment_names, leaf_first, run_names, segment
from tb_runhistory.records.columns import RunColumns
from tb_runhistory.records.status import RunStatus


def runs_of(rows: list[tuple[str, str, str]], experiment: str = "mnist") -> RunColumns:
    """Runs numbered in order, as (id, parent's id, display name)."""
    count = len(rows)
    paths: dict[str, str] = {}
    for run_id, parent, _ in rows:
        paths[run_id] = f"{paths[parent]}/{run_id}" if parent in paths else run_id
    depth = np.array([path.count("/") for path in paths.values()], np.int64)
    text, none = [""] * count, np.full(count, np.nan)
    return RunColumns(
        run_id=[run_id for run_id, _, _ in rows],
        root_id=[paths[run_id].split("/")[0] for run_id, _, _ in rows],
        parent_id=[parent for _, parent, _ in rows],
        path=list(paths.values()),
        experiment=[experiment] * count,
        display_name=[name for _, _, name in rows],
        description=text,
        status=[RunStatus.RUNNING] * count,
        error=text,
        session_id=text,
        number=np.arange(1, count + 1),
        depth=depth,
        created_at=none,
        started_at=none,
        ended_at=none,
        heartbeat_at=none,
        dropped=np.zeros(count, np.int64),
    )


def test_a_name_says_where_a_run_stands() -> None:
    rows = [("a", "", "sweep"), ("b", "a", "trial"), ("c", "b", "fold 1")]
    assert list(run_names(runs_of(rows), ["mnist"]).values()) == [
        "mnist/sweep",
        "mnist/sweep/trial",
        "mnist/sweep/trial/fold 1",
    ]


def test_the_first_of_siblings_keeps_the_plain_name() -> None:
    names = run_names(runs_of([("id-000001", "", "trial"), ("id-000002", "", "trial")]), ["mnist"])
    assert names == {"id-000001": "mnist/trial", "id-000002": "mnist/trial-000002"}


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
        ("\x07", ""),
    ],
)
def test_a_name_stays_one_segment(given_name: str, shown: str) -> None:
    assert segment(given_name) == shown


def test_a_run_with_no_name_to_show_gets_its_number() -> None:
    assert run_names(runs_of([("a", "", "\x07")]), ["mnist"]) == {"a": "mnist/run 1"}


def test_experiments_that_look_alike_keep_apart() -> None:
    assert experiment_names(["a/b", "a_b", ""]) == {"a/b": "a_b", "a_b": "a_b-2", "": "experiment"}


def test_a_child_of_an_unknown_parent_stands_below_the_experiment() -> None:
    assert run_names(runs_of([("a", "gone", "trial")]), ["mnist"]) == {"a": "mnist/trial"}


trees = st.lists(st.tuples(st.integers(0, 5), st.sampled_from(["a", "a/b", "a_b", "", "..", "a-000003"])), max_size=12)


@given(trees)
def test_names_are_unique_and_never_change_as_runs_arrive(shape: list[tuple[int, str]]) -> None:
    rows: list[tuple[str, str, str]] = []
    for number, (above, name) in enumerate(shape):
        rows.append((f"run-{number:06}", rows[-above][0] if 0 < above <= len(rows) else "", name))
    names = run_names(runs_of(rows), ["mnist"])
    assert len(set(names.values())) == len(rows)
    for count in range(len(rows)):
        before = run_names(runs_of(rows[:count]), ["mnist"])
        assert all(names[run_id] == name for run_id, name in before.items())


def test_names_with_the_leaf_first_are_as_unique_as_names() -> None:
    names = ["m", "m/a", "m/a ‹ b", "a ‹ b/m", "m/b/a", "b/m/a"]
    assert [leaf_first(name) for name in names[:2]] == ["m", "a  ‹ m"]
    assert len({leaf_first(name) for name in names}) == len(names)
