"""A chart costs what is on screen: how many stored values a read touches does not grow with the series."""

from __future__ import annotations

from pathlib import Path

import pytest

from tb_runhistory.records.changes import DataClass
from tb_runhistory.records.columns import Scope
from tb_runhistory.records.points import Points
from tb_runhistory.store import cover
from tb_runhistory.store.base import RunHistoryReader
from tb_runhistory.store.block import BLOCK_POINTS, decode_block
from tb_runhistory.store.opening import open_reader, open_writer
from tb_runhistory.store.pyramid import BRANCHING, BUCKET_POINTS, Buckets, decode_buckets
from tb_runhistory.uri import parse_uri
from tests.conformance.builder import History


class Touched:
    """Counts the stored values that a read decodes: points, and the buckets that stand for points."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.values = 0
        monkeypatch.setattr(cover, "decode_block", self._points)
        monkeypatch.setattr(cover, "decode_buckets", self._buckets)

    def _points(self, payload: bytes) -> Points:
        points = decode_block(payload)
        self.values += len(points)
        return points

    def _buckets(self, payload: bytes) -> Buckets:
        buckets = decode_buckets(payload)
        self.values += len(buckets)
        return buckets

    def take(self) -> int:
        """The number since the last time."""
        values, self.values = self.values, 0
        return values


@pytest.fixture
def touched(monkeypatch: pytest.MonkeyPatch) -> Touched:
    """The counter."""
    return Touched(monkeypatch)


def store_of(folder: Path, *counts: int) -> RunHistoryReader:
    """A reader of a store with one series of each length, under tags of that name."""
    uri = parse_uri(f"sqlite:///{folder}/runs.db")
    with open_writer(uri) as writer:
        run = History(writer).root("run")
        for count in counts:
            run.log(f"{count}", range(count))
        run.end()
    return open_reader(uri)


def most_values(limit: int) -> int:
    """What a read of ``limit`` points may touch: a level's buckets, and where each lower level ends."""
    wanted = BRANCHING * (limit // 4 + 1) + BLOCK_POINTS // BUCKET_POINTS * BRANCHING
    return wanted + 4 * BRANCHING * BLOCK_POINTS // BUCKET_POINTS + 2 * BLOCK_POINTS


@pytest.mark.parametrize("limit", [64, 500, 1000])
def test_a_longer_series_costs_no_more(tmp_path: Path, touched: Touched, limit: int) -> None:
    counts = (5_000, 70_000, 300_000, 2_100_000)
    with store_of(tmp_path, *counts) as reader:
        for count in counts:
            key = reader.series(Scope(), DataClass.SCALAR, [str(count)]).key
            touched.take()
            (sampled,) = reader.read_points(key, limit)
            assert sampled.total == count
            assert touched.take() <= most_values(limit)


def test_a_window_costs_no_more_wherever_it_is(tmp_path: Path, touched: Touched) -> None:
    count = 2_100_000
    with store_of(tmp_path, count) as reader:
        key = reader.series(Scope(), DataClass.SCALAR).key
        for first, last in [(0, count), (1, count - 2), (999_999, 1_000_099), (5, 1_500_000), (2_000_000, 2_099_999)]:
            touched.take()
            (sampled,) = reader.read_points(key, 1000, (first, last))
            assert sampled.total == min(last, count - 1) - first + 1
            # Both edges may end within a block at every level.
            assert touched.take() <= 2 * most_values(1000)


def test_facts_cost_no_points_at_all(tmp_path: Path, touched: Touched) -> None:
    with store_of(tmp_path, 100_000) as reader:
        touched.take()
        assert reader.series(Scope(), DataClass.SCALAR).count.tolist() == [100_000]
        assert reader.read_points([]) == []
        assert touched.take() == 0


@pytest.mark.parametrize(
    ("count", "buckets", "level"),
    [(0, 16, 0), (4095, 16, 0), (4096, 16, 1), (4096, 65, 0), (70_000, 16, 2), (70_000, 65, 1), (2_100_000, 128, 3)],
)
def test_the_level_is_the_coarsest_that_shows_enough(count: int, buckets: int, level: int) -> None:
    assert cover.level_for(count, buckets) == level
