"""A chart costs what is on screen: how many stored values a read unpacks does not grow with the series."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from sqlalchemy import event

from tb_runhistory.points.block import BLOCK_POINTS, Tail, decode_block, decode_tail
from tb_runhistory.points.pyramid import BRANCHING, BUCKET_POINTS, Buckets, decode_buckets
from tb_runhistory.records.points import Points
from tb_runhistory.store.sql.series import block_reading, tails
from tb_runhistory.store.sql.series.points_reading import read_points
from tests.store.logged import LoggedStore, points_at

ROW_BUCKETS = BLOCK_POINTS // BUCKET_POINTS
COUNTS = (5_000, 70_000, 300_000, 2_100_000)


class Touched:
    """Counts what a read unpacks: points, and the buckets that stand for points; and the questions it asks."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.values = 0
        self.questions = 0
        monkeypatch.setattr(block_reading, "decode_block", self._points)
        monkeypatch.setattr(block_reading, "decode_buckets", self._buckets)
        monkeypatch.setattr(tails, "decode_tail", self._tail)

    def _points(self, *payload: bytes) -> Points:
        points = decode_block(*payload)
        self.values += len(points)
        return points

    def _buckets(self, *payload: bytes) -> Buckets:
        buckets = decode_buckets(*payload)
        self.values += len(buckets)
        return buckets

    def _tail(self, payload: bytes, key: bytes, most_points: int) -> Tail:
        tail = decode_tail(payload, key, most_points)
        self.values += len(tail.points)
        return tail

    def asked(self, *_: object) -> None:
        """One question more."""
        self.questions += 1

    def take(self) -> int:
        """The number of values since the last time."""
        values, self.values, self.questions = self.values, 0, 0
        return values


@pytest.fixture(scope="module")
def store() -> LoggedStore:
    """A store with one series of each length, under tags of that name, whose run has ended."""
    store = LoggedStore()
    for count in COUNTS:
        for start in range(0, count, 2**16):
            steps = np.arange(start, min(start + 2**16, count))
            store.apply_together([(store.series(str(count)), points_at(steps, np.sin(steps * 7.7).tolist()))])
    store.end()
    return store


@pytest.fixture
def touched(monkeypatch: pytest.MonkeyPatch, store: LoggedStore) -> Iterator[Touched]:
    """The counter."""
    counter = Touched(monkeypatch)
    event.listen(store.connection, "before_cursor_execute", counter.asked)
    yield counter
    event.remove(store.connection, "before_cursor_execute", counter.asked)


def most_values(limit: int) -> int:
    """What a read of ``limit`` points may unpack: the buckets of a level that shows just enough, those of the levels
    above it, and at both edges one row of each level below.
    """
    return 2 * BRANCHING * (limit // 4 + ROW_BUCKETS) + 8 * BRANCHING * ROW_BUCKETS + 3 * BLOCK_POINTS


@pytest.mark.parametrize("limit", [64, 500, 1000])
def test_a_longer_series_costs_no_more(store: LoggedStore, touched: Touched, limit: int) -> None:
    for count in COUNTS:
        touched.take()
        sampled = store.read(str(count), limit)
        assert (sampled.total, len(sampled.points)) == (count, limit)
        assert touched.take() <= most_values(limit)


WINDOWS = [
    (0, 2_100_000),
    (1, 2_099_998),
    (999_999, 1_000_999),
    (5, 1_500_000),
    (2_000_000, 2_099_999),
    (70_000, 170_000),
]


@pytest.mark.parametrize("window", WINDOWS)
def test_a_window_costs_no_more_wherever_it_is_and_is_as_full(
    store: LoggedStore, touched: Touched, window: tuple[int, int]
) -> None:
    touched.take()
    sampled = store.read("2100000", 1000, window)
    assert sampled.total == min(window[1], 2_099_999) - window[0] + 1
    assert len(sampled.points) == 1000
    assert touched.take() <= most_values(1000)


def test_a_window_of_as_many_points_as_are_wanted_gives_all_of_them(store: LoggedStore) -> None:
    for start in (0, 4_000, 65_536, 1_234_567, 2_099_000):
        points = store.read("2100000", 1000, (start, start + 999)).points
        assert points.steps.tolist() == list(range(start, start + 1000))


def test_one_question_a_level_serves_many_series(touched: Touched, store: LoggedStore) -> None:
    keys = store.facts().key
    touched.take()
    read_points(store.connection, keys[:1], 1000, None)
    one = touched.questions
    touched.take()
    read_points(store.connection, keys * 16, 1000, None)
    assert touched.questions <= one + 4
    assert one <= 8


def test_facts_cost_no_points_at_all(store: LoggedStore, touched: Touched) -> None:
    touched.take()
    assert store.facts().count.tolist() == sorted(COUNTS, key=str)
    assert read_points(store.connection, [], None, None) == []
    assert touched.take() == 0


def test_siblings_of_a_series_in_blocks_are_not_read(touched: Touched) -> None:
    store = LoggedStore()
    store.apply_together([(store.series(f"{number}"), points_at(range(2000))) for number in range(50)])
    store.end()
    touched.take()
    assert len(store.read("7", 1000).points) == 1000
    assert touched.take() <= 2 * 2000


def test_late_points_that_wait_do_not_make_reading_slow(touched: Touched) -> None:
    store = LoggedStore()
    store.apply_together([(store.series(), points_at(range(2_000_000)))])
    random = np.random.default_rng(5)
    for _ in range(60):
        store.log(random.integers(0, 2_000_000, 20).tolist())
        touched.take()
        store.read(limit=1000)
        assert touched.take() <= most_values(1000) + 300 * BLOCK_POINTS
