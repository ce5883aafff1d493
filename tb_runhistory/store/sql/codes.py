"""The small numbers that stand in columns for words. Their meaning never changes; new ones are added at the end."""

from __future__ import annotations

from collections.abc import Mapping

from tb_runhistory.records.changes import DataClass, LifecycleStage
from tb_runhistory.records.status import RunStatus

STATUS_CODES: Mapping[RunStatus, int] = {
    RunStatus.NOT_STARTED: 0,
    RunStatus.QUEUED: 1,
    RunStatus.PREPARING: 2,
    RunStatus.RUNNING: 3,
    RunStatus.NOT_RESPONDING: 4,
    RunStatus.COMPLETED: 5,
    RunStatus.FAILED: 6,
    RunStatus.CANCELED: 7,
}
"""``runs.status``, in the order of a run's life."""

STAGE_CODES: Mapping[LifecycleStage, int] = {
    LifecycleStage.ACTIVE: 0,
    LifecycleStage.ARCHIVED: 1,
    LifecycleStage.DELETED: 2,
}
"""``runs.stage`` and ``experiments.stage``: the greater, the further out of sight."""

DATA_CLASS_CODES: Mapping[DataClass, int] = {
    DataClass.SCALAR: 0,
    DataClass.TEXT: 1,
    DataClass.TENSOR: 2,
    DataClass.BLOB_SEQUENCE: 3,
}
"""``series.data_class``."""

BOOLEAN, INTEGER, NUMBER, TEXT = range(4)
"""``params.kind``."""

PARAMETER_NAMES, METRIC_NAMES, MINIMIZED_METRICS, MAXIMIZED_METRICS, DEFAULT_VIEWS = range(5)
"""``names.kind``. Two say the direction of metrics, the last how an experiment is shown; these count no runs."""

_STATUSES = {code: status for status, code in STATUS_CODES.items()}
_STAGES = {code: stage for stage, code in STAGE_CODES.items()}


def status_of(code: object) -> RunStatus:
    """The status that a cell stands for; of one that stands for none nobody knows how it is."""
    return _STATUSES.get(code, RunStatus.NOT_RESPONDING) if type(code) is int else RunStatus.NOT_RESPONDING


def stage_of(code: object) -> LifecycleStage:
    """The stage that a cell stands for; what stands for none is in sight."""
    return _STAGES.get(code, LifecycleStage.ACTIVE) if type(code) is int else LifecycleStage.ACTIVE
