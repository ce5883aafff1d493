"""Points of many series in one table are what each series has by itself."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from hypothesis import given, strategies

from tb_runhistory.points.segments import Segments
from tb_runhistory.records.points import Points

PARTS = strategies.lists(
    strategies.tuples(strategies.integers(0, 3), strategies.integers(1, 2), strategies.integers(1, 4)),
    min_size=1,
    max_size=8,
)


def segments_of(parts: list[tuple[int, int, int]]) -> Segments:
    """Segments of a position, a session and a number of points each; points are told apart by their steps."""
    starts = np.cumsum([0, *(size for *_, size in parts)])
    steps = np.arange(starts[-1])
    points = Points(steps, np.zeros(len(steps)), np.zeros(len(steps)))
    positions, sessions = (np.array([part[place] for part in parts], np.int64) for place in (0, 1))
    return Segments(positions, sessions, starts, points)


@given(parts=PARTS)
def test_turns_have_each_series_once_and_keep_the_order_of_each(parts: list[tuple[int, int, int]]) -> None:
    segments = segments_of(parts)
    expected: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for (position, points), (_, session, _) in zip(segments, parts, strict=True):
        expected[position] += [(session, step) for step in points.steps.tolist()]
    found: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for turn in segments.turns():
        assert len(set(turn.positions.tolist())) == len(turn)
        for (position, points), session in zip(turn, turn.sessions.tolist(), strict=True):
            found[position] += [(session, step) for step in points.steps.tolist()]
    assert found == expected


@given(parts=PARTS, data=strategies.data())
def test_what_is_kept_is_what_is_marked(parts: list[tuple[int, int, int]], data: strategies.DataObject) -> None:
    segments = segments_of(parts)
    length = len(segments.points)
    marked = np.array(data.draw(strategies.lists(strategies.booleans(), min_size=length, max_size=length)))
    kept = segments.keep(marked)
    assert kept.points.steps.tolist() == np.flatnonzero(marked).tolist()
    assert (kept.sizes > 0).all()
    of_step = {step: position for position, points in segments for step in points.steps.tolist()}
    assert all(of_step[step] == position for position, points in kept for step in points.steps.tolist())


@given(parts=PARTS, data=strategies.data())
def test_taken_segments_are_those(parts: list[tuple[int, int, int]], data: strategies.DataObject) -> None:
    segments = segments_of(parts)
    rows = data.draw(strategies.lists(strategies.integers(0, len(parts) - 1), min_size=1, unique=True))
    taken = list(segments.take(np.array(rows)))
    every = list(segments)
    for (position, points), row in zip(taken, rows, strict=True):
        assert (position, points.steps.tolist()) == (every[row][0], every[row][1].steps.tolist())
