"""What the tab's HTTP API answers, message by message. Standard library only: the frontend's types are made from it.

Every answer but that of ``points`` is one of these as JSON, with the field names as they stand here. Times are
seconds since the epoch, None where there is none. Numbers are 64-bit floats; JSON has no word for those that are not
finite, so they travel as a ``NonFinite``.

    GET v1/version                                        Version
    GET v1/overview?experiment=                           Overview
    GET v1/columns?experiment=&kind=&text=&offset=&limit=     ColumnPage
    GET v1/runs?parent=&experiment=&filter=&show=&sort=&order=&offset=&limit=&column=…&fill=&statuses=    RunPage
    GET v1/runs/by-id?run=…&column=…&fill=                RunNames
    GET v1/runs/matching?experiment=&filter=&below=&sort=&order=&limit=    RunIds
    GET v1/groups?by=&experiment=&filter=&sort=&order=&offset=&limit=&column=…&fill=    GroupPage
    GET v1/export?format=&experiment=&filter=&sort=&order=&column=…&fill=    a table: see ``plugin/exporting.py``
    GET v1/completions?text=&position=&experiment=        Completions
    GET v1/points?tag=&run=…&limit=&first_step=&last_step=    a PointsHeader, then columns: see ``plugin/points.py``
    any, refused                                          Problem, with a 4xx or 5xx status

Where there is an ``experiment``, but for completions, there may be ``stages``: what is put away is shown, too. A
``column``, like a ``sort``, names what a cell shows, in the language of ``docs/query.md``: "metrics.loss.min",
"inherited.params.lr", "min(leaves.metrics.loss.min)". With ``fill``, "best(leaves)", a metric of a run without such a
series of its own is that statistic over its relatives: "metrics.loss" stands for "coalesce(metrics.loss,
best(leaves.metrics.loss))". Runs without a value come last in both orders. ``filter`` is a filter of that language. A
``column`` of groups is a statistic over what their runs have: "mean:metrics.loss".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class NonFinite:
    """A number that JSON cannot say."""

    non_finite: Literal["NaN", "Infinity", "-Infinity"]


@dataclass(frozen=True, slots=True)
class RolledUp:
    """A statistic over ``over`` values of relatives, of which ``best`` is the run that has it, "" where none has."""

    rolled_up: float | NonFinite
    over: int
    best: str


@dataclass(frozen=True, slots=True)
class Inherited:
    """A parameter that the run has not itself, of the run ``source`` above it."""

    inherited: bool | float | str | NonFinite
    source: str


Cell = bool | float | str | NonFinite | RolledUp | Inherited | None
"""The value of one column at one run; None where the run has none."""

Status = Literal["NotStarted", "Queued", "Preparing", "Running", "NotResponding", "Completed", "Failed", "Canceled"]
"""The state of a run that is to be shown now."""

Stage = Literal["active", "archived", "deleted"]
"""Whether a run is put away; the stage of its experiment counts where that is further out of sight."""


@dataclass(frozen=True, slots=True)
class Version:
    """``version`` differs whenever an answer may differ from an earlier one."""

    version: str


@dataclass(frozen=True, slots=True)
class Experiment:
    """An experiment and the number of its runs, children included.

    ``view`` is how its runs are shown where an address says nothing, as an address says it: "sort=metrics.loss". It is
    "" where nobody has said.
    """

    name: str
    description: str
    view: str
    runs: int


@dataclass(frozen=True, slots=True)
class Column:
    """A metric, a parameter with what is inherited, a tag or a property that runs in scope have.

    ``runs`` have it themselves; of tags and properties that is not counted, and 0.
    """

    column: str
    runs: int


@dataclass(frozen=True, slots=True)
class Overview:
    """What there is to show: ``location`` is the store's URI without secrets, ``runs`` the number of runs in scope.

    ``matches`` of them meet the filter of the store's URI, which leaves out all others; it is None without one.
    ``experiments`` are all that TensorBoard was started for, whichever of them was asked for.
    ``columns`` are those that most runs have, metrics first, each kind by how many runs have it, then by name. They are
    at most 200, half of them metrics where there are as many of both; ``metric_count`` and ``parameter_count`` say how
    many there are, and ``columns`` finds the others. ``has_progress`` is whether any run says how many steps it
    will log.
    """

    location: str
    experiments: list[Experiment]
    runs: int
    matches: int | None
    columns: list[Column]
    metric_count: int
    parameter_count: int
    has_progress: bool


@dataclass(frozen=True, slots=True)
class ColumnPage:
    """``columns`` are those from ``offset`` on among the ``total`` that were found, in the order of an overview."""

    total: int
    offset: int
    columns: list[Column]


@dataclass(frozen=True, slots=True)
class StatusCount:
    """How many runs have one status."""

    status: Status
    runs: int


@dataclass(frozen=True, slots=True)
class Run:
    """One row of the tree. ``cells`` are in the order of the page's columns.

    ``name`` is the display name, or "run N" where there is none; ``error`` what ended a failed run;
    ``ended_at`` of a run that does not respond is when it was last heard of; ``children`` the number of its direct
    children that are shown; ``dropped`` the number of points that found no room in the journal. ``is_match`` is false
    for a run that is shown for the sake of others. ``descendants`` has the statuses of all that are below it, empty
    where they were not asked for. ``number`` is 0 at a run of which nothing is known but that others are below it.
    """

    run_id: str
    name: str
    experiment: str
    number: int
    status: Status
    stage: Stage
    error: str
    created_at: float
    started_at: float | None
    ended_at: float | None
    children: int
    dropped: int
    is_match: bool
    descendants: list[StatusCount]
    cells: list[Cell]


@dataclass(frozen=True, slots=True)
class RunPage:
    """``runs`` are those from ``offset`` on among the ``total`` children of one parent, or roots, in the wanted order.

    ``now`` is the server's clock, against which the duration of a running run is counted. With a filter, ``matches`` of
    the ``runs_in_scope`` meet it, wherever they are in the trees; both are None without one.
    """

    total: int
    offset: int
    now: float
    matches: int | None
    runs_in_scope: int | None
    columns: list[str]
    runs: list[Run]


@dataclass(frozen=True, slots=True)
class RunName:
    """What a run is called. ``ancestors`` are the ids of those above it, the root first, ``path`` their names.

    ``cells`` are in the order of the columns.
    """

    run_id: str
    name: str
    experiment: str
    ancestors: list[str]
    path: list[str]
    cells: list[Cell]


@dataclass(frozen=True, slots=True)
class RunNames:
    """``runs`` are those that were asked for, in that order, but for runs that are not there."""

    columns: list[str]
    runs: list[RunName]


@dataclass(frozen=True, slots=True)
class Group:
    """Runs that have one ``value`` in a column, None where they have none.

    They are the ``runs`` that meet ``condition`` beside the filter, shown as "tops"; it is "" where the value is too
    long to be asked for. ``statuses`` and ``cells`` are over these runs.
    """

    value: Cell
    condition: str
    runs: int
    statuses: list[StatusCount]
    cells: list[Cell]


@dataclass(frozen=True, slots=True)
class GroupPage:
    """``groups`` are those from ``offset`` on among ``total``, in the wanted order.

    Of the ``runs_in_scope`` so many are ``matches`` of the filter, or all without one.
    """

    total: int
    offset: int
    matches: int
    runs_in_scope: int
    columns: list[str]
    groups: list[Group]


@dataclass(frozen=True, slots=True)
class RunIds:
    """``run_ids`` are the first, in the wanted order, of the ``total`` runs that meet a filter."""

    total: int
    run_ids: list[str]


@dataclass(frozen=True, slots=True)
class ExportedRun:
    """One run of an exported table. ``path`` has the names of those above it, the root first; ``parent_id`` is "" at a
    root. ``cells`` are in the order of the table's columns; all else is as at a ``Run``.
    """

    run_id: str
    parent_id: str
    experiment: str
    path: list[str]
    name: str
    status: Status
    stage: Stage
    created_at: float
    started_at: float | None
    ended_at: float | None
    cells: list[Cell]


@dataclass(frozen=True, slots=True)
class ExportedRuns:
    """An exported table. ``problem`` says why ``runs`` are not all, where something went wrong half way."""

    columns: list[str]
    runs: list[ExportedRun]
    problem: str | None


@dataclass(frozen=True, slots=True)
class Completions:
    """What may stand in a filter at a place: each of ``texts`` in place of what is there from ``start`` to ``stop``."""

    start: int
    stop: int
    texts: list[str]


@dataclass(frozen=True, slots=True)
class Series:
    """What is shown of one series: ``count`` points out of the ``total`` in the window.

    ``damaged`` is how many points cannot be read, counting whole every block that reaches into the window. ``state`` is
    a text that differs when the series holds something else. Of a series that is still in the state that whoever asks
    knows nothing but that is said: it ``is_unchanged``, and the counts are 0.
    """

    run_id: str
    count: int
    total: int
    damaged: int
    state: str
    is_unchanged: bool


@dataclass(frozen=True, slots=True)
class PointsHeader:
    """Stands before the columns of ``points``; ``series`` are in the order of the runs that were asked for.

    A run without the tag has no entry.
    """

    tag: str
    series: list[Series]


@dataclass(frozen=True, slots=True)
class Problem:
    """Why there is no answer, for the person who asked: what is wrong and what to do.

    ``position`` is the character of a filter or a column that is wrong, ``expected`` what may stand there.
    """

    error: str
    position: int | None
    expected: list[str]
