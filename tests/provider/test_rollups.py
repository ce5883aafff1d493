"""Computed runs: which runs contribute, and what is computed of them."""

from __future__ import annotations

import math
from collections import defaultdict

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tb_runhistory.provider import rollups
from tb_runhistory.provider.data_server.protocol import ROLLUPS
from tb_runhistory.provider.deadline import Deadline
from tb_runhistory.provider.rollups import (
    _at_common_steps,
    combine,
    find_rollups,
    last_point,
    read_rollup,
    rolled_up_row,
    rollup_name,
)
from tb_runhistory.provider.series_table import SeriesTable, read_table
from tb_runhistory.provider.snapshot import Snapshot
from tb_runhistory.records.columns import SampledPoints, Scope, SeriesKey
from tb_runhistory.records.points import Points
from tb_runhistory.store.base import RunHistoryReader
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
            finite = [value_there for value_there in by_step[step] if math.isfinite(value_there)]
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


def table_of(reader: RunHistoryReader) -> tuple[Snapshot, SeriesTable]:
    """All scalar series of a store."""
    snapshot = Snapshot(reader, Scope())
    return snapshot, read_table(snapshot, snapshot.rows, None, "scalars", "scalars")


def test_the_nearest_descendants_that_recorded_a_tag_contribute(history: History, uri: StoreUri) -> None:
    sweep = history.root("sweep")
    sweep.child("trial-1").log("loss", [0]).child("fold-1").log("loss", [0]).log("accuracy", [0])
    trial = sweep.child("trial-2")
    trial.child("fold-2").log("loss", [0])
    trial.child("fold-3").log("loss", [0])
    with open_reader(uri) as reader:
        snapshot, table = table_of(reader)
        found = find_rollups(snapshot, table)
    contributors = {
        (_leaf(snapshot.directory.name(rollup.row)), rollup.tag): sorted(_leaf(table.name(at)) for at in rollup.lines)
        for rollup in found
    }
    assert contributors == {
        ("sweep", "loss"): ["fold-2", "fold-3", "trial-1"],
        ("sweep", "accuracy"): ["fold-1"],
        ("trial-1", "loss"): ["fold-1"],
        ("trial-1", "accuracy"): ["fold-1"],
        ("trial-2", "loss"): ["fold-2", "fold-3"],
    }


def _leaf(name: str) -> str:
    return name.rpartition("/")[2]


def test_the_last_point_needs_no_points(history: History, uri: StoreUri) -> None:
    sweep = history.root("sweep")
    for number, last_step in enumerate((4, 9, 9)):
        sweep.child(f"trial-{number}").log("loss", range(last_step + 1), [float(number)] * (last_step + 1))
    with open_reader(uri) as reader:
        _, table = table_of(reader)
    lines = list(range(3))
    last = last_point(table, lines, "mean")
    assert (last.steps.tolist(), last.values.tolist()) == ([9], [1.5])


def test_beyond_a_bound_a_sample_of_each_run_is_read_and_the_extremes_stay(
    history: History, uri: StoreUri, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(1)
    sweep = history.root("sweep")
    for number in range(4):
        values = rng.normal(size=5000)
        values[1234 * number + 7] = 100.0 + number
        sweep.child(f"trial-{number}").log("loss", range(5000), values.tolist())
    monkeypatch.setattr(rollups, "MOST_POINTS", 4000)
    read: list[int] = []
    with open_reader(uri) as reader:
        _, table = table_of(reader)
        keys = [state.key for state in table.states(range(len(table)))]
        read_points = reader.read_points

        def counted(keys: list[SeriesKey], limit: int | None = None) -> list[SampledPoints]:
            found = read_points(keys, limit)
            read.extend(len(sample.points) for sample in found)
            return found

        monkeypatch.setattr(reader, "read_points", counted)
        shown = read_rollup(reader, keys, 20_000, ROLLUPS, 100, Deadline())
    assert sum(read) <= 4000
    assert {len(points) for points in shown.values()} == {100}
    assert shown["max"].values.max() == 103.0
    assert shown["max"].steps[-1] == shown["min"].steps[-1] == 4999
    assert abs(shown["mean"].values.mean()) < 2.0


def test_more_points_than_a_store_says_are_held_by_nobody(
    history: History, uri: StoreUri, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep = history.root("sweep")
    for number in range(40):
        sweep.child(f"trial-{number}").log("loss", range(300))
    monkeypatch.setattr(rollups, "MOST_POINTS", 4000)
    with open_reader(uri) as reader:
        _, table = table_of(reader)
        keys = [state.key for state in table.states(range(len(table)))]
        shown = read_rollup(reader, keys, 40, ["max"], 50, Deadline())
    assert shown["max"].values.max() == 299.0
    assert len(shown["max"]) <= 50


@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=30), st.integers(1, 10))
@example([2**63 - 1, -(2**63)], 1)
def test_samples_are_brought_to_steps_that_all_have(steps: list[int], count: int) -> None:
    given_steps = np.array(steps, np.int64)
    common = _at_common_steps(Points(given_steps, np.zeros(len(steps)), np.zeros(len(steps))), count).steps
    assert len(set(common.tolist())) <= count
    assert all(now >= before for now, before in zip(common.tolist(), steps, strict=True))
    assert common.max() == max(steps)


def test_a_run_that_bears_the_name_already_keeps_it(history: History, uri: StoreUri) -> None:
    sweep = history.root("sweep")
    sweep.child("[mean]").log("loss", [0])
    with open_reader(uri) as reader:
        runs = Snapshot(reader, Scope()).directory
    row = runs.row_named("mnist/sweep")
    assert row is not None
    assert rollup_name(runs, row, "mean") == "mnist/sweep/[mean]*"
    assert rolled_up_row(runs, "mnist/sweep/[mean]*", ["mean"]) == row
    assert rolled_up_row(runs, "mnist/sweep/[mean]", ["mean"]) is None
    assert rolled_up_row(runs, "mnist/sweep/[max]", ["mean"]) is None
    assert rolled_up_row(runs, "mnist/sweep", ["mean"]) is None
