"""Adding new points to the blocks of many series at once leaves each as if it had been alone and added to in one go."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, create_engine, select, update

from tb_runhistory.records.columns import SeriesKey
from tb_runhistory.records.points import Points
from tb_runhistory.store.block import BLOCK_POINTS, decode_block
from tb_runhistory.store.block_extension import extend
from tb_runhistory.store.block_writer import BlockWriter
from tb_runhistory.store.pyramid import BRANCHING, decode_buckets
from tb_runhistory.store.schema import HIDDEN_LEVEL, POINTS_LEVEL, blocks, metadata

ONE = SeriesKey("root", "run", 0)
# Around the sizes where a block is full, and where a row of the second level is complete.
LENGTHS = st.sampled_from([1, 2, 63, BLOCK_POINTS - 1, BLOCK_POINTS, BLOCK_POINTS + 1, 3 * BLOCK_POINTS])


@pytest.fixture
def connection() -> Iterator[Connection]:
    """An empty store in memory."""
    with opened() as connected:
        yield connected


def opened() -> Connection:
    """A connection to a new store in memory."""
    engine = create_engine("sqlite://")
    metadata.create_all(engine)
    return engine.connect()


@dataclass(frozen=True)
class Row:
    """A row of ``blocks`` of one series."""

    level: int
    first_step: int
    last_step: int
    count: int
    payload: bytes


def rows_of(connection: Connection, key: SeriesKey, level: int) -> list[Row]:
    """The rows of one level of a series, in step order."""
    wanted = (blocks.c.level, blocks.c.first_step, blocks.c.last_step, blocks.c.count, blocks.c.payload)
    query = select(*wanted).where(
        blocks.c.root_id == key.root_id,
        blocks.c.run_id == key.run_id,
        blocks.c.series == key.number,
        blocks.c.level == level,
    )
    return [Row(*row) for row in connection.execute(query.order_by(blocks.c.first_step))]


def growing(start: int, length: int) -> Points:
    """Points at consecutive steps from ``start`` on."""
    steps = np.arange(start, start + length)
    moments = steps.astype(np.float64)
    return Points(steps, 1.7e9 + moments, np.sin(moments * 0.01))


def stored_points(connection: Connection, key: SeriesKey) -> Points:
    """All points that the blocks of a series hold."""
    return Points.concatenate([decode_block(row.payload) for row in rows_of(connection, key, POINTS_LEVEL)])


def assert_same(found: Points, expected: Points) -> None:
    """Both hold the same points in the same order."""
    assert np.array_equal(found.steps, expected.steps)
    assert np.array_equal(found.wall_times, expected.wall_times)
    assert np.array_equal(found.values, expected.values)


def assert_well_formed(connection: Connection, key: SeriesKey) -> None:
    """Blocks are full but for the newest, rows say what they hold, and the levels above are as complete as can be."""
    points = rows_of(connection, key, POINTS_LEVEL)
    for row in points:
        held = decode_block(row.payload)
        assert (row.first_step, row.last_step, row.count) == (held.steps[0], held.steps[-1], len(held))
    assert all(row.count == BLOCK_POINTS for row in points[:-1])
    summaries = rows_of(connection, key, POINTS_LEVEL + 1)
    full = [row for row in points if row.count == BLOCK_POINTS]
    assert [(row.first_step, row.last_step) for row in summaries] == [(row.first_step, row.last_step) for row in full]
    higher = rows_of(connection, key, POINTS_LEVEL + 2)
    assert len(higher) == len(summaries) // BRANCHING
    for row in (*summaries, *higher):
        assert decode_buckets(row.payload).count.sum() == row.count


@given(st.lists(st.dictionaries(st.integers(0, 3), LENGTHS, min_size=1), min_size=1, max_size=6))
@settings(max_examples=40)
def test_each_series_is_as_if_it_were_alone(lots: list[dict[int, int]]) -> None:
    lengths: dict[int, int] = {}
    with opened() as connection:
        for lot in lots:
            added = []
            for number, length in lot.items():
                key = SeriesKey("root", f"run-{number % 2}", number)
                added.append((key, growing(lengths.get(number, 0), length)))
                lengths[number] = lengths.get(number, 0) + length
            extend(connection, added)
        for number, length in lengths.items():
            key = SeriesKey("root", f"run-{number % 2}", number)
            assert_same(stored_points(connection, key), growing(0, length))
            assert_well_formed(connection, key)


def test_the_second_level_grows_with_the_sixteenth_block(connection: Connection) -> None:
    for block in range(BRANCHING + 1):
        assert len(rows_of(connection, ONE, POINTS_LEVEL + 2)) == (1 if block > BRANCHING - 1 else 0)
        extend(connection, [(ONE, growing(block * BLOCK_POINTS, BLOCK_POINTS))])
    assert_well_formed(connection, ONE)


def test_an_open_block_is_written_in_its_place(connection: Connection) -> None:
    for start in range(0, 100, 10):
        extend(connection, [(ONE, growing(start, 10))])
        [row] = rows_of(connection, ONE, POINTS_LEVEL)
        assert (row.first_step, row.last_step, row.count) == (0, start + 9, start + 10)


def test_a_full_block_is_left_alone(connection: Connection) -> None:
    extend(connection, [(ONE, growing(0, BLOCK_POINTS))])
    [before] = rows_of(connection, ONE, POINTS_LEVEL)
    extend(connection, [(ONE, growing(BLOCK_POINTS, 5))])
    first, second = rows_of(connection, ONE, POINTS_LEVEL)
    assert (first, second.count) == (before, 5)


def test_a_damaged_open_block_stays_as_it_is(connection: Connection) -> None:
    extend(connection, [(ONE, growing(0, 10))])
    [row] = rows_of(connection, ONE, POINTS_LEVEL)
    damaged = bytes([*row.payload[:-1], row.payload[-1] ^ 1])
    connection.execute(update(blocks).values(payload=damaged))
    extend(connection, [(ONE, growing(10, 5))])
    first, second = rows_of(connection, ONE, POINTS_LEVEL)
    assert (first.payload, first.count) == (damaged, 10)
    assert_same(decode_block(second.payload), growing(10, 5))


def test_a_block_that_became_the_newest_by_hiding_loses_its_summary_when_it_grows(connection: Connection) -> None:
    extend(connection, [(ONE, growing(0, 2 * BLOCK_POINTS))])
    writer = BlockWriter(connection, ONE)
    # What is merged in between makes blocks of near equal size, all summarized but the newest.
    writer.merge(growing(BLOCK_POINTS - 10, 20))
    writer.hide_from(BLOCK_POINTS)
    kept = stored_points(connection, ONE)
    assert kept.steps.tolist() == list(range(BLOCK_POINTS))
    extend(connection, [(ONE, growing(BLOCK_POINTS, 3 * BLOCK_POINTS))])
    assert_same(stored_points(connection, ONE), growing(0, 4 * BLOCK_POINTS))
    covered = [(row.first_step, row.last_step) for row in rows_of(connection, ONE, POINTS_LEVEL + 1)]
    held = [(row.first_step, row.last_step) for row in rows_of(connection, ONE, POINTS_LEVEL)]
    assert covered == held[: len(covered)], "each summary is of one block as it stands now"
    hidden = rows_of(connection, ONE, HIDDEN_LEVEL)
    assert sum(row.count for row in hidden) == BLOCK_POINTS + 20


def test_series_of_other_runs_and_trees_are_not_touched(connection: Connection) -> None:
    others = [SeriesKey("root", "run", 1), SeriesKey("root", "other", 0), SeriesKey("other", "run", 0)]
    extend(connection, [(key, growing(0, 3)) for key in others])
    extend(connection, [(ONE, growing(0, 100))])
    assert [len(stored_points(connection, key)) for key in (ONE, *others)] == [100, 3, 3, 3]


def test_nothing_to_add_is_no_error(connection: Connection) -> None:
    extend(connection, [])
    assert rows_of(connection, ONE, POINTS_LEVEL) == []
