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
    """What the values of a series are. A text is a value of one UTF-8 content, a tensor one of one ``TensorProto``."""

    SCALAR = "scalar"
    TEXT = "text"
    TENSOR = "tensor"
    BLOB_SEQUENCE = "blob_sequence"


class LifecycleStage(StrEnum):
    """Whether a run or an experiment is shown: views show active ones unless they are asked for others."""

    ACTIVE = "active"
    ARCHIVED = "archived"
    DELETED = "deleted"
    """Out of sight until it is restored, or removed for good by ``tb-runhistory gc``."""


class MetricShape(StrEnum):
    """How a metric was recorded, which is how ``Run.get_metrics`` gives it back."""

    SCALAR = "scalar"
    LIST = "list"
    ROW = "row"


class Direction(StrEnum):
    """Which value of a metric is the better one."""

    MINIMIZE = "minimize"
    MAXIMIZE = "maximize"


@dataclass(frozen=True, slots=True)
class CreateExperiment:
    """The experiment ``name`` exists. What is known of it is kept; a later description replaces an earlier one, and a
    later direction of a metric the one that it had, and a later ``view`` (how the tab shows its runs where nobody has
    chosen otherwise, as ``records.views`` checks it) an earlier one: "" for none; None keeps it.
    """

    name: str
    created_at: float
    description: str = ""
    root_id: str = NO_TREE
    directions: dict[str, Direction] = field(default_factory=dict)
    view: str | None = None


@dataclass(frozen=True, slots=True)
class RenameExperiment:
    """The experiment ``name`` is called ``new_name`` from now on. Nothing changes where that name is taken."""

    name: str
    new_name: str
    root_id: str = NO_TREE


@dataclass(frozen=True, slots=True)
class StageExperiment:
    """The experiment ``name`` is shown, archived or deleted from now on, whatever becomes of its runs alone."""

    name: str
    stage: LifecycleStage
    root_id: str = NO_TREE


@dataclass(frozen=True, slots=True)
class CreateRun:
    """The run exists, not started.

    Ids are UUIDs in their usual form. ``path`` is the ids from the root to the run, joined by "/". ``chosen_id`` is
    what a person called the run by when it was made, "" if nothing: a name to find it by, which others may have as
    well. A tree is in one experiment: that of a child is its root's.
    """

    root_id: str
    run_id: str
    parent_id: str | None
    path: str
    experiment: str
    display_name: str
    created_at: float
    description: str = ""
    chosen_id: str = ""


@dataclass(frozen=True, slots=True)
class StageRun:
    """The run and all its descendants are shown, archived or deleted from now on."""

    root_id: str
    run_id: str
    stage: LifecycleStage


@dataclass(frozen=True, slots=True)
class StartRun:
    """The run runs in a new session: a process started it, or resumed it after an earlier session.

    The store counts the sessions of a run as it hears of them. ``follows`` is the session that the process found when
    it resumed the run ("" if it found none): that one is counted first, whichever is heard of first. So the order of
    sessions is that of cause and effect, and never that of clocks or ids.
    """

    root_id: str
    run_id: str
    session_id: str
    started_at: float
    host: str
    follows: str = ""


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

    ``plugin_name`` and ``plugin_data`` are what TensorBoard's ``SummaryMetadata`` says of the series, where it has one.
    ``metric`` is the name given to ``Run.log`` and its kin ("" where it is the tag), and ``column`` the column of a row
    or table (``tag`` is then "metric/column").
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
    plugin_name: str = ""
    plugin_data: bytes = b""


@dataclass(frozen=True, slots=True)
class RestateSeries:
    """Series of one session that the journal declared before, for whoever reads it from here on."""

    root_id: str
    run_id: str
    session_id: str
    series: tuple[DeclareSeries, ...]


@dataclass(frozen=True, slots=True)
class LogText:
    """One text of the series that the journal declared under ``number``."""

    root_id: str
    number: int
    step: int
    wall_time: float
    text: str


@dataclass(frozen=True, slots=True)
class LogBlobs:
    """One value of a tensor or blob sequence series: a serialized ``TensorProto``, or the blobs of the sequence."""

    root_id: str
    number: int
    step: int
    wall_time: float
    blobs: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class DropPoints:
    """``count`` further points of the run found no room in the journal. They were never acknowledged."""

    root_id: str
    run_id: str
    count: int


Change: TypeAlias = (
    CreateExperiment
    | RenameExperiment
    | StageExperiment
    | CreateRun
    | StageRun
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

JournalRecord: TypeAlias = Change | DeclareSeries | RestateSeries | LogText | LogBlobs
"""What a journal carries besides points."""
