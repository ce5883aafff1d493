"""Computed runs: which runs contribute, and what is computed of them."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tb_runhistory.provider import rollups
from tb_runhistory.provider.deadline import Deadline
from tb_runhistory.provider.rollups import combine, find_rollups, last_point, read_rollup, rollup_name
from tb_runhistory.provider.settings import ROLLUPS
from tb_runhistory.records.changes import DataClass
from tb_runhistory.records.columns import Scope
from tb_runhistory.records.points import Points
from tb_runhistory.store.opening import open_reader
from tb_runhistory.uri import StoreUri
from tests.conformance.builder import History

values = st.one_of(st.floats(-100, 100), st.sampled_from([math.nan, math.inf, -math.inf, 1e308]))
points = st.lists(st.tuples(st.integers(-3, 3), st.floats(0, 9), values), min_size=1, max_size=20)


@given(points)
def test_a_value_is_over_the_finite_values_of_its_step(rows: list[tuple[int, float, float]]) -> None:
    steps, wall_times, logged = zip(*rows, strict=True)
    by_step: dict[int, list[float]] = defaultdict(list)
    for step, value in zip(steps, logged, strict=True):
        by_step[step].append(value)
    combined = combine(Points(np.array(steps), np.array(wall_times), np.array(logged)), ROLLUPS)
    for name, over in (("mean", _mean), ("min", min), ("max", max)):
        assert combined[name].steps.tolist() == sorted(by_step)
        for step, value in zip(combined[name].steps.tolist(), combined[name].values.tolist(), strict=True):
            finite = [each for each in by_step[step] if math.isfinite(each)]
            if finite:
                assert value == pytest.approx(over(finite))
            else:
                assert not math.isfinite(value)


def _mean(numbers: list[float]) -> float:
    return sum(number / len(numbers) for number in numbers)


def test_the_wall_time_is_the_latest_of_the_step() -> None:
    combined = combine(Points(np.array([1, 0, 1]), np.array([5.0, 1.0, 9.0]), np.array([1.0, 2.0, 3.0])), ["mean"])
    assert combined["mean"].wall_times.tolist() == [1.0, 9.0]
    assert combined["mean"].values.tolist() == [2.0, 2.0]


def test_nothing_combines_to_nothing() -> None:
    assert len(combine(Points.empty(), ["mean"])["mean"]) == 0


def test_the_nearest_descendants_that_recorded_a_tag_contribute(history: History, uri: StoreUri) -> None:
    sweep = history.root("sweep")
    sweep.child("trial-1").log("loss", [0]).child("fold-1").log("loss", [0]).log("accuracy", [0])
    trial = sweep.child("trial-2")
    trial.child("fold-2").log("loss", [0])
    trial.child("fold-3").log("loss", [0])
    with open_reader(uri) as reader:
        series = reader.series(Scope(), DataClass.SCALAR)
        found = find_rollups(reader.runs(Scope()), series)
    contributors = {(each.run_id, each.tag): sorted(series.key[row].run_id for row in each.rows) for each in found}
    assert contributors == {
        ("sweep", "loss"): ["fold-2", "fold-3", "trial-1"],
        ("sweep", "accuracy"): ["fold-1"],
        ("trial-1", "loss"): ["fold-1"],
        ("trial-1", "accuracy"): ["fold-1"],
        ("trial-2", "loss"): ["fold-2", "fold-3"],
    }


def test_the_last_point_needs_no_points(history: History, uri: StoreUri) -> None:
    sweep = history.root("sweep")
    for number, last_step in enumerate((4, 9, 9)):
        sweep.child(f"trial-{number}").log("loss", range(last_step + 1), [float(number)] * (last_step + 1))
    with open_reader(uri) as reader:
        series = reader.series(Scope(), DataClass.SCALAR)
    last = last_point(series, [0, 1, 2], "mean")
    assert (last.steps.tolist(), last.values.tolist()) == ([9], [1.5])


def test_window_by_window_gives_the_same_with_bounded_memory(
    history: History, uri: StoreUri, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(1)
    sweep = history.root("sweep")
    for number in range(4):
        steps = np.unique(np.concatenate((rng.integers(0, 2000, 1500), rng.integers(0, 10**9, 20))))
        sweep.child(f"trial-{number}").log("loss", steps.tolist(), rng.normal(size=len(steps)).tolist())
    with open_reader(uri) as reader:
        series = reader.series(Scope(), DataClass.SCALAR)
        total = int(series.count.sum())
        whole = read_rollup(reader, series.key, total, ROLLUPS, 100_000, Deadline())
        monkeypatch.setattr(rollups, "WINDOW_POINTS", 500)
        held: list[int] = []

        def counted(part: Points, statistics: Sequence[str]) -> dict[str, Points]:
            held.append(len(part))
            return combine(part, statistics)

        monkeypatch.setattr(rollups, "combine", counted)
        parts = read_rollup(reader, series.key, total, ROLLUPS, 100_000, Deadline())
        thin = read_rollup(reader, series.key, total, ROLLUPS, 100, Deadline())
    assert len(held) > 10
    assert max(held) < 1000
    for name in ROLLUPS:
        assert parts[name].steps.tolist() == whole[name].steps.tolist()
        assert parts[name].values.tolist() == whole[name].values.tolist()
        assert len(thin[name]) <= 100
        assert {thin[name].values.min(), thin[name].values.max()} == {
            whole[name].values.min(),
            whole[name].values.max(),
        }


def test_a_run_that_bears_the_name_already_keeps_it() -> None:
    assert rollup_name("mnist/sweep", "mean", {"mnist/sweep/[mean]": "a"}) == "mnist/sweep/[mean]*"
