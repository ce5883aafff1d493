"""How much work a request may take. TensorBoard's client waits for ever, so the server must not."""

from __future__ import annotations

import time

from tb_runhistory.errors import StoreUnavailable

REQUEST_SECONDS = 30.0


class Deadline:
    """A bound on the processor time of the thread that makes it.

    The wait for a processor that others use is not the request's own, and what the store takes its reader bounds.
    """

    def __init__(self, seconds: float = REQUEST_SECONDS) -> None:
        self._seconds = seconds
        self._end = time.thread_time() + seconds

    def check(self) -> None:
        """Called between pieces of work.

        Raises:
          StoreUnavailable: the request has taken all that it may.
        """
        if time.thread_time() > self._end:
            raise StoreUnavailable(
                f"the answer takes more than {self._seconds:.0f} s of work: show fewer runs, or narrow the view with "
                "?experiment=NAME or ?run=ID in --runhistory_uri"
            )
