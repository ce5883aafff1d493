"""Applying a change again, or the same history from two journals, changes nothing; who keeps a view reads little."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import numpy as np
import pytest

from tb_runhistory.records.changes import (
    AddProperties,
    Change,
    CreateExperiment,
    CreateRun,
    DescribeRun,
    EndRun,
    LifecycleStage,
    RemoveTags,
    RenameExperiment,
    SetParameter,
    SetTags,
    StageExperiment,
    StageRun,
    StartRun,
)
from tb_runhistory.records.columns import ANY_STAGE, Scope
from tb_runhistory.records.status import RunStatus
from tb_runhistory.store.base import LoggedPoints, RunHistoryReader, TreeBatch
from tests.conformance.builder import START, History, id_of
from tests.conformance.door import StoreDoor

ROOT, CHILD = id_of("root"), id_of("child")
ROOT_SESSION, CHILD_SESSION = id_of("session of the root"), id_of("session of the child")
PATH = f"{ROOT}/{CHILD}"

HISTORY: list[Change] = [
    CreateRun(ROOT, ROOT, None, ROOT, "mnist", "sweep", START, "a **sweep**"),
    StartRun(ROOT, ROOT, ROOT_SESSION, START, "host"),
    CreateRun(ROOT, CHILD, ROOT, PATH, "mnist", "trial", START + 1, chosen_id="child"),
    StartRun(ROOT, CHILD, CHILD_SESSION, START + 1, "host"),
    SetParameter(ROOT, CHILD, "lr", 0.1),
    SetParameter(ROOT, CHILD, "seed", 2**60),
    SetParameter(ROOT, CHILD, "nan", math.nan),
    SetTags(ROOT, CHILD, {"good": "yes", "bare": None}),
    RemoveTags(ROOT, CHILD, ("bare",)),
    AddProperties(ROOT, CHILD, {"commit": "abc"}),
    DescribeRun(ROOT, CHILD, "trial 1", None),
    EndRun(ROOT, CHILD, CHILD_SESSION, RunStatus.FAILED, START + 9, "boom"),
    EndRun(ROOT, ROOT, ROOT_SESSION, RunStatus.COMPLETED, START + 10),
]


def answers(reader: RunHistoryReader) -> list[object]:
    """Everything that a reader says of runs, in plain values."""
    scope = Scope(stages=ANY_STAGE)
    everything: list[Any] = [reader.experiments(scope), reader.runs(scope), reader.parameters(scope)]
    said: list[object] = []
    for columns in (*everything, reader.tags(scope), reader.properties(scope)):
        for field in fields(columns):
            column = getattr(columns, field.name)
            said.append((field.name, repr(column.tolist() if isinstance(column, np.ndarray) else column)))
    counted = reader.tree_columns(Scope())
    return [*said, counted.column, counted.run_count.tolist()]


def apply(door: StoreDoor, journal: str, changes: Sequence[Change], together: bool) -> None:
    """Applies the changes of one journal, in one batch or one by one."""
    groups = [changes] if together else [[change] for change in changes]
    with door.open_writer() as writer:
        for after, group in enumerate(groups):
            writer.apply([TreeBatch(id_of(journal), ROOT, after, after + 1, group, LoggedPoints.of([]))])


@pytest.mark.parametrize("together", [True, False], ids=["in one batch", "one by one"])
def test_the_same_history_from_another_journal_changes_nothing(door: StoreDoor, together: bool) -> None:
    apply(door, "first", HISTORY, together)
    with door.open_reader() as reader:
        before = answers(reader)
    apply(door, "second", HISTORY, together)
    with door.open_reader() as reader:
        assert answers(reader) == before
        assert reader.runs(Scope()).status == [RunStatus.COMPLETED, RunStatus.FAILED]


def test_batches_make_no_difference(door: StoreDoor) -> None:
    apply(door, "journal", HISTORY, together=True)
    with door.open_reader() as reader:
        together = answers(reader)
    with door.open_writer() as writer:
        writer.apply([TreeBatch(id_of("other"), ROOT, 0, 1, [StageRun(ROOT, ROOT, LifecycleStage.DELETED)], NO_POINTS)])
        writer.remove_deleted()
    apply(door, "one by one", HISTORY, together=False)
    with door.open_reader() as reader:
        apart = answers(reader)
    # Numbers go on: no two runs of an experiment ever had the same.
    assert [row for row in apart if not _is_number(row)] == [row for row in together if not _is_number(row)]


NO_POINTS = LoggedPoints.of([])


def _is_number(row: object) -> bool:
    return isinstance(row, tuple) and row[0] == "number"


def test_creations_may_come_last(door: StoreDoor) -> None:
    late = [change for change in HISTORY if isinstance(change, CreateRun)]
    early = [change for change in HISTORY if not isinstance(change, CreateRun | DescribeRun)]
    apply(door, "child", early, together=False)
    with door.open_reader() as reader:
        assert set(reader.runs(Scope()).experiment) == {"recovered"}
        assert reader.tree_columns(Scope()).run_count.tolist() == [1, 1, 1]
    apply(door, "parent", late, together=True)
    with door.open_reader() as reader:
        runs = reader.runs(Scope())
        assert runs.run_id == [ROOT, CHILD]
        assert runs.experiment == ["mnist", "mnist"]
        assert runs.display_name == ["sweep", "trial"]
        assert runs.status == [RunStatus.COMPLETED, RunStatus.FAILED]
        assert sorted(runs.number.tolist()) == [1, 2]
        assert reader.experiments().name == ["mnist"], "what was only guessed leaves nothing behind"
        assert reader.tree_columns(Scope(experiment="mnist")).run_count.tolist() == [1, 1, 1]


class TestChangesSince:
    """What a reader says of what has changed."""

    @pytest.fixture
    def history(self, door: StoreDoor) -> Any:
        """A builder over a writer that is closed at the end."""
        with door.open_writer() as writer:
            yield History(writer)

    @pytest.fixture
    def reader(self, door: StoreDoor, history: History) -> Any:
        """A reader that is closed at the end."""
        with door.open_reader() as reader:
            yield reader

    def test_only_the_runs_that_a_transaction_touched(self, history: History, reader: RunHistoryReader) -> None:
        sweep = history.root("sweep")
        trial = sweep.child("trial")
        other = history.root("other")
        assert reader.changes(None).runs is None, "who has seen nothing reads everything"
        position = reader.changes(None).position
        assert reader.changes(position).runs == []
        for change in (
            lambda: trial.log("loss", [0]),
            lambda: trial.apply(SetTags(sweep.root_id, trial.run_id, {"a": None})),
            lambda: history.writer.beat([(sweep.root_id, trial.run_id)], START + 500),
            lambda: trial.end(),
        ):
            change()
            changes = reader.changes(position)
            assert changes.runs == [(sweep.root_id, trial.run_id)], "and not the runs above it"
            position = changes.position
        other.log("loss", [0])
        fold = trial.child("fold")
        found = reader.changes(position).runs
        assert found is not None
        assert set(found) == {(other.root_id, other.run_id), (sweep.root_id, fold.run_id)}

    def test_a_change_of_an_experiment_concerns_its_runs(self, history: History, reader: RunHistoryReader) -> None:
        history.root("sweep")
        for change in (
            RenameExperiment("mnist", "digits"),
            StageExperiment("digits", LifecycleStage.ARCHIVED),
        ):
            position = reader.changes(None).position
            history.apply("", [change])
            changes = reader.changes(position)
            assert (changes.runs, changes.experiments) == ([], True)
        position = reader.changes(None).position
        history.apply("", [CreateExperiment("digits", START, "described")])
        changes = reader.changes(position)
        assert (changes.runs, changes.experiments) == ([], False), "that concerns no run"

    def test_what_is_put_away_has_changed_with_all_below_it(self, history: History, reader: RunHistoryReader) -> None:
        sweep = history.root("sweep")
        trial = sweep.child("trial")
        position = reader.changes(None).position
        sweep.apply(StageRun(sweep.root_id, sweep.run_id, LifecycleStage.ARCHIVED))
        found = reader.changes(position).runs
        assert found is not None
        assert set(found) == {(sweep.root_id, sweep.run_id), (sweep.root_id, trial.run_id)}

    def test_after_runs_were_removed_all_may_have_changed(self, history: History, reader: RunHistoryReader) -> None:
        history.root("kept")
        gone = history.root("gone")
        gone.apply(
            StageRun(gone.root_id, gone.run_id, LifecycleStage.DELETED),
        )
        gone.end()
        position = reader.changes(None).position
        assert history.writer.remove_deleted() == 1
        changes = reader.changes(position)
        assert changes.runs is None
        assert reader.changes(changes.position).runs == []
