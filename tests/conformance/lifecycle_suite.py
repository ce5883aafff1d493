"""What every store must do with runs and experiments that are put away, renamed, and removed for good."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from tb_runhistory.query.terms import Metric
from tb_runhistory.query.tree import TreeQuery
from tb_runhistory.records.changes import (
    CreateExperiment,
    DataClass,
    LifecycleStage,
    RenameExperiment,
    SetParameter,
    StageExperiment,
    StageRun,
)
from tb_runhistory.records.columns import ANY_STAGE, Scope
from tb_runhistory.records.identity import new_id
from tb_runhistory.store.base import RunHistoryReader, RunHistoryWriter
from tb_runhistory.store.sql.schema import experiments
from tests.conformance.builder import START, BuiltRun, History, id_of
from tests.conformance.door import StoreDoor, Suite

ALL = Scope()
ANY = Scope(stages=ANY_STAGE)
ACTIVE, ARCHIVED, DELETED = LifecycleStage.ACTIVE, LifecycleStage.ARCHIVED, LifecycleStage.DELETED


def stage(run: BuiltRun, stage: LifecycleStage) -> None:
    """Puts a run and all below it away, or back."""
    run.apply(StageRun(run.root_id, run.run_id, stage))


def counts(reader: RunHistoryReader) -> dict[str, int]:
    """How many runs each experiment has."""
    experiments = reader.experiments()
    return dict(zip(experiments.name, experiments.run_count.tolist(), strict=True))


def columns(reader: RunHistoryReader) -> dict[str, int]:
    """How many runs have each column."""
    counted = reader.tree_columns(ALL)
    names = [column.tag if isinstance(column, Metric) else column.name for column in counted.column]
    return dict(zip(names, counted.run_count.tolist(), strict=True))


class LifecycleSuite(Suite):
    """The tests."""

    @pytest.fixture
    def sweep(self, history: History) -> BuiltRun:
        """A sweep with two trials, one of which has a fold; each has a parameter and a metric."""
        sweep = history.root("sweep")
        first, _ = sweep.child("first"), sweep.child("second")
        first.child("fold")
        for run_id in map(id_of, ("sweep", "first", "second", "fold")):
            run = BuiltRun(history, run_id, sweep.root_id, "", sweep.session_id)
            run.apply(SetParameter(sweep.root_id, run_id, "lr", 1)).log("loss", [0])
        return sweep

    @pytest.mark.parametrize("put_away", [ARCHIVED, DELETED])
    def test_a_run_is_put_away_with_all_below_it(
        self, history: History, sweep: BuiltRun, reader: RunHistoryReader, put_away: LifecycleStage
    ) -> None:
        first = BuiltRun(history, id_of("first"), sweep.root_id, "")
        stage(first, put_away)
        assert reader.runs(ALL).chosen_id == ["sweep", "second"]
        assert counts(reader) == {"mnist": 2}
        assert columns(reader) == {"lr": 2, "loss": 2}
        assert len(reader.series(ALL, DataClass.SCALAR)) == len(reader.parameters(ALL)) == 2
        page = reader.tree_page(TreeQuery(START, parent_id=sweep.run_id))
        assert (page.runs.chosen_id, page.total) == (["second"], 1)
        top = reader.tree_page(TreeQuery(START))
        assert (top.runs.chosen_id, top.children.tolist()) == (["sweep"], [1])
        both = reader.runs(Scope(run_ids=(first.run_id,), stages=frozenset({ACTIVE, put_away})))
        assert both.chosen_id == ["first", "fold"]
        assert reader.runs(ANY).stage == [ACTIVE, put_away, ACTIVE, put_away]
        assert reader.find_runs("fold") == [id_of("fold")], "who names it finds it"
        stage(first, ACTIVE)
        assert len(reader.runs(ALL)) == 4
        assert counts(reader) == {"mnist": 4}
        assert columns(reader) == {"lr": 4, "loss": 4}

    def test_what_is_made_below_a_run_that_is_put_away_is_put_away(
        self, history: History, sweep: BuiltRun, reader: RunHistoryReader
    ) -> None:
        stage(sweep, ARCHIVED)
        sweep.child("late").log("loss", [0])
        assert len(reader.runs(ALL)) == 0
        assert counts(reader) == {"mnist": 0}
        assert columns(reader) == {}
        late = reader.runs(Scope(only=(id_of("late"),), stages=ANY_STAGE))
        assert late.stage == [ARCHIVED]
        stage(sweep, ACTIVE)
        assert counts(reader) == {"mnist": 5}
        assert columns(reader) == {"lr": 4, "loss": 5}

    def test_a_run_that_is_put_away_can_be_recorded_into(
        self, history: History, sweep: BuiltRun, reader: RunHistoryReader
    ) -> None:
        stage(sweep, DELETED)
        sweep.log("loss", [1, 2]).log("new", [0])
        stage(sweep, ACTIVE)
        facts = reader.series(Scope(only=(sweep.run_id,)), DataClass.SCALAR)
        assert (facts.tag, facts.count.tolist()) == (["loss", "new"], [3, 1])
        assert columns(reader) == {"lr": 4, "loss": 4, "new": 1}

    def test_an_experiment_is_put_away_whatever_becomes_of_its_runs(
        self, history: History, sweep: BuiltRun, reader: RunHistoryReader
    ) -> None:
        history.root("other", experiment="cifar")
        stage(BuiltRun(history, id_of("second"), sweep.root_id, ""), ARCHIVED)
        history.apply("", [StageExperiment("mnist", ARCHIVED)])
        assert reader.runs(ALL).chosen_id == ["other"]
        assert counts(reader) == {"cifar": 1}
        assert columns(reader) == {}
        assert len(reader.runs(Scope(experiment="mnist"))) == 0
        assert len(reader.runs(Scope(experiment="mnist", stages=ANY_STAGE))) == 4
        everything = reader.experiments(ANY)
        assert dict(zip(everything.name, everything.stage, strict=True)) == {"mnist": ARCHIVED, "cifar": ACTIVE}
        history.apply("", [StageExperiment("mnist", ACTIVE)])
        assert reader.runs(ALL).chosen_id == ["sweep", "first", "fold", "other"]

    def test_an_experiment_can_be_called_something_else(
        self, history: History, sweep: BuiltRun, reader: RunHistoryReader
    ) -> None:
        history.root("other", experiment="cifar")
        history.apply("", [RenameExperiment("mnist", "digits")])
        assert counts(reader) == {"digits": 4, "cifar": 1}
        assert reader.runs(Scope(experiment="digits")).experiment == ["digits"] * 4
        history.apply("", [RenameExperiment("digits", "cifar"), RenameExperiment("nobody", "somebody")])
        assert counts(reader) == {"digits": 4, "cifar": 1}, "a name that is taken, and one that is not there"
        sweep.child("late")
        assert counts(reader) == {"digits": 5, "cifar": 1}, "a tree stays where it is"
        history.root("again", experiment="mnist")
        assert counts(reader) == {"digits": 5, "cifar": 1, "mnist": 1}

    def test_a_damaged_id_of_an_experiment_keeps_none_from_being_made(
        self, history: History, door: StoreDoor, reader: RunHistoryReader
    ) -> None:
        history.root("before", experiment="hurt")
        with door.raw() as connection:
            connection.execute(update(experiments).values(experiment_id=2**31 - 1))
        for name in ("first", "second"):
            history.root(name, experiment=name)
        assert reader.runs(Scope(experiment="second")).chosen_id == ["second"]
        assert {"hurt", "first", "second"} <= set(reader.experiments().name)

    def test_a_child_is_in_the_experiment_of_its_root(self, history: History, reader: RunHistoryReader) -> None:
        root = history.root("root")
        history.add(
            BuiltRun(history, id_of("child"), root.run_id, f"{root.path}/{id_of('child')}"),
            "child",
            root.run_id,
            experiment="another",
        )
        assert reader.runs(ALL).experiment == ["mnist", "mnist"]

    def test_what_is_deleted_is_removed_for_good(
        self, door: StoreDoor, history: History, writer: RunHistoryWriter, sweep: BuiltRun, reader: RunHistoryReader
    ) -> None:
        kept = history.root("kept").log("loss", [0])
        gone = history.root("gone", experiment="cifar").log("loss", range(100)).log_texts("note", [(0, "x" * 100_000)])
        history.apply("", [CreateExperiment("cifar", START, "to be deleted")])
        stage(BuiltRun(history, id_of("first"), sweep.root_id, ""), DELETED)
        history.apply("", [StageExperiment("cifar", DELETED)])
        position = reader.changes(None).position
        seen: list[tuple[int, int]] = []
        assert writer.remove_deleted(lambda done, total: seen.append((done, total))) == 3
        assert seen[-1] == (3, 3)
        assert reader.runs(ANY).chosen_id == ["sweep", "second", "kept"]
        assert reader.experiments(ANY).name == ["mnist"]
        assert counts(reader) == {"mnist": 3}
        assert columns(reader) == {"loss": 3, "lr": 2} or columns(reader) == {"lr": 2, "loss": 3}
        assert door.stored_rows("gone") == door.stored_rows("first") == 0
        changed = reader.changes(position).runs
        assert changed is None or (gone.root_id, gone.run_id) in changed
        assert writer.remove_deleted() == 0
        kept.log("loss", [1])
        assert reader.series(Scope(only=(kept.run_id,)), DataClass.SCALAR).count.tolist() == [2]

    def test_a_run_that_was_removed_may_be_heard_of_again(
        self, history: History, writer: RunHistoryWriter, reader: RunHistoryReader
    ) -> None:
        run = history.root("run").log("loss", [0])
        stage(run, DELETED)
        writer.remove_deleted()
        assert len(reader.runs(ANY)) == 0
        run.session_id = new_id()
        run.log("loss", [1])
        assert reader.runs(ANY).run_id == [run.run_id]
