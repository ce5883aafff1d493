"""What a run history is made of: the changes that a journal carries and a store applies.

Each change names the tree (``root_id``) it belongs to, because a tree is what one transaction touches. Applying a
change twice, or one that is already superseded, must be harmless: the same run may be reported by several processes.
Times are seconds since the epoch.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from tb_runhistory.records.status import RunStatus

ParameterValue: TypeAlias = bool | int | float | str

NO_TREE = ""
"""The ``root_id`` of a change that belongs to no tree: one of the small ``experiments`` table."""


class DataClass(StrEnum):
    """What the values of a series are."""

    SCALAR = "scalar"
    TEXT = "text"


class MetricShape(StrEnum):
    """How a metric was recorded, which is how ``Run.get_metrics`` gives it back."""

    SCALAR = "scalar"
    LIST = "list"
    ROW = "row"


@dataclass(frozen=True, slots=True)
class CreateExperiment:
    """The experiment ``name`` exists. What is known of it is kept; a later description replaces an earlier one."""

    name: str
    created_at: float
    description: str = ""
    root_id: str = NO_TREE


@dataclass(frozen=True, slots=True)
class CreateRun:
    """The run exists, not started. ``path`` is the ids from the root to the run, joined by "/"."""

    root_id: str
    run_id: str
    parent_id: str | None
    path: str
    experiment: str
    display_name: str
    created_at: float
    description: str = ""


@dataclass(frozen=True, slots=True)
class StartRun:
    """The run runs in a new session: a process started it, or resumed it after an earlier session.

    ``session_id`` is a UUIDv7, so that sessions sort by when they began.
    """

    root_id: str
    run_id: str
    session_id: str
    started_at: float
    host: str


@dataclass(frozen=True, slots=True)
class EndRun:
    """The session ended and with it the run. Ignored when a later session of the run has started."""

    root_id: str
    run_id: str
    session_id: str
    status: RunStatus
    ended_at: float
    error: str = ""


@dataclass(frozen=True, slots=True)
class DescribeRun:
    """Replaces what is not None."""

    root_id: str
    run_id: str
    display_name: str | None = None
    description: str | None = None


@dataclass(frozen=True, slots=True)
class SetParameter:
    """Records a parameter. The first value stands: one that is there already is kept."""

    root_id: str
    run_id: str
    name: str
    value: ParameterValue


@dataclass(frozen=True, slots=True)
class SetTags:
    """Sets tags, each to a text or to None (a bare label)."""

    root_id: str
    run_id: str
    tags: dict[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RemoveTags:
    """Removes tags; one that is not there is no error."""

    root_id: str
    run_id: str
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AddProperties:
    """Adds properties; one that is there already is kept."""

    root_id: str
    run_id: str
    properties: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DeclareSeries:
    """The series ``tag`` of a run is logged to in the session, under a number that holds in one journal only.

    ``metric`` is the name given to ``Run.log`` and its kin, and ``column`` the column of a row or table
    (``tag`` is then "metric/column").
    """

    root_id: str
    run_id: str
    session_id: str
    number: int
    tag: str
    data_class: DataClass = DataClass.SCALAR
    metric: str = ""
    column: str = ""
    shape: MetricShape = MetricShape.SCALAR
    description: str = ""


@dataclass(frozen=True, slots=True)
class LogText:
    """One text of the series that the journal declared under ``number``."""

    root_id: str
    number: int
    step: int
    wall_time: float
    text: str


@dataclass(frozen=True, slots=True)
class DropPoints:
    """``count`` further points of the run found no room in the journal. They were never acknowledged."""

    root_id: str
    run_id: str
    count: int


Change: TypeAlias = (
    CreateExperiment
    | CreateRun
    | StartRun
    | EndRun
    | DescribeRun
    | SetParameter
    | SetTags
    | RemoveTags
    | AddProperties
    | DropPoints
)
"""What a store's writer applies."""

JournalRecord: TypeAlias = Change | DeclareSeries | LogText
"""What a journal carries besides points."""
