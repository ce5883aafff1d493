"""Finds the records that a store cannot take among those it can, and passes over them.

How far a journal is applied is one number a tree, so that a batch can only be divided by the order of its records: the
first half is applied before the second. Each record that is found is kept in the spool before the store counts it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from time import monotonic

from tb_runhistory.shipping.drain import JournalDrain
from tb_runhistory.shipping.saying import describe
from tb_runhistory.store.base import RunHistoryWriter, TreeBatch

DIVIDE_SECONDS = 1.0
"""How long one journal may be divided in one cycle: the others wait meanwhile."""

Attempt = Callable[[Callable[[RunHistoryWriter], None]], Exception | None]
"""Does something with the writer, and gives back why the store does not take it. An outage is raised."""


class Division:
    """Applies what a drain has read last in ever smaller parts, down to the records that are refused."""

    def __init__(self, drain: JournalDrain, attempt: Attempt) -> None:
        self.refused = 0
        """Records that were kept and passed over."""
        self.reason = ""
        """Why the store did not take the last of them."""
        self.failure: Exception | None = None
        """Why nothing could be passed over."""
        self._drain = drain
        self._attempt = attempt
        self._until = monotonic() + DIVIDE_SECONDS

    def apply(self) -> bool:
        """False: some of it is not applied, for want of time or because the store counts no refused records.

        Raises:
          OSError: what is refused cannot be kept.
          StoreError: the store cannot be used now.
        """
        return all(self._apply(batch.root_id, batch) for batch in self._drain.batches)

    def _apply(self, root_id: str, batch: TreeBatch) -> bool:
        error = self._attempt(lambda writer: writer.apply([batch]))
        if error is None:
            return True
        if monotonic() > self._until:
            return False
        sequences = [place.sequence for place in self._drain.places(root_id, batch.after, batch.sequence)]
        if len(set(sequences)) < 2:
            return self._pass_over(root_id, batch, error)
        middle = sequences[(len(sequences) - 1) // 2]
        if middle == sequences[-1]:
            middle = sequences[0]
        parts = (self._drain.part(root_id, batch.after, middle), self._drain.part(root_id, middle, batch.sequence))
        return all(self._apply(root_id, part) for part in parts if part is not None)

    def _pass_over(self, root_id: str, batch: TreeBatch, error: Exception) -> bool:
        self.reason = describe(error)
        places = self._drain.places(root_id, batch.after, batch.sequence)
        for place in places:
            self._drain.keep_refused(place, self.reason)
        counts = Counter(place.run_id for place in places if place.run_id is not None)
        journal = self._drain.journal_id
        self.failure = self._attempt(
            lambda writer: writer.refuse(journal, root_id, batch.after, batch.sequence, counts)
        )
        if self.failure is not None:
            return False
        self.refused += len(places)
        return True
