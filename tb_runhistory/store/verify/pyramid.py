"""Whether the levels of a pyramid say what the points below them say.

The levels are read side by side, each one as far as the row above it reaches, so that of each only the rows below one
row of the next are held, whatever the length of the series.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from tb_runhistory.errors import DamagedData
from tb_runhistory.points.pyramid import Buckets, merge
from tb_runhistory.records.points import Floats

_TOLERANCE = 1e-9
"""Sums depend on the order of addition: they may differ by this part of what was added."""


@dataclass(frozen=True, slots=True)
class SummaryRow:
    """A stored row of ``blocks`` above level 0; ``decode`` gives its buckets or raises DamagedData."""

    first_step: int
    last_step: int
    count: int
    decode: Callable[[], Buckets]


@dataclass(frozen=True, slots=True)
class Summary:
    """The buckets over the steps of one stored row of points or buckets, None where that row is damaged."""

    first_step: int
    last_step: int
    buckets: Buckets | None


def verified_level(
    level: int, rows: Iterator[SummaryRow], below: Iterator[Summary], report: Callable[[str], None]
) -> Iterator[Summary]:
    """The rows of one level as what the next one is compared with; what is wrong with them goes to ``report``.

    ``rows`` and ``below`` are in the order of steps; of points ``below`` has the buckets of level 1.
    """
    waiting = next(below, None)
    for row in rows:
        parts: list[Buckets | None] = []
        while waiting is not None and waiting.last_step <= row.last_step:
            if waiting.first_step >= row.first_step:
                parts.append(waiting.buckets)
            waiting = next(below, None)
        what = f"level {level} of the pyramid at {span(row.first_step, row.last_step)}"
        expected = _expected(level, parts)
        try:
            buckets = row.decode()
        except DamagedData as error:
            report(f"{what} cannot be read: {error}")
            yield Summary(row.first_step, row.last_step, expected)
            continue
        problem = _problem(row, buckets, expected)
        if problem:
            report(f"{what} {problem}")
        yield Summary(row.first_step, row.last_step, buckets)
    while waiting is not None:
        waiting = next(below, None)


def _expected(level: int, parts: Sequence[Buckets | None]) -> Buckets | None:
    """What a row of ``level`` should hold; None where something below it is damaged."""
    whole = [part for part in parts if part is not None]
    if len(whole) < len(parts):
        return None
    together = Buckets.concatenate(whole)
    return together if level == 1 or not len(together) else merge(together)


def _problem(row: SummaryRow, buckets: Buckets, expected: Buckets | None) -> str:
    ends = (int(buckets.first.steps[0]), int(buckets.last.steps[-1])) if len(buckets) else None
    if ends != (row.first_step, row.last_step) or int(buckets.count.sum()) != row.count:
        return "holds other steps or counts than its row says"
    if expected is None:
        return ""
    if int(expected.count.sum()) != row.count:
        return "summarizes points that are not there"
    return "" if _same(buckets, expected) else "does not agree with the points that it summarizes"


def _same(buckets: Buckets, expected: Buckets) -> bool:
    if len(buckets) != len(expected) or not np.array_equal(buckets.counts, expected.counts):
        return False
    kept, wanted = buckets.kept, expected.kept
    exact = (
        np.array_equal(kept.steps, wanted.steps)
        and np.array_equal(kept.wall_times, wanted.wall_times, equal_nan=True)
        and np.array_equal(kept.values, wanted.values, equal_nan=True)
    )
    with np.errstate(over="ignore", invalid="ignore"):
        # The sum of magnitudes is at most this, by Cauchy and Schwarz.
        magnitude = np.sqrt(expected.count * expected.sum_of_squares)
        return (
            exact
            and _close(buckets.sum, expected.sum, magnitude)
            and _close(buckets.sum_of_squares, expected.sum_of_squares, expected.sum_of_squares)
        )


def _close(stored: Floats, true: Floats, magnitude: Floats) -> bool:
    overflowed = ~np.isfinite(magnitude)
    return bool((overflowed | (np.abs(stored - true) <= _TOLERANCE * magnitude)).all())


def span(first: int, last: int) -> str:
    """The steps in words."""
    return f"step {first}" if first == last else f"steps {first} to {last}"
