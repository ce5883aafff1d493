"""Points that were read before: of most series nothing has changed when a dashboard asks again."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence

from tb_runhistory.records.columns import SampledPoints, SeriesColumns, SeriesKey
from tb_runhistory.store.base import RunHistoryReader

CAPACITY_POINTS = 1_000_000
"""About 25 MB."""

_Key = tuple[SeriesKey, int, int, int]


class PointsCache:
    """Reads samples of series through a bounded memory, the longest unused going first. Safe to use from threads."""

    def __init__(self, capacity: int = CAPACITY_POINTS) -> None:
        self._capacity = capacity
        self._kept: OrderedDict[_Key, SampledPoints] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()

    def read(
        self, reader: RunHistoryReader, series: SeriesColumns, rows: Sequence[int], limit: int
    ) -> list[SampledPoints]:
        """``reader.read_points`` of the series at ``rows``, in their order."""
        # Every point that is logged adds to what is shown or to what is hidden.
        keys = [(series.key[row], int(series.count[row]), int(series.hidden[row]), limit) for row in rows]
        found = self._find(keys)
        missing = [key for key in keys if key not in found]
        if missing:
            read = reader.read_points([key[0] for key in missing], limit)
            found.update(zip(missing, read, strict=True))
            self._keep(zip(missing, read, strict=True))
        return [found[key] for key in keys]

    def _find(self, keys: Sequence[_Key]) -> dict[_Key, SampledPoints]:
        with self._lock:
            found = {key: self._kept[key] for key in keys if key in self._kept}
            for key in found:
                self._kept.move_to_end(key)
        return found

    def _keep(self, samples: Iterable[tuple[_Key, SampledPoints]]) -> None:
        with self._lock:
            for key, sampled in samples:
                if key not in self._kept and len(sampled.points) <= self._capacity // 10:
                    self._kept[key] = sampled
                    self._size += len(sampled.points)
            while self._size > self._capacity:
                _, dropped = self._kept.popitem(last=False)
                self._size -= len(dropped.points)
