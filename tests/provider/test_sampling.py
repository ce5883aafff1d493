"""How points are shared out among the series of a request."""

from __future__ import annotations

import pytest

from tb_runhistory.provider.sampling import REPLY_POINTS, parallel_groups, points_each
from tb_runhistory.provider.series_table import read_table
from tb_runhistory.provider.snapshot import Snapshot
from tb_runhistory.records.columns import Scope
from tb_runhistory.store.opening import open_reader
from tb_runhistory.uri import StoreUri
from tests.conformance.builder import History


@pytest.mark.parametrize(
    ("asked", "series", "budget", "each"),
    [
        (1000, 1, 50_000, 1000),
        (1000, 50, 50_000, 1000),
        (1000, 100, 50_000, 500),
        (1000, 5000, 50_000, 64),
        (10, 5000, 50_000, 10),
        (1000, 100, None, 1000),
        (0, 1, 50_000, 50_000),
        (0, 1, None, REPLY_POINTS),
        (1000, 5000, None, 200),
        (1000, 0, 50_000, 1000),
    ],
)
def test_a_request_over_many_series_gets_fewer_points_of_each(
    asked: int, series: int, budget: int | None, each: int
) -> None:
    assert points_each(asked, series, budget) == each


def test_series_that_may_have_equal_steps_are_thinned_together(history: History, uri: StoreUri) -> None:
    for number in range(9):
        history.root(f"long-{number}").log("loss", range(100)).log("accuracy", range(100))
    history.root("other").log("loss", range(0, 300, 2)).log("short", range(10))
    with open_reader(uri) as reader:
        snapshot = Snapshot(reader, Scope())
        table = read_table(snapshot, snapshot.rows, None, "scalars", "scalars")
    lines = list(range(len(table)))
    of_two_runs = [line for line in lines if table.name(line) in ("mnist/long-0", "mnist/long-1")]
    assert list(parallel_groups(table, of_two_runs, 50)) == [of_two_runs]
    by_run = list(parallel_groups(table, lines, 50))
    assert {frozenset(table.name(line) for line in group) for group in by_run} == {
        frozenset({f"mnist/long-{number}"}) for number in range(9)
    }
    assert list(parallel_groups(table, lines, 100)) == []
