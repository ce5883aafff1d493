"""A damaged row of points costs itself: it is named, the rest is served, and logging and ending go on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sqlalchemy import Column, Table, select, text

from tb_runhistory.store.sql.schema import appends, blocks
from tests.store.logged import LoggedStore, points_at


def flipped(cell: Any, bit: int) -> Any:
    """The cell with one bit flipped."""
    if isinstance(cell, int):
        wrapped = (cell ^ (1 << bit % 63)) & (2**64 - 1)
        return wrapped - 2**64 if wrapped >= 2**63 else wrapped
    changed = bytearray(cell)
    changed[bit // 8 % len(changed)] ^= 1 << bit % 8
    return bytes(changed)


def flip(store: LoggedStore, table: Table, column: Column[Any], row: int, bit: int) -> None:
    """Flips one bit of a cell; ``row`` counts the table's rows in the order of their places."""
    rowid, cell = store.rows(select(text("rowid"), column).select_from(table).order_by(text("rowid")))[row]
    # A flip that gives two rows one key is left out: the tables would not hold it.
    changed = text(f"UPDATE OR IGNORE {table.name} SET {column.name} = :cell WHERE rowid = :rowid")
    store.connection.execute(changed, {"cell": flipped(cell, bit), "rowid": rowid})


def assert_shows_nothing_wrong(store: LoggedStore, logged: dict[str, dict[int, float]]) -> int:
    """Whatever is read was logged, at any limit and in any window; the number of points that are not shown."""
    hidden = 0
    for tag, values in logged.items():
        for limit, window in ((None, None), (50, None), (1000, None), (None, (100, 900)), (20, (5, 4000))):
            read = store.read(tag, limit, window)
            for step, value in zip(read.points.steps.tolist(), read.points.values.tolist(), strict=True):
                assert values[step] == value
            assert all(block.count >= 0 for block in read.damaged)
        whole = store.read(tag)
        missing = len(values) - len(whole.points)
        assert missing == 0 or whole.damaged, "what is not shown is named"
        hidden += missing
    return hidden


def live_store() -> tuple[LoggedStore, dict[str, dict[int, float]]]:
    """A store with a long and a short series in blocks and appended rows, and what was logged to each."""
    store = LoggedStore()
    logged: dict[str, dict[int, float]] = {"long": {}, "short": {}}
    for tag, steps in (("long", range(10_000)), ("short", range(0, 9000, 9)), ("long", range(9_990, 10_400))):
        values = [float(step % 97) for step in steps]
        store.log(steps, values, tag=tag)
        logged[tag] |= dict(zip(steps, values, strict=True))
    for step in range(10_400, 10_410):
        store.log([step], [1.5], tag="long")
        store.log([step], [2.5], tag="short")
        logged["long"][step], logged["short"][step] = 1.5, 2.5
    return store, logged


CELLS = [
    *(column for column in blocks.c if column.name not in ("root_id", "run_id")),
    *appends.c["number", "points", "payload"],
]


@pytest.mark.parametrize("column", CELLS, ids=str)
def test_a_flipped_bit_shows_nothing_wrong_and_stops_nothing(column: Column[Any]) -> None:
    random = np.random.default_rng(len(str(column)))
    table = column.table
    assert isinstance(table, Table)
    for _ in range(12):
        store, logged = live_store()
        row = int(random.integers(0, store.count(table.name)))
        flip(store, table, column, row, int(random.integers(0, 300)))
        most = BLOCK_COST if table is blocks else 1
        assert assert_shows_nothing_wrong(store, logged) <= most
        store.log(range(10_410, 10_500), [3.0] * 90, tag="long")
        store.log([17], [-1.0], tag="long")
        logged["long"] |= dict.fromkeys(range(10_410, 10_500), 3.0) | {17: -1.0}
        store.log([20_000], [9.0], tag="new")
        logged["new"] = {20_000: 9.0}
        store.end()
        for tag, values in logged.items():
            read = store.read(tag)
            shown = dict(zip(read.points.steps.tolist(), read.points.values.tolist(), strict=True))
            assert shown.items() <= values.items()
            assert len(values) - len(shown) <= most
        assert store.read("new").points.steps.tolist() == [20_000]


@pytest.mark.parametrize("column", ["last_step", "count", "first_step", "payload"])
def test_a_flipped_bit_brings_nothing_back_that_was_cut_off_a_block(column: str) -> None:
    random = np.random.default_rng(len(column))
    for _ in range(12):
        store = LoggedStore()
        store.log(range(0, 30_000, 3))
        store.session = 2
        store.log([15_000], [0.5])
        shown = {step: float(step) for step in range(0, 15_000, 3)} | {15_000: 0.5}
        rows = store.rows(select(blocks.c.level, blocks.c.count).order_by(text("rowid")))
        flip(store, blocks, blocks.c[column], rows.index((0, 904)), int(random.integers(0, 300)))
        assert assert_shows_nothing_wrong(store, {"loss": shown}) in (0, 904)
        # Nor does what is logged later, by this session or another.
        store.log(range(15_003, 30_000, 3), [0.5] * 4999)
        store.session = 3
        store.log([9000], [0.25])
        shown = {step: float(step) for step in range(0, 9000, 3)} | {9000: 0.25}
        assert assert_shows_nothing_wrong(store, {"loss": shown}) <= BLOCK_COST


