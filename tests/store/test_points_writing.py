"""How logged points are stored: in appended rows while they are few, in blocks when they are many; what that costs."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sqlalchemy import event, select

from tb_runhistory.points.block import BLOCK_POINTS
from tb_runhistory.records.changes import DeclareSeries
from tb_runhistory.records.identity import new_id
from tb_runhistory.records.points import Points
from tb_runhistory.store.sql.schema import blocks
from tb_runhistory.store.sql.series import block_cutting, points_writing
from tb_runhistory.store.sql.series.points_writing import APPEND_ROWS, SHORT_RUN_POINTS
from tests.points.series_strategies import noise
from tests.store.logged import LoggedStore, points_at

RUNS = 40


@contextmanager
def counted(store: LoggedStore) -> Iterator[Callable[[], int]]:
    """Counts the statements and the rows that are sent to the database."""
    sent = 0

    def count(*event_arguments: Any) -> None:
        nonlocal sent
        parameters, is_many = event_arguments[3], event_arguments[5]
        sent += len(parameters) if is_many else 1

    event.listen(store.connection, "before_cursor_execute", count)
    yield lambda: sent
    event.remove(store.connection, "before_cursor_execute", count)


def everything(store: LoggedStore) -> list[Any]:
    """What is read of all series, in plain values."""
    facts = store.facts()
    told: list[Any] = [repr(getattr(facts, name)) for name in ("tag", "count", "hidden", "minimum", "sum", "last_step")]
    for tag in facts.tag:
        points, values = store.read(tag).points, store.all_values(tag)
        told.append([column.tolist() for column in (points.steps, points.values, values.steps, values.values)])
    return told


LOTS = st.lists(
    st.lists(
        st.tuples(
            st.integers(0, 3),
            st.lists(st.integers(0, 40), min_size=1, max_size=6),
            st.integers(1, 3),
        ),
        max_size=6,
    ),
    max_size=6,
)


@settings(max_examples=60, deadline=None)
@given(lots=LOTS)
def test_many_series_in_one_transaction_are_as_if_each_were_logged_alone(
    lots: list[list[tuple[int, list[int], int]]],
) -> None:
    together, alone = LoggedStore(), LoggedStore()
    for number, lot in enumerate(lots):
        values = [float(number * 100 + place) for place in range(6)]
        parts = [(f"{series}", steps, session) for series, steps, session in lot]
        together.apply_together(
            [
                (together.series(tag, session=session), points_at(steps, values[: len(steps)]))
                for tag, steps, session in parts
            ]
        )
        for tag, steps, session in parts:
            alone.log(steps, values[: len(steps)], tag=tag, session=session)
    assert everything(together) == everything(alone)
    together.end()
    assert everything(together) == everything(alone)


BITS = arrays(np.uint64, st.shared(st.integers(1, 30), key="length"))
STEPS = arrays(np.int64, st.shared(st.integers(1, 30), key="length"))


@settings(max_examples=100, deadline=None)
@given(steps=STEPS, values=BITS, times=BITS, ends=st.booleans(), batches=st.integers(1, 4))
def test_every_number_can_be_logged(
    steps: np.ndarray[Any, Any], values: np.ndarray[Any, Any], times: np.ndarray[Any, Any], ends: bool, batches: int
) -> None:
    store = LoggedStore()
    points = Points(steps, times.view(np.float64), values.view(np.float64))
    for rows in np.array_split(np.arange(len(points)), batches):
        if len(rows):
            store.apply([(store.series(), points.take(rows))])
    if ends:
        store.end()
    last = {int(step): row for row, step in enumerate(steps.tolist())}
    rows = np.array([last[step] for step in sorted(last)])
    read = store.read().points
    np.testing.assert_array_equal(read.steps, steps[rows])
    np.testing.assert_array_equal(read.values.view(np.uint64), values[rows])
    np.testing.assert_array_equal(read.wall_times.view(np.uint64), times[rows])
    facts = store.facts()
    assert (facts.count[0], facts.hidden[0]) == (len(rows), len(steps) - len(rows))


def test_sums_that_overflow_stop_nothing() -> None:
    store = LoggedStore()
    for step in range(32):
        store.log([step], [1e308 * (-1) ** (step // 2)])
    assert store.facts().count.tolist() == [32]
    for step in range(32, 40):
        store.log([step], [1e308])
        store.log([step + 100], [-1e308])
    store.log([500], [1.0], tag="other")
    store.end()
    facts = store.facts()
    assert facts.count.tolist() == [48, 1]
    assert not math.isfinite(facts.sum[0])
    assert facts.sum[1] == 1.0


def test_new_scalar_series_are_reported_once() -> None:
    store = LoggedStore()
    other = store.add_run(new_id())
    both = [(store.series("loss"), points_at([0])), (store.series("loss", other), points_at([0]))]
    assert store.apply(both) == [(store.run, store.run, "loss"), (other, other, "loss")]
    assert store.apply(both) == []
    assert store.log([1], tag="rate") == [(store.run, store.run, "rate")]
    assert [key.number for key in store.facts().key if key.run_id == store.run] == [0, 1]


def test_a_declaration_is_kept_whole() -> None:
    store = LoggedStore()
    declared = DeclareSeries(store.run, store.run, "1", 9, "a/b", metric="a", column="b", description="what\nit is")
    store.apply([(declared, points_at([1])), (store.series("plain"), points_at([1]))])
    facts = store.facts()
    assert (facts.metric, facts.column, facts.description) == (["a", "plain"], ["b", ""], ["what\nit is", ""])


def test_a_short_run_that_has_ended_is_one_row() -> None:
    store = LoggedStore()
    for step in range(20):
        store.apply_together([(store.series(f"{number}"), points_at([step, step])) for number in range(5)])
    assert (store.count("appends"), store.count("blocks")) == (20, 0)
    before = everything(store)
    store.end()
    assert (store.count("appends"), store.count("blocks")) == (1, 0)
    store.end()
    assert everything(store) == before
    store.session = 2
    store.log([10], tag="3")
    store.end()
    assert (store.count("appends"), store.count("blocks")) == (1, 0)
    assert store.read("3").points.steps.tolist() == list(range(11))
    assert store.all_values("3").steps.tolist() == sorted([*range(10), *range(10), 10])


def test_a_run_that_is_not_short_ends_in_blocks() -> None:
    store = LoggedStore()
    store.log(range(SHORT_RUN_POINTS))
    store.log([SHORT_RUN_POINTS])
    store.end()
    assert store.count("appends") == 0
    assert store.count("blocks", "level = 0") == 3
    store.log([SHORT_RUN_POINTS + 1])
    store.end()
    assert store.count("appends") == 0
    assert store.read().points.steps.tolist() == list(range(SHORT_RUN_POINTS + 2))


def test_no_transaction_carries_most_of_the_moves_to_blocks() -> None:
    store = LoggedStore()
    # Ids of which the spread is known.
    runs = [store.add_run(f"0190cccc-0000-7000-8000-{number:012}") for number in range(RUNS)]
    moves = []
    for step in range(170):
        store.apply_together([(store.series(run=run), points_at([step])) for run in runs])
        moves.append(RUNS - store.count("(SELECT DISTINCT run_id FROM appends)"))
    assert sum(moves) >= 2 * RUNS, "each run has moved at least twice"
    assert max(moves) <= RUNS / 2


def test_a_batch_costs_what_it_brings_and_not_what_the_run_has() -> None:
    store = LoggedStore()
    store.apply_together([(store.series(f"{number}"), points_at(range(3))) for number in range(2000)])
    with counted(store) as sent:
        store.log([3], tag="7")
    assert sent() <= 8
    with counted(store) as sent:
        store.apply_together([(store.series(f"{number}"), points_at([4])) for number in range(50)])
    assert sent() <= 60


@pytest.mark.parametrize("stray", [10**9, -(10**9)])
def test_a_stray_step_makes_no_more_blocks_and_no_larger_ones(stray: int) -> None:
    plain, strayed = LoggedStore(), LoggedStore()
    strayed.log([stray])
    for number in range(1200):
        points = noise(10, number)
        points.steps[:] += number * 10
        for store in (plain, strayed):
            store.apply_together([(store.series(), points)])
    for store in (plain, strayed):
        store.end()
    assert strayed.count("blocks") <= plain.count("blocks") + 2
    size = "SELECT sum(length(payload)) FROM blocks"
    plain_size, strayed_size = (store.connection.exec_driver_sql(size).scalar_one() for store in (plain, strayed))
    assert strayed_size <= plain_size + 2 * 12_000
    assert strayed.read().points.steps.tolist() == sorted([stray, *range(12_000)])


@pytest.mark.parametrize("first", [99_980, 0, -1])
def test_descending_steps_do_not_scatter_blocks(first: int) -> None:
    store = LoggedStore()
    store.log(range(100_000))
    before = store.count("blocks")
    with counted(store) as sent:
        for number in range(100):
            start = first - 10 * number
            store.log(range(start, start - 10, -1), [float(number)] * 10)
    assert sent() <= 100 * 40
    store.end()
    assert store.count("blocks") <= before + 4
    assert store.count("blocks", "level = 2") == 1, "the pyramid is whole"


def test_one_late_point_in_a_long_series_costs_the_rows_above_it() -> None:
    store = LoggedStore()
    for start in range(0, 2_200_000, 2**16):
        store.log(range(start, start + 2**16))
    before = store.count("blocks", "level > 1")
    with counted(store) as sent:
        store.log([17], [0.5])
        store.end()
    assert sent() <= 80
    assert store.count("blocks", "level > 1") == before
    read = store.read(window=(0, 40)).points
    assert read.values.tolist() == [*range(17), 0.5, *range(18, 41)]
    assert store.facts().hidden.tolist() == [1]


def test_steps_in_random_order_leave_blocks_at_least_half_full() -> None:
    store = LoggedStore()
    steps = np.random.default_rng(4).permutation(200_000)
    for some in np.array_split(steps, 40):
        store.log(some.tolist())
    store.end()
    assert store.count("blocks", "level = 0") <= 2 * 200_000 / BLOCK_POINTS + 2
    assert store.read().points.steps.tolist() == list(range(200_000))
    assert store.read(limit=1000).total == 200_000


def test_many_series_of_a_resumed_run_are_cut_at_once() -> None:
    store = LoggedStore()
    tags = [f"{number}" for number in range(300)]
    store.apply_together([(store.series(tag), points_at(range(100))) for tag in tags])
    store.session = 2
    with counted(store) as sent:
        store.apply_together([(store.series(tag), points_at([50], [0.0])) for tag in tags])
    # Its facts and the note of each series, and a few statements for all.
    assert sent() <= 2 * len(tags) + 30
    assert store.count("appends") == 1
    assert store.facts().count.tolist() == [51] * 300
    assert store.facts().hidden.tolist() == [50] * 300
    store.end()
    assert store.facts().count.tolist() == [51] * 300
    assert store.read("299").points.values.tolist() == [*range(50), 0]


def test_a_resumed_run_writes_none_of_its_blocks_anew() -> None:
    store = LoggedStore()
    tags = [f"{number}" for number in range(150)]
    store.apply_together([(store.series(tag), points_at(range(1000))) for tag in tags])
    written = {row.series: row.payload for row in store.rows(select(blocks))}
    store.session = 2
    with counted(store) as sent:
        store.apply_together([(store.series(tag), points_at([500], [0.0])) for tag in tags])
    # Its facts, the note and the new end of its block of each series, and a few statements for all.
    assert sent() <= 3 * len(tags) + 30
    assert {row.series: row.payload for row in store.rows(select(blocks))} == written
    assert store.count("blocks", "level = 0 AND count = 500 AND last_step = 499") == len(tags)
    assert store.facts().count.tolist() == [501] * len(tags)
    assert store.facts().hidden.tolist() == [500] * len(tags)
    assert store.read("149").points.steps.tolist() == list(range(501))
    assert store.all_values("149").steps.tolist() == list(range(501))


def test_what_was_cut_off_a_block_leaves_it_when_it_is_written_anew() -> None:
    store = LoggedStore()
    store.log(range(9000))
    for session, step in ((2, 8900), (3, 8500), (4, 8300)):
        store.session = session
        store.log([step])
    assert store.count("blocks", "level = -2") == 0
    store.log(range(8301, 17_000))
    hidden = [
        (row.first_step, row.last_step, row.count) for row in store.rows(select(blocks).where(blocks.c.level == -2))
    ]
    # Beside what two sessions logged that never was in a block.
    assert sorted(hidden) == [(8300, 8999, 700), (8500, 8900, 2)]
    assert store.facts().hidden.tolist() == [702]
    assert store.read().points.steps.tolist() == list(range(17_000))


def test_a_block_that_is_superseded_whole_stays_as_it_is() -> None:
    store = LoggedStore()
    store.log(range(3 * BLOCK_POINTS))
    store.log([3 * BLOCK_POINTS - 1])
    columns = [row.payload[4:] for row in store.rows(select(blocks).where(blocks.c.level == 0))]
    store.session = 2
    store.log([-7])
    hidden = store.rows(select(blocks).where(blocks.c.level == -2))
    assert [row.payload[4:] for row in hidden] == columns
    assert store.count("blocks", "level > -2") == 0
    assert (store.facts().count.tolist(), store.facts().hidden.tolist()) == ([1], [3 * BLOCK_POINTS + 1])
    store.session = 3
    store.log([-8])
    assert store.read().points.steps.tolist() == [-8]
    assert store.facts().hidden.tolist() == [3 * BLOCK_POINTS + 2]


def test_rows_wait_until_they_are_many() -> None:
    store = LoggedStore()
    for step in range(APPEND_ROWS - 1):
        store.log([step])
    assert (store.count("appends"), store.count("blocks")) == (APPEND_ROWS - 1, 0)
    for step in range(APPEND_ROWS - 1, APPEND_ROWS + 3):
        store.log([step])
    assert store.count("blocks") == 1
    assert store.count("appends") <= 3


def test_a_long_stretch_is_superseded_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(points_writing, "_POINTS_AT_ONCE", 3 * BLOCK_POINTS)
    monkeypatch.setattr(block_cutting, "_BLOCKS_AT_ONCE", 2)
    store = LoggedStore()
    for tag, count in (("long", 90_000), ("short", 9_000), ("shorter", 8_000)):
        store.log(range(count), tag=tag)
    store.session = 2
    store.apply_together(
        [(store.series(tag), points_at([step])) for tag, step in (("long", 10_001), ("short", 5), ("shorter", 6))]
    )
    store.log(np.random.default_rng(1).permutation(90_000).tolist(), tag="long")
    store.end()
    assert store.facts().count.tolist() == [90_000, 6, 7]
    assert store.facts().hidden.tolist() == [79_999 + 10_002, 8_995, 7_994]
    assert store.count("blocks", "level = -2") >= 24
    for tag, last in (("long", 89_999), ("short", 5), ("shorter", 6)):
        assert store.read(tag).points.steps.tolist() == list(range(last + 1))
        assert store.read(tag, 100).total == last + 1
