"""Points that hypothesis makes, and how to compare them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from hypothesis import strategies
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from tb_runhistory.points.pyramid import Buckets, summarize
from tb_runhistory.records.points import Points

LENGTHS = strategies.one_of(strategies.integers(0, 3), strategies.integers(0, 200))

# Few different values, so that ties are common, and the ones that code trips over.
_TELLING_VALUES = strategies.sampled_from([0.0, -0.0, 1.0, -1.0, 1e308, -1e308, 5e-324, np.nan, np.inf, -np.inf])
_VALUES = strategies.one_of(_TELLING_VALUES, strategies.floats(-1e6, 1e6))


@strategies.composite
def logged_points(draw: strategies.DrawFn) -> Points:
    """Any points at all: every step, every bit pattern of a float, in any order."""
    length = draw(LENGTHS)
    return Points(
        draw(arrays(np.int64, length)),
        draw(arrays(np.uint64, length)).view(np.float64),
        draw(arrays(np.uint64, length)).view(np.float64),
    )


@strategies.composite
def series_points(draw: strategies.DrawFn, min_size: int = 0, max_size: int = 150, finite: bool = False) -> Points:
    """Points by increasing step, as the store holds them."""
    length = draw(strategies.integers(min_size, max_size))
    near = strategies.integers(-1000, 1000)
    steps = draw(arrays(np.int64, length, unique=True, elements=draw(strategies.sampled_from([None, near]))))
    values = draw(arrays(np.float64, length, elements=strategies.floats(-1e6, 1e6) if finite else _VALUES))
    times = 1.7e9 + np.arange(float(length)) * draw(strategies.floats(0.001, 100.0))
    return Points(np.sort(steps), times, values)


@strategies.composite
def mixed_parts(draw: strategies.DrawFn, points: Points) -> list[Points | Buckets]:
    """The points in consecutive parts, some as they are and some as buckets of one size or another."""
    cuts = sorted(draw(strategies.lists(strategies.integers(0, len(points)), max_size=4)))
    sizes = draw(arrays(np.int64, len(cuts) + 1, elements=strategies.integers(0, 40)))
    parts: list[Points | Buckets] = []
    for start, end, size in zip([0, *cuts], [*cuts, len(points)], sizes.tolist(), strict=True):
        part = points.take(slice(start, end))
        parts.append(summarize(part, size) if size else part)
    return parts


def columns_of(points: Points) -> list[NDArray[np.int64]]:
    """The columns bit by bit, so that NaN equals the same NaN and 0.0 does not equal -0.0."""
    return [points.steps, points.wall_times.view(np.int64), points.values.view(np.int64)]


def assert_same(found: Points, expected: Points) -> None:
    """Both hold the same points in the same order, to the bit."""
    assert len(found) == len(found.wall_times) == len(found.values)
    for one, other in zip(columns_of(found), columns_of(expected), strict=True):
        np.testing.assert_array_equal(one, other)


def assert_taken_from(found: Points, points: Points) -> None:
    """Every point of ``found`` is one of ``points``, and steps increase."""
    assert found.increasing()
    assert_same(found, points.take(np.isin(points.steps, found.steps)))


def noise(count: int, seed: int = 7) -> Points:
    """Noise over steps that count, at wall times in milliseconds."""
    random = np.random.default_rng(seed)
    times = np.round(1.7e9 + np.cumsum(random.exponential(0.05, count)), 3)
    return Points(np.arange(count), times, random.normal(size=count))


def step_set(points: Points | Sequence[int]) -> set[int]:
    """The steps as a set of int."""
    return set(points.steps.tolist() if isinstance(points, Points) else points)
