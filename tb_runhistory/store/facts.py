"""The running facts of a scalar series: what listing, sorting and filtering read in place of its points."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np

from tb_runhistory.records.points import Points
from tb_runhistory.store.pyramid import Buckets, merge


@dataclass(frozen=True, slots=True)
class Facts:
    """Facts over at least one point, with the meaning of the columns of the same names in ``SeriesColumns``."""

    count: int
    non_finite: int
    first_step: int
    first_wall_time: float
    last_step: int
    last_wall_time: float
    last_value: float
    minimum: float
    minimum_step: int
    maximum: float
    maximum_step: int
    sum: float


def facts_of(parts: Sequence[Points | Buckets]) -> Facts:
    """The facts over consecutive parts of a series: points by increasing step, or buckets that stand for points.

    Raises:
      ValueError: the parts hold no point.
    """
    held = [_of_points(part) if isinstance(part, Points) else _of_buckets(part) for part in parts if len(part)]
    if not held:
        raise ValueError("there are no facts where there are no points")
    return reduce(combine, held)


def _of_points(points: Points) -> Facts:
    values, steps = points.values, points.steps
    known = np.isfinite(values)
    finite = int(np.count_nonzero(known))
    if finite < len(values):
        values, steps = values[known], steps[known]
    minimum, minimum_step, maximum, maximum_step = math.nan, 0, math.nan, 0
    if finite:
        low, high = values.argmin(), values.argmax()
        minimum, minimum_step = float(values[low]), int(steps[low])
        maximum, maximum_step = float(values[high]), int(steps[high])
    with np.errstate(over="ignore", invalid="ignore"):
        total = float(values.sum())
    return Facts(
        count=len(points),
        non_finite=len(points) - finite,
        first_step=int(points.steps[0]),
        first_wall_time=float(points.wall_times[0]),
        last_step=int(points.steps[-1]),
        last_wall_time=float(points.wall_times[-1]),
        last_value=float(points.values[-1]),
        minimum=minimum,
        minimum_step=minimum_step,
        maximum=maximum,
        maximum_step=maximum_step,
        sum=total,
    )


def _of_buckets(buckets: Buckets) -> Facts:
    one = merge(buckets, len(buckets))
    count, finite = int(one.count[0]), int(one.finite[0])
    return Facts(
        count=count,
        non_finite=count - finite,
        first_step=int(one.first.steps[0]),
        first_wall_time=float(one.first.wall_times[0]),
        last_step=int(one.last.steps[0]),
        last_wall_time=float(one.last.wall_times[0]),
        last_value=float(one.last.values[0]),
        minimum=float(one.minimum.values[0]) if finite else math.nan,
        minimum_step=int(one.minimum.steps[0]) if finite else 0,
        maximum=float(one.maximum.values[0]) if finite else math.nan,
        maximum_step=int(one.maximum.steps[0]) if finite else 0,
        sum=float(one.sum[0]),
    )


def combine(earlier: Facts, later: Facts) -> Facts:
    """The facts over both, where all steps of ``later`` are greater than all of ``earlier``."""
    # NaN stands where nothing is finite, and compares false with everything.
    lower = later.minimum < earlier.minimum or math.isnan(earlier.minimum)
    higher = later.maximum > earlier.maximum or math.isnan(earlier.maximum)
    return Facts(
        count=earlier.count + later.count,
        non_finite=earlier.non_finite + later.non_finite,
        first_step=earlier.first_step,
        first_wall_time=earlier.first_wall_time,
        last_step=later.last_step,
        last_wall_time=later.last_wall_time,
        last_value=later.last_value,
        minimum=later.minimum if lower else earlier.minimum,
        minimum_step=later.minimum_step if lower else earlier.minimum_step,
        maximum=later.maximum if higher else earlier.maximum,
        maximum_step=later.maximum_step if higher else earlier.maximum_step,
        sum=earlier.sum + later.sum,
    )
