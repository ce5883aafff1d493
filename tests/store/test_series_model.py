"""Whatever is logged in whatever order, a series reads like a plain dictionary of steps."""

from __future__ import annotations

import math
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tb_runhistory.records.changes import DataClass
from tb_runhistory.records.columns import Scope
from tb_runhistory.store.base import RunHistoryReader
from tb_runhistory.store.opening import open_reader, open_writer
from tb_runhistory.uri import parse_uri
from tests.conformance.builder import History


@dataclass
class Model:
    """What a series shows: the value at each step, and how many points were logged in all."""

    shown: dict[int, float] = field(default_factory=dict)
    logged: int = 0
    session_is_new: bool = False

    def log(self, steps: list[int], values: list[float]) -> None:
        """A session's first point supersedes what stands at its step and beyond; then the later of two shows."""
        if self.session_is_new:
            self.shown = {step: value for step, value in self.shown.items() if step < steps[0]}
            self.session_is_new = False
        self.shown.update(zip(steps, values, strict=True))
        self.logged += len(steps)


@dataclass(frozen=True)
class Log:
    """Points at ``start``, ``start`` + ``stride``, …, perhaps shuffled."""

    start: int
    count: int
    stride: int
    shuffled: bool

    def steps(self, random: np.random.Generator) -> list[int]:
        """The steps in the order they are logged."""
        steps = self.start + np.arange(self.count) * self.stride
        return (random.permutation(steps) if self.shuffled else steps).tolist()


LOGS = st.builds(
    Log,
    start=st.integers(-50, 30_000),
    count=st.one_of(st.integers(1, 20), st.sampled_from([4096, 9000])),
    stride=st.sampled_from([1, 1, 3]),
    shuffled=st.booleans(),
)
OPERATIONS = st.lists(st.one_of(LOGS, LOGS, st.just("resume"), st.just("end"), st.just("reopen")), max_size=14)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(operations=OPERATIONS, seed=st.integers(0, 2**32))
@example(
    # The newest block is hidden and one with a summary becomes the newest.
    operations=[
        Log(3969, 9000, 3, False),
        "resume",
        Log(7315, 2, 1, False),
        Log(1366, 4096, 1, True),
        "resume",
        Log(1794, 4096, 1, True),
        Log(-50, 4096, 1, False),
    ],
    seed=0,
)
def test_a_series_reads_like_a_dictionary_of_steps(operations: list[Log | str], seed: int) -> None:
    random = np.random.default_rng(seed)
    model = Model()
    with tempfile.TemporaryDirectory() as folder:
        uri = parse_uri(f"sqlite:///{Path(folder) / 'runs.db'}")
        history = History(open_writer(uri))
        run = history.root("run")
        for operation in operations:
            if isinstance(operation, Log):
                steps = operation.steps(random)
                values = random.choice([1.0, -2.5, 7.0, math.nan, math.inf], size=len(steps)).tolist()
                run.log("loss", steps, values)
                model.log(steps, values)
            elif operation == "resume":
                run.resume()
                model.session_is_new = model.logged > 0
            elif operation == "end":
                run.end()
            else:
                history.writer.close()
                history.writer = open_writer(uri)
        with open_reader(uri) as reader:
            check(reader, model, random)
        history.writer.close()


def check(reader: RunHistoryReader, model: Model, random: np.random.Generator) -> None:
    """Points, facts, windows and samples agree with the model."""
    series = reader.series(Scope(), DataClass.SCALAR)
    if not model.shown:
        assert len(series) == 0
        return
    steps = np.array(sorted(model.shown))
    values = np.array([model.shown[step] for step in steps.tolist()])
    (read,) = reader.read_points(series.key)
    np.testing.assert_array_equal(read.points.steps, steps)
    np.testing.assert_array_equal(read.points.values, values)

    finite = values[np.isfinite(values)]
    assert series.count[0] == len(steps)
    assert series.hidden[0] == model.logged - len(steps)
    assert series.non_finite[0] == len(steps) - len(finite)
    assert (series.first_step[0], series.last_step[0]) == (steps[0], steps[-1])
    np.testing.assert_equal(series.last_value[0], values[-1])
    if len(finite):
        assert (series.minimum[0], series.maximum[0]) == (finite.min(), finite.max())
        assert series.minimum_step[0] == steps[values == finite.min()][0]
        assert series.maximum_step[0] == steps[values == finite.max()][0]
        np.testing.assert_allclose(series.sum[0], finite.sum())

    first, last = sorted(random.integers(steps[0] - 2, steps[-1] + 2, size=2, endpoint=True).tolist())
    inside = (steps >= first) & (steps <= last)
    (window,) = reader.read_points(series.key, window=(first, last))
    np.testing.assert_array_equal(window.points.steps, steps[inside])
    (sample,) = reader.read_points(series.key, 16, (first, last))
    assert sample.total == inside.sum()
    assert len(sample.points) <= 16
    assert set(sample.points.steps.tolist()) <= set(steps[inside].tolist())
    shown = values[inside][np.isfinite(values[inside])]
    if len(shown):
        assert {shown.min(), shown.max()} <= set(sample.points.values.tolist())
