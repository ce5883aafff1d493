"""Samples are read once, and again as soon as the series has changed."""

from __future__ import annotations

import gc
import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from tb_runhistory.provider.points_cache import POINT_BYTES, SAMPLE_BYTES, PointsCache, states_of
from tb_runhistory.records.changes import DataClass
from tb_runhistory.records.columns import SampledPoints, Scope, SeriesKey
from tb_runhistory.records.points import Points
from tb_runhistory.store.base import RunHistoryReader
from tb_runhistory.store.opening import open_reader
from tb_runhistory.uri import StoreUri
from tests.conformance.builder import History, id_of


class Reading:
    """A cache over a reader, and the runs whose points were read."""

    def __init__(self, reader: RunHistoryReader, capacity: int, monkeypatch: pytest.MonkeyPatch) -> None:
        self.reader = reader
        self.cache = PointsCache(capacity)
        self.asked: list[str] = []
        read_points = reader.read_points

        def noted(keys: list[SeriesKey], limit: int | None = None) -> list[SampledPoints]:
            self.asked += [key.run_id for key in keys]
            return read_points(keys, limit)

        monkeypatch.setattr(reader, "read_points", noted)

    def lengths(self, *names: str, limit: int = 100) -> list[int]:
        """The number of points of the one series of each run."""
        series = self.reader.series(Scope(), DataClass.SCALAR)
        rows = [[key.run_id for key in series.key].index(id_of(name)) for name in names]
        read = self.cache.read(self.reader, states_of(series, rows), limit)
        return [len(sampled.points) for sampled in read]

    def read_again(self) -> list[str]:
        """The names of the runs whose points were read since the last call."""
        ids, self.asked = self.asked, []
        return [name for run_id in ids for name in NAMES if id_of(name) == run_id]


NAMES = ["a", "b", "long", "more", *(f"run-{number}" for number in range(10))]


def test_a_series_is_read_again_only_when_it_has_changed(
    history: History, uri: StoreUri, monkeypatch: pytest.MonkeyPatch
) -> None:
    history.root("a").log("loss", range(5))
    changing = history.root("b").log("loss", range(3))
    with open_reader(uri) as reader:
        reading = Reading(reader, 1 << 20, monkeypatch)
        assert reading.lengths("a", "b") == [5, 3]
        assert reading.lengths("a", "b") == [5, 3]
        assert reading.read_again() == ["a", "b"]
        changing.log("loss", [7])
        assert reading.lengths("a", "b") == [5, 4]
        changing.resume().log("loss", [2])
        assert reading.lengths("a", "b") == [5, 3]
        assert reading.read_again() == ["b", "b"]
        assert reading.lengths("a", "b", "a", limit=2) == [2, 2, 2]
        assert reading.read_again() == ["a", "b"]


def test_what_is_kept_is_bounded_in_bytes_and_not_in_points(
    history: History, uri: StoreUri, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = [f"run-{number}" for number in range(10)]
    for name in short:
        history.root(name).log("loss", [0])
    history.root("long").log("loss", range(60))
    history.root("more").log("loss", [0])
    with open_reader(uri) as reader:
        reading = Reading(reader, 10 * (SAMPLE_BYTES + POINT_BYTES), monkeypatch)
        reading.lengths(*short, "long")
        reading.read_again()
        reading.lengths(*short, "long")
        # A series of more than a tenth of the room is never kept.
        assert reading.read_again() == ["long"]
        reading.lengths("more")
        reading.lengths(*short[1:], "more")
        assert reading.read_again() == ["more"]
        # Room for one less, and the longest unused went.
        reading.lengths("run-0")
        assert reading.read_again() == ["run-0"]


def test_a_sample_of_one_point_costs_no_more_than_is_counted(
    history: History, uri: StoreUri, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in NAMES:
        history.root(name).log("loss", [0])
    with open_reader(uri) as reader:
        series = reader.series(Scope(), DataClass.SCALAR)
        [state, *_] = states_of(series, range(len(series)))
        cache = PointsCache()
        numbered = [replace(state, count=number) for number in range(2000)]
        point = Points(np.zeros(1, np.int64), np.zeros(1), np.zeros(1))
        monkeypatch.setattr(reader, "read_points", lambda keys, _: [_copied(point) for _ in keys])
        tracemalloc.start()
        cache.read(reader, numbered, 100)
        gc.collect()
        kept, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    # Each also keeps an id of its own, which these share.
    assert kept / len(numbered) + 200 < SAMPLE_BYTES + POINT_BYTES


def _copied(point: Points) -> SampledPoints:
    return SampledPoints(Points(point.steps.copy(), point.wall_times.copy(), point.values.copy()), 1)


def test_what_was_computed_is_kept_until_a_series_changes(history: History, uri: StoreUri) -> None:
    run = history.root("a").log("loss", [0])
    cache, calls = PointsCache(), []

    def compute() -> list[SampledPoints]:
        calls.append("")
        return [SampledPoints(Points.empty(), 0)]

    with open_reader(uri) as reader:
        for _ in range(2):
            series = reader.series(Scope(), DataClass.SCALAR)
            cache.computed("mean", states_of(series, [0]), compute)
        assert len(calls) == 1
        cache.computed("max", states_of(series, [0]), compute)
        run.log("loss", [1])
        cache.computed("mean", states_of(reader.series(Scope(), DataClass.SCALAR), [0]), compute)
    assert len(calls) == 3
