"""Points that were read before: of most series nothing has changed when a dashboard asks again."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass

from tb_runhistory.records.columns import SampledPoints, SeriesColumns, SeriesKey
from tb_runhistory.store.base import SeriesReader

CAPACITY_BYTES = 24 << 20
SAMPLE_BYTES = 1100
"""What is kept of a series costs this much beside its points: its key, three arrays, and their places in memory."""

POINT_BYTES = 24


@dataclass(frozen=True, slots=True)
class SeriesState:
    """A series and what it holds: every point that is logged adds to what is shown or to what is hidden."""

    key: SeriesKey
    count: int
    hidden: int


def states_of(series: SeriesColumns, rows: Iterable[int]) -> list[SeriesState]:
    """The series at ``rows``."""
    return [SeriesState(series.key[row], int(series.count[row]), int(series.hidden[row])) for row in rows]


class PointsCache:
    """Reads samples of series through a bounded memory, the longest unused going first. Safe to use from threads."""

    def __init__(self, capacity: int = CAPACITY_BYTES) -> None:
        self._capacity = capacity
        self._kept: OrderedDict[Hashable, list[SampledPoints]] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()

    def read(self, reader: SeriesReader, states: Sequence[SeriesState], limit: int) -> list[SampledPoints]:
        """``reader.read_points`` of the series, in their order."""
        keys = [(state, limit) for state in states]
        found = {key: samples[0] for key, samples in self._find(keys).items()}
        missing = [key for key in dict.fromkeys(keys) if key not in found]
        if missing:
            read = reader.read_points([state.key for state, _ in missing], limit)
            found.update(zip(missing, read, strict=True))
            self._keep((key, [sample]) for key, sample in zip(missing, read, strict=True))
        return [found[key] for key in keys]

    def computed(
        self, what: Hashable, states: Sequence[SeriesState], compute: Callable[[], list[SampledPoints]]
    ) -> list[SampledPoints]:
        """What ``compute`` gives, which is ``what`` of the series, and is kept until one of them has changed."""
        digest = hashlib.blake2b(digest_size=16)
        for state in states:
            digest.update(repr((state.key.run_id, state.key.number, state.count, state.hidden)).encode())
        key = (what, digest.digest())
        found = self._find([key])
        if not found:
            found = {key: compute()}
            self._keep(found.items())
        return found[key]

    def _find(self, keys: Sequence[Hashable]) -> dict[Hashable, list[SampledPoints]]:
        with self._lock:
            found = {key: self._kept[key] for key in keys if key in self._kept}
            for key in found:
                self._kept.move_to_end(key)
        return found

    def _keep(self, samples: Iterable[tuple[Hashable, list[SampledPoints]]]) -> None:
        with self._lock:
            for key, kept in samples:
                if key not in self._kept and _bytes_of(kept) <= self._capacity // 10:
                    self._kept[key] = kept
                    self._size += _bytes_of(kept)
            while self._size > self._capacity:
                _, dropped = self._kept.popitem(last=False)
                self._size -= _bytes_of(dropped)


def _bytes_of(samples: Sequence[SampledPoints]) -> int:
    return sum(SAMPLE_BYTES + POINT_BYTES * len(sample.points) for sample in samples)
