"""Few points in place of many, with nothing hidden: the first and last points, and the extremes of every bucket.

Buckets hold near-equal numbers of points, not equal widths of steps. Where steps are even the two are the same; where
they are not (a series logged densely at first and rarely later, or with one step far out) equal widths would spend most
places on thin stretches and draw a dense one with two points, and a viewer that does not ask again when it zooms would
never show more.

Each bucket gives its minimum and its maximum over the finite values, so there are half as many buckets as places. NaN
and infinities have places of their own: a bucket that has such points gives the first of them too, for which there are
as many buckets fewer as it takes. With five places or more at least one is shown; with four, where a place is left.
Places that are left over (where a bucket's extremes are one point, or there are fewer buckets) go to other points,
evenly.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tb_runhistory.points.pyramid import Buckets, summarize
from tb_runhistory.records.points import Floats, Points

_FINENESS = 4
"""Buckets made of points for each place in the result."""

Rows = NDArray[np.intp]
Mask = NDArray[np.bool_]


def downsample(parts: Sequence[Points | Buckets], limit: int) -> Points:
    """At most ``limit`` points of a series, by increasing step, as ``RunHistoryReader.read_points`` promises.

    ``parts`` are consecutive stretches of the series, as points or as buckets that stand for points; steps increase
    throughout. Where all that the parts know of fits into ``limit``, all of it is given.

    Raises:
      ValueError: ``limit`` is less than 1.
    """
    _check(limit)
    held = [part for part in parts if len(part)]
    plain = [part for part in held if isinstance(part, Points)]
    if len(plain) == len(held):
        return _downsample_points(Points.concatenate(plain), limit)
    # Of points among buckets as few are made into one as can be, yet no more buckets than the choice has use for.
    buckets = Buckets.concatenate(
        [
            summarize(part, max(1, len(part) // (_FINENESS * limit))) if isinstance(part, Points) else part
            for part in held
        ]
    )
    return _downsample_buckets(buckets, limit)


def downsample_together(series: Sequence[Points], limit: int) -> list[Points]:
    """At most ``limit`` points of each series, so chosen that series with equal steps keep equal steps.

    Series with equal steps share the places: all give the points at the steps that any of them chose, and the extremes
    of each are kept. Where ``limit`` is too small for that (below about twice the number of series) each is downsampled
    for itself: a spike counts for more than equal steps.

    TensorBoard asks its data providers for a uniform random choice of points that depends on nothing but their steps.
    This choice depends on values too, since otherwise a single spike would nearly always be lost; what that rule is
    for, that curves which are drawn against each other have their points at the same steps, is kept by choosing for all
    series of equal steps at once.

    Raises:
      ValueError: ``limit`` is less than 1.
    """
    _check(limit)
    answer = list(series)
    for group in _equal_steps(series):
        if len(series[group[0]]) <= limit:
            continue
        rows = _shared_rows([series[position].values for position in group], limit)
        for position in group:
            points = series[position]
            answer[position] = _downsample_points(points, limit) if rows is None else points.take(rows)
    return answer


def _check(limit: int) -> None:
    if limit < 1:
        raise ValueError(f"a series is downsampled to at least one point, not to {limit}")


def _equal_steps(series: Sequence[Points]) -> list[list[int]]:
    # Positions of series with equal steps, together. Steps are compared only where length and ends are equal.
    alike: dict[tuple[int, ...], list[list[int]]] = {}
    for position, points in enumerate(series):
        ends = (len(points), int(points.steps[0]), int(points.steps[-1])) if len(points) else (0,)
        groups = alike.setdefault(ends, [])
        for group in groups:
            if np.array_equal(series[group[0]].steps, points.steps):
                group.append(position)
                break
        else:
            groups.append([position])
    return [group for groups in alike.values() for group in groups]


def _downsample_points(points: Points, limit: int) -> Points:
    if len(points) <= limit:
        return points
    rows = _shared_rows([points.values], limit)
    return points.take(_filled(_ends(len(points), limit), len(points), limit) if rows is None else rows)


def _ends(length: int, limit: int) -> Rows:
    return np.array([length - 1] if limit == 1 else [0, length - 1])


def _shared_rows(columns: Sequence[Floats], limit: int) -> Rows | None:
    # The rows at which any column has an end, an extreme of a bucket or its first non-finite value; None where there
    # is no place for the extremes of all.
    known = [np.isfinite(values) for values in columns]
    non_finite = [int(len(finite) - np.count_nonzero(finite)) for finite in known]
    number = _number_of_buckets(len(columns), non_finite, limit)
    if number < 1:
        return None
    length = len(columns[0])
    starts = np.arange(number) * length // number
    extremes = [
        _extremes(values, finite if missing else None, starts)
        for values, finite, missing in zip(columns, known, non_finite, strict=True)
    ]
    chosen = np.unique(np.concatenate([_ends(length, limit), *extremes]))
    for finite, missing in zip(known, non_finite, strict=True):
        if missing:
            chosen = _add(chosen, _first_in_each(~finite, starts), limit)
    return _filled(chosen, length, limit)


def _number_of_buckets(series: int, non_finite: Sequence[int], limit: int) -> int:
    # So many that two extremes a bucket and series, the ends, and a place for the non-finite values of each bucket (or
    # for each of them, where they are fewer) fit into the limit; less than 1 where not even one bucket does.
    places = limit - 2
    touched = sum(1 for number in non_finite if number)
    number = max(places // (2 * series + touched), (places - sum(non_finite)) // (2 * series))
    return number if number > 0 else min(1, places // (2 * series))


def _extremes(values: Floats, known: Mask | None, starts: Rows) -> Rows:
    # The rows of the lowest and the highest value in each group of rows that begins at ``starts``, the earliest at
    # ties, among the rows that ``known`` marks (None: all). A group without any gives its first row.
    if known is None:
        return np.concatenate([_lowest(values, starts), _lowest(-values, starts)])
    return np.concatenate(
        [_lowest(np.where(known, values, np.inf), starts), _lowest(np.where(known, -values, np.inf), starts)]
    )


def _lowest(values: Floats, starts: Rows) -> Rows:
    lowest = np.minimum.reduceat(values, starts)
    sizes = np.append(starts[1:], len(values)) - starts
    matches = np.flatnonzero(values == np.repeat(lowest, sizes))
    return matches[np.searchsorted(matches, starts)]


def _first_in_each(marked: Mask, starts: Rows) -> Rows:
    # The first marked row of each group. One that is found for a group without any is the first of a later group.
    rows = np.flatnonzero(marked)
    found = np.searchsorted(rows, starts)
    return np.unique(rows[found[found < len(rows)]])


def _filled(chosen: Rows, length: int, limit: int) -> Rows:
    # The chosen of so many rows, and others in the places that are left.
    others = np.setdiff1d(np.arange(length), chosen, assume_unique=True)
    return _add(chosen, _evenly(others, limit - len(chosen)), limit)


def _evenly(rows: Rows, number: int) -> Rows:
    # That many of the rows, or all of them where there are fewer.
    if number >= len(rows):
        return rows
    return rows[(np.arange(number) * len(rows) + len(rows) // 2) // max(number, 1)]


def _add(chosen: Rows, rows: Rows, limit: int) -> Rows:
    # Adds rows as long as there is room.
    fresh = np.setdiff1d(rows, chosen, assume_unique=True)
    return np.union1d(chosen, fresh[: limit - len(chosen)])


def _downsample_buckets(buckets: Buckets, limit: int) -> Points:
    kept = buckets.kept
    if len(buckets) <= limit and len(known := _by_step(np.arange(kept.steps.size), kept)) <= limit:
        return known
    length = len(buckets)
    ends = np.array([0, 2 * length - 1])  # The first point of the first bucket, and the last of the last.
    some, has_non_finite = buckets.finite > 0, buckets.finite < buckets.count
    number = _number_of_buckets(1, [int(np.count_nonzero(has_non_finite))], limit)
    if number < 1:
        return _flat(kept).take(ends[2 - min(limit, 2) :])
    before = np.cumsum(buckets.count) - buckets.count
    borders = np.arange(number) * int(buckets.count.sum()) // number
    starts = np.unique(np.searchsorted(before, borders, side="right") - 1)
    lowest = _lowest(np.where(some, kept.values[2], np.inf), starts)
    highest = _lowest(np.where(some, -kept.values[3], np.inf), starts)
    chosen = _by_step(np.concatenate([ends, lowest + 2 * length, highest + 3 * length]), kept)
    if has_non_finite.any():
        non_finite = buckets.non_finite.take(_first_in_each(has_non_finite, starts))
        chosen = _joined(chosen, non_finite.take(~np.isin(non_finite.steps, chosen.steps)), limit)
    if len(chosen) == limit:
        return chosen
    known = _by_step(np.arange(kept.steps.size), kept)
    others = np.flatnonzero(~np.isin(known.steps, chosen.steps))
    return _joined(chosen, known.take(_evenly(others, limit - len(chosen))), limit)


def _joined(chosen: Points, fresh: Points, limit: int) -> Points:
    # Adds points at other steps as long as there is room.
    together = Points.concatenate([chosen, fresh.take(slice(0, limit - len(chosen)))])
    return together.take(np.argsort(together.steps))


def _by_step(places: Rows, kept: Points) -> Points:
    # The points at these places of the table, by increasing step, each step once.
    points = _flat(kept).take(places)
    ordered = np.argsort(points.steps, kind="stable")
    steps = points.steps[ordered]
    return points.take(ordered[np.append(True, steps[1:] != steps[:-1])])


def _flat(kept: Points) -> Points:
    return Points(kept.steps.ravel(), kept.wall_times.ravel(), kept.values.ravel())
