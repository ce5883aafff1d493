"""A shipper that ends, as if it were killed, when it reaches a step."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tb_runhistory.shipping.drain import JournalDrain
from tb_runhistory.shipping.shipper import Shipper
from tb_runhistory.store.base import RunHistoryWriter, TreeBatch

STEPS = ("read", "begin", "apply", "commit", "mark", "unlink")
"""Read and not applied; before a transaction; part of the trees applied; all applied; noted for the owner; removed."""
KILLED = 70


class StoppingWriter(RunHistoryWriter):
    """Another writer, before, amid or behind whose transactions the process ends."""

    def __init__(self, writer: RunHistoryWriter, step: str) -> None:
        self._writer = writer
        self._step = step

    def applied(self, journal_id: str) -> Mapping[str, int]:
        return self._writer.applied(journal_id)

    def apply(self, batches: Sequence[TreeBatch]) -> None:
        if self._step == "begin":
            os._exit(KILLED)
        if self._step == "apply":
            self._writer.apply(batches[:1])
            os._exit(KILLED)
        self._writer.apply(batches)
        if self._step == "commit":
            os._exit(KILLED)

    def refuse(self, journal_id: str, root_id: str, after: int, sequence: int, run_ids: Mapping[str, int]) -> None:
        self._writer.refuse(journal_id, root_id, after, sequence, run_ids)

    def forget(self, journal_id: str) -> None:
        self._writer.forget(journal_id)

    def beat(self, runs: Sequence[tuple[str, str]], now: float) -> None:
        self._writer.beat(runs, now)

    def remove_deleted(self, progress: Callable[[int, int], None] | None = None) -> int:
        return self._writer.remove_deleted(progress)

    def close(self) -> None:
        self._writer.close()


class StoppingShipper(Shipper):
    """A shipper whose process ends at ``step``."""

    def __init__(self, spool: Path, open_writer: Callable[[], RunHistoryWriter], step: str) -> None:
        super().__init__(spool, lambda: StoppingWriter(open_writer(), step))
        self._step = step

    def _read(self, drains: Sequence[JournalDrain]) -> list[JournalDrain]:
        read = super()._read(drains)
        if self._step == "read":
            os._exit(KILLED)
        return read

    def _tidy(self, drain: JournalDrain) -> None:
        drain.mark()
        if self._step == "mark":
            os._exit(KILLED)
        if drain.clear_consumed() and self._step == "unlink":
            os._exit(KILLED)
        super()._tidy(drain)