BLOCK_COST = 4096


def damage(store: LoggedStore, table: str, where: str = "1 = 1") -> None:
    """Makes the payloads of rows unreadable."""
    store.connection.execute(text(f"UPDATE {table} SET payload = zeroblob(length(payload)) WHERE {where}"))


def test_a_damaged_row_of_appends_costs_what_its_batch_brought() -> None:
    store = LoggedStore()
    for step in range(20):
        store.apply_together([(store.series(tag), points_at([step])) for tag in ("loss", "rate")])
    damage(store, "appends", "number = 7")
    for tag in ("loss", "rate"):
        read = store.read(tag)
        assert read.points.steps.tolist() == [step for step in range(20) if step != 7]
        assert (read.total, [block.count for block in read.damaged]) == (20, [1])
    assert store.read("loss", window=(0, 3)).damaged
    store.log([20], tag="loss")
    store.log([3], [5.0], tag="loss")
    store.session = 2
    store.log([15], tag="rate")
    store.end()
    assert store.read("loss").points.steps.tolist() == [step for step in range(21) if step != 7]
    assert store.read("rate").points.steps.tolist() == [step for step in range(16) if step != 7]
    assert store.count("appends", "number = 7") == 1, "it is kept, for check to find"
    store.log(range(30, 9000), tag="loss")
    store.end()
    assert store.read("loss").points.steps.tolist() == [*(step for step in range(21) if step != 7), *range(30, 9000)]


def test_a_damaged_block_costs_its_points_and_is_named() -> None:
    store = LoggedStore()
    store.log(range(20_000))
    damage(store, "blocks", "level = 0 AND first_step = 4096")
    read = store.read()
    assert [(block.first_step, block.last_step, block.count) for block in read.damaged] == [(4096, 8191, 4096)]
    assert (len(read.points), read.total) == (20_000 - 4096, 20_000)
    assert store.read(window=(0, 4095)).damaged == ()
    assert len(store.read(window=(4000, 5000)).damaged) == 1


INTO_A_DAMAGED_BLOCK = {
    "its first step": [([4096], 0.5)],
    "its middle": [([5000, 5002], 0.5)],
    "twice": [([5000], 0.25), ([5000, 4096], 0.5)],
}


@pytest.mark.parametrize("batches", INTO_A_DAMAGED_BLOCK.values(), ids=INTO_A_DAMAGED_BLOCK.keys())
def test_points_that_belong_into_a_damaged_block_stand_beside_it(batches: list[tuple[list[int], float]]) -> None:
    store = LoggedStore()
    store.log(range(20_000))
    damage(store, "blocks", "level = 0 AND first_step = 4096")
    for steps, value in batches:
        store.log(steps, [value] * len(steps))
        store.end()
    read = store.read()
    fresh = [step for step in read.points.steps.tolist() if 4096 <= step < 8192]
    assert fresh
    assert set(read.points.values[(read.points.steps >= 4096) & (read.points.steps < 8192)].tolist()) == {0.5}
    assert [(block.first_step, block.last_step) for block in read.damaged][:1] == [(4096, 8191)]
    assert store.read(window=(0, 4095)).points.steps.tolist() == list(range(4096))
    assert store.read(limit=1000).points.increasing()


@pytest.mark.parametrize("level", [1, 2])
def test_a_damaged_level_costs_time_and_no_point(level: int) -> None:
    store = LoggedStore()
    store.log(range(300_000))
    damage(store, "blocks", f"level = {level}")
    for limit in (100, 1000):
        read = store.read(limit=limit)
        assert (read.damaged, read.total, len(read.points)) == ((), 300_000, limit)
    store.log(range(300_000, 400_000))
    store.log([70_000], [-5.0])
    store.end()
    read = store.read(limit=1000)
    assert (read.damaged, read.total) == ((), 400_000)
    assert -5.0 in read.points.values.tolist()


def test_the_end_of_a_run_survives_blocks_that_are_all_damaged() -> None:
    store = LoggedStore()
    store.log(range(10_000))
    damage(store, "blocks")
    store.log(range(10_000, 10_010))
    store.session = 2
    store.log([9_000], [1.0])
    store.end()
    read = store.read()
    assert read.points.steps.tolist() == [9_000]
    assert sum(block.count for block in read.damaged) >= 8192


def test_a_payload_that_an_index_serves_for_another_series_is_damage() -> None:
    store = LoggedStore()
    for tag, value in (("one", 1.0), ("two", 2.0)):
        store.log(range(5000), [value] * 5000, tag=tag)
    store.connection.execute(
        text(
            "UPDATE blocks SET payload = (SELECT payload FROM blocks AS b WHERE b.series = 1 AND b.level = blocks.level"
            " AND b.first_step = blocks.first_step) WHERE series = 0"
        )
    )
    assert len(store.read("one").points) == 0
    assert store.read("one").damaged
    assert len(store.read("two").points) == 5000


def test_hidden_points_are_never_served_as_shown() -> None:
    store = LoggedStore()
    store.log(range(9000), [1.0] * 9000)
    store.session = 2
    store.log([0], [2.0])
    store.end()
    store.connection.execute(text("DELETE FROM blocks WHERE level >= 0"))
    store.connection.execute(text("UPDATE blocks SET level = 0, number = 0"))
    read = store.read()
    assert len(read.points) == 0
    assert read.damaged
