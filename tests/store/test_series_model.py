"""Whatever is logged in whatever order and session, a series reads like a plain dictionary of steps."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import psycopg
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, create_engine

from tb_runhistory.points.block import decode_block, decode_tail
from tb_runhistory.points.payload import block_key, tail_key
from tb_runhistory.points.pyramid import decode_buckets
from tb_runhistory.records.points import Points
from tb_runhistory.store.sql.schema import appends, blocks, metadata
from tests.postgresql_server import PostgresServer
from tests.store.logged import LoggedStore


@dataclass(frozen=True)
class Logged:
    """One point that was logged."""

    step: int
    value: float
    session: int


@dataclass
class Model:
    """What was logged, in order, and where each session began in each series."""

    points: list[Logged] = field(default_factory=list)
    first_steps: dict[int, int] = field(default_factory=dict)

    def log(self, steps: list[int], values: list[float], session: int) -> None:
        """Points that a session logs."""
        self.first_steps.setdefault(session, steps[0])
        self.points += [Logged(step, value, session) for step, value in zip(steps, values, strict=True)]

    def not_superseded(self) -> list[Logged]:
        """Points that no later session began at or before."""
        return [
            point
            for point in self.points
            if not any(session > point.session and first <= point.step for session, first in self.first_steps.items())
        ]

    def shown(self) -> dict[int, float]:
        """By step, the value that was logged last."""
        return {point.step: point.value for point in self.not_superseded()}


@dataclass(frozen=True)
class Log:
    """Points at ``start``, ``start`` + ``stride``, …, in one order or another."""

    start: int
    count: int
    stride: int
    order: str

    def steps(self, random: np.random.Generator) -> list[int]:
        """The steps in the order they are logged."""
        steps = self.start + np.arange(self.count) * self.stride
        if self.order == "shuffled":
            random.shuffle(steps)
        return [int(step) for step in (steps[::-1] if self.order == "descending" else steps)]


LOGS = st.builds(
    Log,
    start=st.one_of(st.integers(-50, 30_000), st.sampled_from([-(2**63), 2**63 - 10, 10**9])),
    count=st.one_of(st.integers(1, 9), st.sampled_from([4096, 9000, 20_000])),
    stride=st.sampled_from([1, 1, 3]),
    order=st.sampled_from(["ascending", "ascending", "descending", "shuffled"]),
).filter(lambda log: log.start + log.count * log.stride < 2**63)
OPERATIONS = st.lists(
    st.one_of(LOGS, LOGS, LOGS, st.sampled_from(["resume", "late", "end", "many"])), min_size=1, max_size=12
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(operations=OPERATIONS, seed=st.integers(0, 2**32))
@example(
    # The newest block is hidden and one with a summary becomes the newest.
    operations=[
        Log(3969, 9000, 3, "ascending"),
        "resume",
        Log(7315, 2, 1, "ascending"),
        Log(1366, 4096, 1, "shuffled"),
        "resume",
        Log(1794, 4096, 1, "shuffled"),
        Log(-50, 4096, 1, "ascending"),
    ],
    seed=0,
)
@example(
    # Most of what was logged was replaced.
    operations=[Log(0, count, 1, "ascending") for count in (4096, 4096, 20_000, 20_000, 20_000)],
    seed=0,
)
def test_a_series_reads_like_a_dictionary_of_steps(operations: list[Log | str], seed: int) -> None:
    follow(operations, seed, LoggedStore())


@pytest.fixture(scope="module")
def postgres(postgres_server: PostgresServer) -> Iterator[Engine]:
    """A database with the tables of a store."""
    uri = postgres_server.new_database()
    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(uri))
    metadata.create_all(engine)
    yield engine
    engine.dispose()


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(operations=OPERATIONS, seed=st.integers(0, 2**32))
def test_the_same_in_postgresql(postgres: Engine, operations: list[Log | str], seed: int) -> None:
    # Never committed, so that each example finds nothing there.
    with postgres.connect() as connection:
        follow(operations, seed, LoggedStore(connection))


def follow(operations: list[Log | str], seed: int, store: LoggedStore) -> None:
    """Does it, and checks after each step what the store shows."""
    random = np.random.default_rng(seed)
    model, late = Model(), False
    for operation in operations:
        if operation == "end":
            store.end()
        elif operation == "resume":
            store.session += 1
        elif operation == "late":
            late = store.session > 1
        elif operation == "many":
            for number in range(70):
                log(store, model, Log(number * 7, 2, 1, "ascending"), random, store.session)
        elif isinstance(operation, Log):
            session = int(random.integers(1, store.session)) if late else store.session
            # Only a session that began before it was superseded can be late.
            if session == store.session or session in model.first_steps:
                log(store, model, operation, random, session)
            late = False
        check(store, model, random)
    check_stored_rows(store)


def log(store: LoggedStore, model: Model, what: Log, random: np.random.Generator, session: int) -> None:
    """Logs to both."""
    steps = what.steps(random)
    values = random.choice([1.0, -2.5, 7.0, math.nan, math.inf, -math.inf, 1e308, -1e308], size=len(steps)).tolist()
    store.log(steps, values, session=session)
    model.log(steps, values, session)


def check(store: LoggedStore, model: Model, random: np.random.Generator) -> None:
    """Points, facts, windows, samples and all values agree with the model."""
    shown = model.shown()
    series = store.facts()
    if not shown:
        assert len(series) == 0
        return
    steps = np.array(sorted(shown))
    values = np.array([shown[step] for step in steps.tolist()])
    read = store.read()
    assert (read.damaged, read.total) == ((), len(steps))
    np.testing.assert_array_equal(read.points.steps, steps)
    np.testing.assert_array_equal(read.points.values, values)

    finite = np.isfinite(values)
    assert series.count[0] == len(steps)
    assert series.hidden[0] == len(model.points) - len(steps)
    assert series.non_finite[0] == len(steps) - finite.sum()
    assert (series.first_step[0], series.last_step[0]) == (steps[0], steps[-1])
    np.testing.assert_equal(series.last_value[0], values[-1])
    if finite.any():
        known, at = values[finite], steps[finite]
        assert (series.minimum[0], series.maximum[0]) == (known.min(), known.max())
        assert (series.minimum_step[0], series.maximum_step[0]) == (at[known.argmin()], at[known.argmax()])
        if np.abs(known).max() < 1e300:
            np.testing.assert_allclose(series.sum[0], known.sum())

    low, high = sorted(random.choice(steps, 2).tolist())
    first, last = max(low - 1, -(2**63)), min(high + 1, 2**63 - 1)
    inside = (steps >= first) & (steps <= last)
    np.testing.assert_array_equal(store.read(window=(first, last)).points.steps, steps[inside])
    for limit, window in ((16, (first, last)), (100, None), (1, None), (1000, (first, last))):
        sample = store.read(limit=limit, window=window)
        within = inside if window else np.ones(len(steps), np.bool_)
        assert (sample.damaged, sample.total) == ((), within.sum())
        assert len(sample.points) == min(limit, within.sum())
        assert sample.points.increasing()
        at = np.searchsorted(steps, sample.points.steps)
        np.testing.assert_array_equal(sample.points.steps, steps[at])
        np.testing.assert_array_equal(sample.points.values, values[at])
        known = values[within & finite]
        if limit >= 4 and len(known):
            assert {known.min(), known.max()} <= set(sample.points.values.tolist())

    all_values = store.all_values()
    expected = sorted(model.not_superseded(), key=lambda point: point.step)
    np.testing.assert_array_equal(all_values.steps, [point.step for point in expected])
    np.testing.assert_array_equal(all_values.values, [point.value for point in expected])


def check_stored_rows(store: LoggedStore) -> None:
    """Rows say what they hold; shown blocks are disjoint; levels hold what the blocks below them say."""
    key = store.key() if len(store.facts()) else None
    points: list[tuple[int, int]] = []
    level_0: list[Points] = []
    rows = store.rows(blocks.select().order_by(blocks.c.level, blocks.c.first_step, blocks.c.number))
    for row in rows:
        assert key is not None
        place = block_key(key, row.level, row.number)
        if row.level > 0:
            buckets = decode_buckets(row.payload, place)
            held = Points.concatenate(level_0)
            inside = (held.steps >= row.first_step) & (held.steps <= row.last_step)
            assert row.count == inside.sum() == buckets.count.sum()
            assert len(buckets) <= 128
            continue
        held = decode_block(row.payload, place)
        if row.level == 0:
            # What stands behind was superseded since the block was written.
            assert held.increasing()
            held = held.take(slice(0, row.count))
        assert (row.first_step, row.last_step, row.count) == (held.steps.min(), held.steps.max(), len(held))
        if row.level == 0:
            points.append((row.first_step, row.last_step))
            level_0.append(held)
    assert all(one[1] < other[0] for one, other in itertools.pairwise(points))
    assert len(points) <= 3 + 2 * -(-sum(map(len, level_0)) // 2048), "blocks are not scattered"
    for row in store.rows(appends.select()):
        assert row.points == len(decode_tail(row.payload, tail_key(row.root_id, row.run_id, row.number)).points)
