"""The states of a run."""

from __future__ import annotations

from enum import StrEnum

HEARTBEAT_SECONDS = 10.0
"""How often the shipper renews the heartbeat of a run whose process lives."""

HEARTBEAT_TIMEOUT_SECONDS = 60.0
"""A running run whose heartbeat is older than this is shown as not responding."""


class RunStatus(StrEnum):
    """The states of a run, in the words of Azure ML's run history."""

    NOT_STARTED = "NotStarted"
    QUEUED = "Queued"
    PREPARING = "Preparing"
    RUNNING = "Running"
    NOT_RESPONDING = "NotResponding"
    COMPLETED = "Completed"
    FAILED = "Failed"
    CANCELED = "Canceled"

    @property
    def is_terminal(self) -> bool:
        """Whether a run in this state has ended (it may be resumed)."""
        return self in _TERMINAL


_TERMINAL = frozenset({RunStatus.COMPLETED, RunStatus.FAILED, RunStatus.CANCELED})


def shown_status(status: RunStatus, heartbeat_at: float | None, now: float) -> RunStatus:
    """The state to show for a run that is stored as ``status``: a silent running run is not responding.

    ``heartbeat_at`` and ``now`` are seconds since the epoch. A clock that stands behind the heartbeat
    proves nothing, so a heartbeat in the future counts as fresh.
    """
    if status is not RunStatus.RUNNING or heartbeat_at is None:
        return status
    return RunStatus.NOT_RESPONDING if now - heartbeat_at > HEARTBEAT_TIMEOUT_SECONDS else status
