"""Samples are read once, and again as soon as the series has changed."""

from __future__ import annotations

import pytest

from tb_runhistory.provider.points_cache import PointsCache
from tb_runhistory.records.changes import DataClass
from tb_runhistory.records.columns import SampledPoints, Scope, SeriesColumns, SeriesKey
from tb_runhistory.store.base import RunHistoryReader
from tb_runhistory.store.opening import open_reader
from tb_runhistory.uri import StoreUri
from tests.conformance.builder import History


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

    def lengths(self, limit: int = 100) -> list[int]:
        """The number of points of each series."""
        series: SeriesColumns = self.reader.series(Scope(), DataClass.SCALAR)
        read = self.cache.read(self.reader, series, range(len(series)), limit)
        return [len(sampled.points) for sampled in read]


def test_a_series_is_read_again_only_when_it_has_changed(
    history: History, uri: StoreUri, monkeypatch: pytest.MonkeyPatch
) -> None:
    history.root("a").log("loss", range(5))
    changing = history.root("b").log("loss", range(3))
    with open_reader(uri) as reader:
        reading = Reading(reader, 1000, monkeypatch)
        assert reading.lengths() == [5, 3]
        assert reading.lengths() == [5, 3]
        assert reading.asked == ["a", "b"]
        changing.log("loss", [7])
        assert reading.lengths() == [5, 4]
        changing.resume().log("loss", [2])
        assert reading.lengths() == [5, 3]
        assert reading.asked == ["a", "b", "b", "b"]
        assert reading.lengths(limit=2) == [2, 2]


def test_what_is_kept_is_bounded(history: History, uri: StoreUri, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(10):
        history.root(f"run-{number}").log("loss", range(10))
    history.root("run-long").log("loss", range(60))
    with open_reader(uri) as reader:
        reading = Reading(reader, 100, monkeypatch)
        reading.lengths()
        reading.lengths()
        # A series of more than a tenth of the room is never kept.
        assert reading.asked[11:] == ["run-long"]
        history.root("run-more").log("loss", range(1))
        reading.lengths()
        assert reading.asked[12:] == ["run-long", "run-more"]
        reading.lengths()
        # One point more than there is room for, so that the longest unused series went.
        assert reading.asked[14:] == ["run-0", "run-long"]
