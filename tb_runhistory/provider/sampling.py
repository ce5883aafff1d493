"""How many points each series of a request gets, and which series must get equal steps.

TensorBoard's ``DataProvider`` asks for a downsampling that depends on the steps of a series alone and picks the rest
uniformly at random, so that parallel series keep equal steps. A random choice loses a lone spike. This provider departs
from it: the first and the last point and the extremes of every bucket stay. Series with equal steps that are asked for
together still get equal steps, as margin charts need, but only within the limits below; beyond them each
series keeps its own extremes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from tb_runhistory.provider.series_table import SeriesTable

LEAST_POINTS = 64
"""A series of a large request gets no fewer, unless fewer were asked for."""

REPLY_POINTS = 1_000_000
"""No reply holds more, whatever is asked for. That is 16 MB, where TensorBoard's client takes 256 MiB, and it bounds
the memory of the data server."""

TOGETHER_SERIES = 8
TOGETHER_POINTS = 1_000_000


def points_each(asked: int, series_count: int, budget: int | None) -> int:
    """The number of points that each of ``series_count`` series gets; ``asked`` 0 stands for all."""
    count = max(series_count, 1)
    limit = asked or REPLY_POINTS
    if budget is not None:
        limit = min(limit, max(LEAST_POINTS, budget // count))
    return max(1, min(limit, REPLY_POINTS // count))


def parallel_groups(series: SeriesTable, lines: Sequence[int], limit: int) -> Iterator[list[int]]:
    """Lines whose steps may be equal and are to be thinned together; only those with more than ``limit`` points.

    Series with the same count, first and last step are taken for parallel, and their steps have yet to be compared.
    """
    alike: dict[tuple[int, int, int], list[int]] = defaultdict(list)
    for line in lines:
        if series.count[line] > limit:
            alike[int(series.count[line]), int(series.first_step[line]), int(series.last_step[line])].append(line)
    for (count, _, _), group in alike.items():
        if _fits(count, group):
            yield group
            continue
        by_run: dict[int, list[int]] = defaultdict(list)
        for line in group:
            by_run[int(series.row[line])].append(line)
        yield from (part for part in by_run.values() if _fits(count, part))


def _fits(count: int, group: Sequence[int]) -> bool:
    return 1 < len(group) <= TOGETHER_SERIES and count * len(group) <= TOGETHER_POINTS
