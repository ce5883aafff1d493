"""Runs as plain Python objects: random trees of them, and how to record them into a store."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from hypothesis import strategies as st

from tb_runhistory.records.changes import (
    AddProperties,
    Change,
    CreateRun,
    EndRun,
    LifecycleStage,
    ParameterValue,
    SetParameter,
    SetTags,
    StartRun,
)
from tb_runhistory.records.identity import new_id
from tb_runhistory.records.status import RunStatus
from tests.conformance.builder import START, BuiltRun, History, id_of, points_of

NOW = START + 300
"""When questions are asked: some of the running runs are silent by then."""

PARAMETERS = ("lr", "model", "wide", "a.b", "min", "total_steps")
TAGS = ("team", "note", "val/loss")
PROPERTIES = ("commit",)
METRICS = ("loss", "acc", "val/loss", "a.min", "x")
VALUES: tuple[ParameterValue, ...] = (0, 1, 0.25, -3, 1e100, math.inf, -math.inf, math.nan, True, False)
WORDS = ("adam", "Adam", "", "0.25", "1e0", "true", "50%", "a_b", "axb", "Ärger", "two\nlines", "it's", '\\d`"')
LOGGED = (0.0, 1.0, 0.5, -1.5, 2.0, 1e100, math.inf, -math.inf, math.nan)
EXPERIMENTS = ("mnist", "cifar 10")
_ENDINGS = (RunStatus.COMPLETED, RunStatus.FAILED, RunStatus.CANCELED)


@dataclass(eq=False)
class ModelRun:
    """One run with all that is recorded of it. ``points`` are the values of each metric by step."""

    name: str
    experiment: str
    number: int
    created_at: float
    parent: ModelRun | None = None
    display_name: str = ""
    description: str = ""
    error: str = ""
    host: str = ""
    status: RunStatus = RunStatus.NOT_STARTED
    stage: LifecycleStage = LifecycleStage.ACTIVE
    started_at: float | None = None
    ended_at: float | None = None
    parameters: dict[str, ParameterValue] = field(default_factory=dict)
    tags: dict[str, str | None] = field(default_factory=dict)
    properties: dict[str, str] = field(default_factory=dict)
    points: dict[str, dict[int, float]] = field(default_factory=dict)
    children: list[ModelRun] = field(default_factory=list)
    session_id: str = field(default_factory=new_id)

    @property
    def run_id(self) -> str:
        """The id that the builder gives it."""
        return id_of(self.name)

    @property
    def line(self) -> list[ModelRun]:
        """The runs from the root down to this one."""
        return [*(self.parent.line if self.parent else ()), self]

    def descendants(self) -> Iterator[ModelRun]:
        """All runs below it."""
        for child in self.children:
            yield child
            yield from child.descendants()

    def record(self, history: History) -> None:
        """Records it and all that is below it, each tree in one batch."""
        below = [self, *self.descendants()]
        changes = [change for run in below for change in run._changes()]
        points = [
            (
                BuiltRun(history, run.run_id, self.run_id, "", run.session_id).series(tag),
                points_of(list(by_step), list(by_step.values())),
            )
            for run in below
            for tag, by_step in run.points.items()
        ]
        history.apply(self.run_id, changes, points)

    def _changes(self) -> Iterator[Change]:
        root_id, run_id = self.line[0].run_id, self.run_id
        path = "/".join(run.run_id for run in self.line)
        parent_id = self.parent.run_id if self.parent else None
        yield CreateRun(
            root_id, run_id, parent_id, path, self.experiment, self.display_name, self.created_at, self.description
        )
        session = self.session_id
        if self.started_at is not None:
            yield StartRun(root_id, run_id, session, self.started_at, self.host)
        if self.ended_at is not None:
            yield EndRun(root_id, run_id, session, self.status, self.ended_at, self.error)
        for name, value in self.parameters.items():
            yield SetParameter(root_id, run_id, name, value)
        yield SetTags(root_id, run_id, self.tags)
        yield AddProperties(root_id, run_id, self.properties)


def random_runs(chance: random.Random, size: int) -> list[ModelRun]:
    """``size`` random runs in trees of up to five levels, in the order of their creation."""
    runs: list[ModelRun] = []
    counts = dict.fromkeys(EXPERIMENTS, 0)
    parents: Sequence[ModelRun | None] = [None]
    for number in range(size):
        parent = chance.choice(parents)
        experiment = parent.experiment if parent else chance.choice(EXPERIMENTS)
        counts[experiment] += 1
        run = ModelRun(f"run-{number}", experiment, counts[experiment], START + number, parent)
        _fill(run, chance)
        runs.append(run)
        if parent is not None:
            parent.children.append(run)
        parents = [None, *(run for run in runs if len(run.line) < 5)]
    return _numbered(runs)


def forests() -> st.SearchStrategy[list[ModelRun]]:
    """Random trees of up to twenty runs."""
    return st.builds(random_runs, st.randoms(use_true_random=False), st.integers(0, 20))


def record(runs: Sequence[ModelRun], history: History) -> None:
    """Records all of the runs, tree after tree."""
    for run in runs:
        if run.parent is None:
            run.record(history)


def _numbered(runs: list[ModelRun]) -> list[ModelRun]:
    # The store numbers runs as it hears of them, which is tree after tree.
    counts = dict.fromkeys(EXPERIMENTS, 0)
    for root in runs:
        if root.parent is None:
            for run in (root, *root.descendants()):
                counts[run.experiment] += 1
                run.number = counts[run.experiment]
    return runs


def _fill(run: ModelRun, chance: random.Random) -> None:
    run.display_name = chance.choice([run.name, run.name, "Trial", "trial", ""])
    run.description = chance.choice(["", "", "a note"])
    if chance.random() < 0.9:
        run.status, run.started_at = RunStatus.RUNNING, run.created_at + chance.choice([0, 1, 250])
        run.host = chance.choice(["here", "there"])
        if chance.random() < 0.7:
            run.status, run.ended_at = chance.choice(_ENDINGS), run.started_at + chance.choice([0, 10, 60])
            run.error = "out of memory" if run.status is RunStatus.FAILED and chance.random() < 0.7 else ""
    for name in PARAMETERS:
        if chance.random() < 0.5:
            run.parameters[name] = chance.choice(VALUES if chance.random() < 0.6 else WORDS)
    for name in TAGS:
        if chance.random() < 0.4:
            run.tags[name] = chance.choice([None, *WORDS])
    for name in PROPERTIES:
        if chance.random() < 0.4:
            run.properties[name] = chance.choice(WORDS)
    for tag in METRICS:
        if chance.random() < 0.5:
            steps = chance.sample([0, 1, 2, 5, 10, -4], chance.choice([1, 1, 2, 4]))
            run.points[tag] = {step: chance.choice(LOGGED) for step in sorted(steps)}
