"""Points in the order they were logged become points by step: the later of two at one step shows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tb_runhistory.records.points import Points, Steps


def newest_wins(points: Points) -> tuple[Points, Points]:
    """Sorts points that stand in the order they were logged by step, and parts them in (shown, replaced).

    Of several at one step the one logged last is shown. The replaced ones stand by step, too, at one step as logged.
    """
    if points.increasing():
        return points, Points.empty()
    ordered = points.take(np.argsort(points.steps, kind="stable"))
    is_last = np.append(ordered.steps[1:] != ordered.steps[:-1], True)
    return ordered.take(is_last), ordered.take(~is_last)


def newest_wins_in_groups(points: Points, starts: NDArray[np.int64]) -> tuple[Points, NDArray[np.int64]]:
    """``newest_wins`` for many groups of points at once: the shown points, and where each group of them starts.

    Group i has the rows from ``starts[i]`` to ``starts[i + 1]``.
    """
    group = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    order = np.lexsort((points.steps, group))
    steps, group = points.steps[order], group[order]
    is_last = np.append((steps[1:] != steps[:-1]) | (group[1:] != group[:-1]), True)[: len(order)]
    counts = np.bincount(group[is_last], minlength=len(starts) - 1)
    return points.take(order[is_last]), np.concatenate(([0], np.cumsum(counts)))


def increasing_in_groups(steps: Steps, starts: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether each group of steps, none of which is empty, increases from one to the next."""
    rises = np.append(True, steps[1:] > steps[:-1])
    rises[starts[:-1]] = True
    return np.logical_and.reduceat(rises, starts[:-1])


def divided(points: Points, most: int, new: tuple[int, int]) -> list[Points]:
    """Sorted points in stretches of at most ``most``.

    ``new`` is the lowest and the highest step of those that have just come. Where they stand in the upper half the
    stretches are full from the left, in the lower half from the right, so that points in one direction leave full
    stretches behind; else all are alike.
    """
    count = len(points)
    chunks = -(-count // most)
    if chunks <= 1:
        return [points] if count else []
    if np.searchsorted(points.steps, new[0]) >= count // 2:
        bounds = np.append(np.arange(chunks) * most, count)
    elif np.searchsorted(points.steps, new[1]) < count // 2:
        bounds = np.append(0, count - np.arange(chunks)[::-1] * most)
    else:
        bounds = np.linspace(0, count, chunks + 1).astype(np.int64)
    return [
        points.take(slice(start, end)) for start, end in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True)
    ]
