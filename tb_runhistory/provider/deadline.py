"""How long a request may take. TensorBoard's client waits for ever, so the server must not."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tb_runhistory.errors import StoreUnavailable

REQUEST_SECONDS = 30.0


class Deadline:
    """A moment after which work is given up."""

    def __init__(self, seconds: float = REQUEST_SECONDS) -> None:
        self._seconds = seconds
        self._end = time.monotonic() + seconds

    def check(self) -> None:
        """Called between pieces of work.

        Raises:
          StoreUnavailable: the moment has passed.
        """
        if time.monotonic() > self._end:
            raise self._too_late()

    @contextmanager
    def holding(self, lock: threading.Lock) -> Iterator[None]:
        """Waits for ``lock``, but not beyond the moment, and holds it.

        Raises:
          StoreUnavailable: the moment has passed.
        """
        if not lock.acquire(timeout=max(0.0, self._end - time.monotonic())):
            raise self._too_late()
        try:
            yield
        finally:
            lock.release()

    def _too_late(self) -> StoreUnavailable:
        return StoreUnavailable(
            f"the answer took longer than {self._seconds:.0f} s: show fewer runs, or narrow the view with "
            "?experiment=NAME or ?run=ID in --runhistory_uri"
        )
