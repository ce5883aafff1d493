"""Waiting until what was recorded is all in the store."""

from __future__ import annotations

import time
from pathlib import Path

from benchmarks.command import MeasurementError
from tb_runhistory.journal.spool import journal_folders


def wait_for_rest(folder: Path, seconds: float) -> None:
    """Waits until the shipper has emptied the spool in ``folder`` and gone, so that the files are what stays.

    Raises:
      MeasurementError: it has not within ``seconds``.
    """
    [spool] = (folder / "journals").iterdir()
    deadline = time.monotonic() + seconds
    while journal_folders(spool) or (folder / "runs.db-wal").exists():
        if time.monotonic() > deadline:
            raise MeasurementError(f"the shipper has not come to rest in {folder}")
        time.sleep(0.02)
