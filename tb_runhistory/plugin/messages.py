"""What the tab's HTTP API answers, message by message. Standard library only: the frontend's types are made from it.

Every answer but that of ``points`` is one of these as JSON, with the field names as they stand here. Times are
seconds since the epoch, None where there is none. Numbers are 64-bit floats; JSON has no word for those that are not
finite, so they travel as a ``NonFinite``.

    GET v1/version                                        Version
    GET v1/overview?experiment=                           Overview
    GET v1/runs?parent=&experiment=&sort=&order=&offset=&limit=&column=…    RunPage
    GET v1/points?tag=&run=…&limit=&first_step=&last_step=    a PointsHeader, then columns: see ``plugin/points.py``
    any, refused                                          Problem, with a 4xx or 5xx status

A ``column``, like a ``sort``, names what a cell shows: "param:lr" the run's parameter lr (its own, or what it
inherits), "metric:loss" the last value of its series with the tag loss. ``sort`` also takes "created", "name",
"status", "started" and "duration". Runs without a value come last in both orders.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class NonFinite:
    """A number that JSON cannot say."""

    non_finite: Literal["NaN", "Infinity", "-Infinity"]


Cell = bool | float | str | NonFinite | None
"""The value of one column at one run; None where the run has none."""


@dataclass(frozen=True, slots=True)
class Version:
    """``version`` differs whenever an answer may differ from an earlier one."""

    version: str


@dataclass(frozen=True, slots=True)
class Experiment:
    """An experiment and the number of its runs, children included."""

    name: str
    description: str
    runs: int


@dataclass(frozen=True, slots=True)
class Column:
    """A parameter or metric that runs in scope have. ``runs`` is how many have it themselves."""

    column: str
    runs: int


@dataclass(frozen=True, slots=True)
class Overview:
    """What there is to show: ``location`` is the store's URI without secrets, ``runs`` the number of runs in scope.

    ``experiments`` are all that TensorBoard was started for, whichever of them was asked for.
    ``columns`` are ordered with parameters first, each kind by how many runs have it, then by name; at most
    200 of ``column_count``. ``experiments`` are all that can be chosen from, whichever was asked for.
    """

    location: str
    experiments: list[Experiment]
    runs: int
    columns: list[Column]
    column_count: int


@dataclass(frozen=True, slots=True)
class Run:
    """One row of the tree. ``status`` is the state to show now, ``cells`` are in the order of the page's columns.

    ``name`` is the display name, or "run N" where there is none; ``error`` what ended a failed run;
    ``ended_at`` of a run that does not respond is when it was last heard of; ``children`` the
    number of its direct children; ``dropped`` the number of points that found no room in the journal.
    """

    run_id: str
    name: str
    experiment: str
    number: int
    status: Literal["NotStarted", "Queued", "Preparing", "Running", "NotResponding", "Completed", "Failed", "Canceled"]
    error: str
    created_at: float
    started_at: float | None
    ended_at: float | None
    children: int
    dropped: int
    cells: list[Cell]


@dataclass(frozen=True, slots=True)
class RunPage:
    """``runs`` are those from ``offset`` on among the ``total`` children of one parent, or roots, in the wanted order.

    ``now`` is the server's clock, against which the duration of a running run is counted.
    """

    total: int
    offset: int
    now: float
    columns: list[str]
    runs: list[Run]


@dataclass(frozen=True, slots=True)
class Series:
    """What is shown of one series: ``count`` points out of the ``total`` in the window.

    ``damaged`` is how many points cannot be read, counting whole every block that reaches into the window.
    """

    run_id: str
    count: int
    total: int
    damaged: int


@dataclass(frozen=True, slots=True)
class PointsHeader:
    """Stands before the columns of ``points``; ``series`` are in the order of the runs that were asked for.

    A run without the tag has no entry.
    """

    tag: str
    series: list[Series]


@dataclass(frozen=True, slots=True)
class Problem:
    """Why there is no answer, for the person who asked: what is wrong and what to do."""

    error: str
