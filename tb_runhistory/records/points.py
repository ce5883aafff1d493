"""Points of a scalar series, in columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Steps = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """Three columns of one length: int64 steps, float64 wall times (seconds since the epoch), float64 values.

    NaN and ±Inf are values like others. Whether steps are sorted is said where points are made.
    """

    steps: Steps
    wall_times: Floats
    values: Floats

    @classmethod
    def empty(cls) -> Points:
        """No points."""
        return cls(np.empty(0, np.int64), np.empty(0), np.empty(0))

    @classmethod
    def concatenate(cls, parts: Sequence[Points]) -> Points:
        """All points of ``parts``, in that order."""
        if len(parts) == 1:
            return parts[0]
        if not parts:
            return cls.empty()
        return cls(
            np.concatenate([part.steps for part in parts]),
            np.concatenate([part.wall_times for part in parts]),
            np.concatenate([part.values for part in parts]),
        )

    def __len__(self) -> int:
        return len(self.steps)

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_] | slice | int) -> Points:
        """The points at ``rows``: positions, a mask, a slice, or one row of a table of points."""
        return Points(self.steps[rows], self.wall_times[rows], self.values[rows])

    def increasing(self) -> bool:
        """Whether each step is greater than the one before."""
        return bool((self.steps[1:] > self.steps[:-1]).all())
