"""What every store must do with runs and what describes them."""

from __future__ import annotations

import math

import pytest

from tb_runhistory.query.terms import LabelKind, Metric
from tb_runhistory.records.changes import (
    NO_TREE,
    AddProperties,
    CreateExperiment,
    CreateRun,
    DataClass,
    DescribeRun,
    Direction,
    DropPoints,
    EndRun,
    LifecycleStage,
    ParameterValue,
    RemoveTags,
    RenameExperiment,
    SetParameter,
    SetTags,
    StageExperiment,
    StartRun,
)
from tb_runhistory.records.columns import Scope
from tb_runhistory.records.identity import new_id
from tb_runhistory.records.status import HEARTBEAT_TIMEOUT_SECONDS, RunStatus
from tb_runhistory.store.base import LoggedPoints, RunHistoryReader, RunHistoryWriter, TreeBatch
from tests.conformance.builder import START, BuiltRun, History, id_of, points_of
from tests.conformance.door import StoreDoor, Suite

ALL = Scope()


def names(reader: RunHistoryReader, scope: Scope = ALL) -> list[str]:
    """What people chose to call the runs in scope, in the reader's order."""
    return reader.runs(scope).chosen_id


class RunsSuite(Suite):
    """The tests."""

    def test_an_empty_store_answers_empty_columns(self, reader: RunHistoryReader) -> None:
        assert len(reader.experiments()) == len(reader.runs(ALL)) == len(reader.parameters(ALL)) == 0
        assert len(reader.tags(ALL)) == len(reader.properties(ALL)) == len(reader.series(ALL, DataClass.SCALAR)) == 0

    def test_runs_are_numbered_in_their_experiment_and_ordered_by_creation(
        self, history: History, reader: RunHistoryReader
    ) -> None:
        sweep = history.root("sweep")
        fold = sweep.child("trial-1").child("fold-1")
        history.root("other", experiment="cifar")
        history.root("late")
        runs = reader.runs(ALL)
        assert runs.chosen_id == ["sweep", "trial-1", "fold-1", "other", "late"]
        assert runs.run_id == [id_of(name) for name in runs.chosen_id]
        assert runs.number.tolist() == [1, 2, 3, 1, 4]
        assert runs.depth.tolist() == [0, 1, 2, 0, 0]
        assert runs.parent_id == ["", id_of("sweep"), id_of("trial-1"), "", ""]
        assert runs.path[2] == fold.path == "/".join(map(id_of, ["sweep", "trial-1", "fold-1"]))
        experiments = reader.experiments()
        assert dict(zip(experiments.name, experiments.run_count.tolist(), strict=True)) == {"mnist": 4, "cifar": 1}

    def test_a_scope_is_an_experiment_or_a_subtree(self, history: History, reader: RunHistoryReader) -> None:
        sweep = history.root("a")
        sweep.child("a-1").child("a-1-1")
        sweep.child("a-10")
        history.root("b", experiment="cifar")

        def only(*runs: str) -> tuple[str, ...]:
            return tuple(map(id_of, runs))

        assert names(reader, Scope(experiment="cifar")) == ["b"]
        assert names(reader, Scope(run_ids=only("a-1"))) == ["a-1", "a-1-1"]
        assert names(reader, Scope(experiment="cifar", run_ids=only("a"))) == []
        assert names(reader, Scope(run_ids=only("nobody"))) == []
        assert names(reader, Scope(run_ids=only("b", "a-1", "nobody", "a-1-1"))) == ["a-1", "a-1-1", "b"]
        assert names(reader, Scope(only=only("b", "a-1", "nobody"))) == ["a-1", "b"]
        narrow = Scope(experiment="mnist", run_ids=only("a-1"), only=only("a", "a-1-1", "b"))
        assert names(reader, narrow) == ["a-1-1"]
        assert names(reader, Scope(only=())) == []
        assert names(reader, Scope(experiment="cifar", run_ids=only("a", "b"))) == ["b"]

    def test_a_text_that_is_no_id_matches_nothing(self, history: History, reader: RunHistoryReader) -> None:
        history.root("run").log("loss", [0])
        for text in ("", "no id", "ü" * 40, "a\0b", "0" * 36, "'; DROP TABLE runs; --"):
            assert names(reader, Scope(only=(text,))) == []
            assert names(reader, Scope(run_ids=(text,))) == []
            assert reader.find_runs(text) == []

    def test_a_run_is_found_by_its_id_and_by_what_it_was_called(
        self, history: History, reader: RunHistoryReader
    ) -> None:
        sweep = history.root("sweep")
        trials = [sweep.child(new_id()) for _ in range(2)]
        folds = [
            history.add(BuiltRun(history, fold, sweep.root_id, f"{trial.path}/{fold}"), "fold-1", trial.run_id)
            for trial, fold in zip(trials, [new_id(), new_id()], strict=True)
        ]
        assert reader.find_runs(sweep.run_id) == reader.find_runs("sweep") == [sweep.run_id]
        assert reader.find_runs("fold-1") == [folds[1].run_id, folds[0].run_id], "two runs, whatever they are called"
        assert reader.find_runs("nobody") == reader.find_runs(new_id()) == []
        assert reader.runs(Scope(run_ids=("fold-1",))).run_id == [fold.run_id for fold in folds]
        assert names(reader, Scope(run_ids=("sweep",))) == ["sweep", "", "", "fold-1", "fold-1"]

    def test_the_status_follows_the_newest_session(self, history: History, reader: RunHistoryReader) -> None:
        run = history.root("run")
        first = run.session_id
        assert reader.runs(ALL).status == [RunStatus.RUNNING]
        run.end(RunStatus.FAILED, "no more memory")
        runs = reader.runs(ALL)
        assert (runs.status, runs.error) == ([RunStatus.FAILED], ["no more memory"])
        assert runs.ended_at.tolist() == [START + 60]
        run.resume()
        runs = reader.runs(ALL)
        assert (runs.status, runs.error, runs.session_id) == ([RunStatus.RUNNING], [""], [run.session_id])
        assert math.isnan(runs.ended_at[0])
        run.apply(EndRun(run.root_id, run.run_id, first, RunStatus.CANCELED, START + 99))
        assert reader.runs(ALL).status == [RunStatus.RUNNING], "the end of a session that is over changes nothing"

    def test_parameters_keep_their_type_and_their_first_value(self, history: History, reader: RunHistoryReader) -> None:
        values: dict[str, ParameterValue] = {
            "bool": True,
            "int": 2**53 + 1,
            "huge": 10**400,
            "lr": 0.1,
            "tiny": 5e-324,
            "nan": math.nan,
            "inf": -math.inf,
            "text": "adam",
        }
        run = history.root("run")
        run.apply(*(SetParameter(run.root_id, run.run_id, name, value) for name, value in values.items()))
        run.apply(SetParameter(run.root_id, run.run_id, "lr", 0.2))
        read = reader.parameters(ALL)
        stored = dict(zip(read.name, read.value, strict=True))
        assert math.isnan(float(stored.pop("nan")))
        assert math.isnan(float(values.pop("nan")))
        assert stored == values
        assert {name: type(value) for name, value in stored.items()} == {
            name: type(value) for name, value in values.items()
        }

    def test_tags_change_and_properties_do_not(self, history: History, reader: RunHistoryReader) -> None:
        run = history.root("run")
        of = (run.root_id, run.run_id)
        run.apply(SetTags(*of, {"a": "1", "b": None, "c": "3"}), SetTags(*of, {"a": "2"}))
        run.apply(RemoveTags(*of, ("c", "unknown")))
        run.apply(AddProperties(*of, {"commit": "1"}), AddProperties(*of, {"commit": "2"}))
        tags, properties = reader.tags(ALL), reader.properties(ALL)
        assert dict(zip(tags.name, tags.value, strict=True)) == {"a": "2", "b": None}
        assert dict(zip(properties.name, properties.value, strict=True)) == {"commit": "1"}

    def test_names_and_descriptions_can_change(self, history: History, reader: RunHistoryReader) -> None:
        run = history.root("run")
        run.apply(DescribeRun(run.root_id, run.run_id, "Ünïcode \u202e run", "**bold**"))
        history.apply("", [CreateExperiment("mnist", START, "digits")])
        runs = reader.runs(ALL)
        assert (runs.display_name, runs.description) == (["Ünïcode \u202e run"], ["**bold**"])
        assert reader.experiments().description == ["digits"]

    def test_names_of_labels_are_told_the_most_frequent_first(self, history: History, reader: RunHistoryReader) -> None:
        sweep, other = history.root("sweep"), history.root("other", experiment="cifar")
        for run, names in ((sweep, "ab"), (sweep.child("trial"), "b"), (other, "bc")):
            run.apply(SetTags(run.root_id, run.run_id, dict.fromkeys(names)))
        other.apply(AddProperties(other.root_id, other.run_id, {"commit": "1"}))
        assert reader.label_names(LabelKind.TAG, ALL) == ["b", "a", "c"]
        assert reader.label_names(LabelKind.TAG, Scope("mnist")) == ["b", "a"]
        assert reader.label_names(LabelKind.PROPERTY, ALL) == ["commit"]
        assert reader.label_names(LabelKind.PROPERTY, Scope("mnist")) == []

    def test_the_direction_of_a_metric_is_kept_with_its_experiment(
        self, history: History, reader: RunHistoryReader
    ) -> None:
        history.root("run").log("score", [0])
        less, more = Direction.MINIMIZE, Direction.MAXIMIZE
        history.apply(NO_TREE, [CreateExperiment("mnist", START, directions={"score": more, "ms": less})])
        before = reader.version()
        assert reader.directions(ALL) == {"score": more, "ms": less}
        history.apply(NO_TREE, [CreateExperiment("mnist", START, directions={"score": less, "ms": less})])
        history.apply(NO_TREE, [CreateExperiment("cifar", START, directions={"score": more})])
        assert reader.version() != before
        assert reader.directions(Scope("mnist")) == {"score": less, "ms": less}
        assert reader.directions(ALL) == {"score": more, "ms": less}
        assert reader.directions(Scope("nothing")) == {}
        history.apply(NO_TREE, [RenameExperiment("mnist", "digits")])
        assert reader.directions(Scope("digits")) == {"score": less, "ms": less}
        assert reader.tree_columns(Scope()).column == [Metric("score")]

    def test_how_an_experiment_is_shown_at_first_is_kept_with_it(
        self, history: History, reader: RunHistoryReader
    ) -> None:
        history.root("run").log("score", [0])
        history.root("other", experiment="cifar")

        def views() -> dict[str, str]:
            columns = reader.experiments()
            return dict(zip(columns.name, columns.view, strict=True))

        assert views() == {"mnist": "", "cifar": ""}
        before = reader.version()
        history.apply(NO_TREE, [CreateExperiment("mnist", START, view="sort=name&order=asc")])
        assert views() == {"mnist": "sort=name&order=asc", "cifar": ""}
        assert reader.version() != before
        history.apply(NO_TREE, [CreateExperiment("mnist", START, "digits")])
        # As long as can be, and nothing that a database could make shorter.
        long = "x=" + "".join(f"{number * 7919 % 65521:04x}" for number in range(499))
        history.apply(NO_TREE, [RenameExperiment("mnist", "digits"), CreateExperiment("new", START, view=long)])
        assert views() == {"digits": "sort=name&order=asc", "cifar": "", "new": long}
        history.apply(NO_TREE, [CreateExperiment("digits", START, view="sort=status")])
        assert views()["digits"] == "sort=status"
        history.apply(NO_TREE, [CreateExperiment("digits", START, view="")])
        assert views()["digits"] == ""
        assert reader.tree_columns(Scope()).column == [Metric("score")]

    def test_texts_are_ordered_by_their_bytes(self, history: History, reader: RunHistoryReader) -> None:
        run = history.root("run")
        labels = ["Z", "a", "a b", "a-b", "a_b", "ab", "B", "é", "z", "Ä", "\U0001f600", "\uffee"]
        run.apply(SetTags(run.root_id, run.run_id, dict.fromkeys(labels)))
        run.apply(*(SetParameter(run.root_id, run.run_id, label, 1) for label in labels))
        for label in labels:
            run.log(label, [0])
        expected = sorted(labels, key=lambda label: label.encode())
        assert reader.tags(ALL).name == reader.parameters(ALL).name == expected
        assert reader.series(ALL, DataClass.SCALAR).tag == expected

    def test_a_nul_in_a_text_is_replaced_wherever_it_stands(self, history: History, reader: RunHistoryReader) -> None:
        run = history.root("run", experiment="an\0experiment", description="a\0b")
        of = (run.root_id, run.run_id)
        run.apply(SetParameter(*of, "p\0", "v\0"), SetTags(*of, {"t\0": "\0"}), AddProperties(*of, {"q\0": "\0w"}))
        run.log("m\0", [0]).log_texts("text", [(0, "x\0y")]).end(RunStatus.FAILED, "\0")
        runs = reader.runs(ALL)
        assert (runs.experiment, runs.description, runs.error) == (["an\ufffdexperiment"], ["a\ufffdb"], ["\ufffd"])
        assert (reader.parameters(ALL).name, reader.parameters(ALL).value) == (["p\ufffd"], ["v\ufffd"])
        assert (reader.tags(ALL).name, reader.tags(ALL).value) == (["t\ufffd"], ["\ufffd"])
        assert (reader.properties(ALL).name, reader.properties(ALL).value) == (["q\ufffd"], ["\ufffdw"])
        assert reader.series(ALL, DataClass.SCALAR).tag == ["m\ufffd"]

    def test_dropped_points_are_counted(self, history: History, reader: RunHistoryReader) -> None:
        run = history.root("run")
        run.apply(DropPoints(run.root_id, run.run_id, 3), DropPoints(run.root_id, run.run_id, 4))
        assert (reader.runs(ALL).dropped.tolist(), reader.runs(ALL).refused.tolist()) == ([7], [0])

    def test_a_run_that_is_heard_of_before_its_creation_is_not_lost(
        self, door: StoreDoor, history: History, reader: RunHistoryReader
    ) -> None:
        history.root("root").child("child")
        run_id = id_of("r2")
        with door.open_writer() as other:
            start = StartRun(run_id, run_id, new_id(), START, "host")
            other.apply([TreeBatch(id_of("other-journal"), run_id, 0, 1, [start], LoggedPoints.of([]))])
            assert run_id in reader.runs(ALL).run_id
            late = CreateRun(run_id, run_id, None, run_id, "mnist", "named", START)
            other.apply([TreeBatch(id_of("other-journal"), run_id, 1, 2, [late], LoggedPoints.of([]))])
        runs = reader.runs(Scope(run_ids=(run_id,)))
        assert (runs.experiment, runs.display_name, runs.status) == (["mnist"], ["named"], [RunStatus.RUNNING])
        assert "child" in names(reader)
        experiments = reader.experiments()
        counted = dict(zip(experiments.name, experiments.run_count.tolist(), strict=True))
        assert {name: count for name, count in counted.items() if count} == {"mnist": 3}

    def test_an_experiment_may_be_called_like_the_place_of_what_is_unknown(
        self, history: History, reader: RunHistoryReader
    ) -> None:
        for name in ("first", "second"):
            run = history.root(name, experiment="recovered")
            history.apply(
                run.root_id,
                [CreateRun(run.root_id, run.run_id, None, run.run_id, "recovered", name, START)],
            )
        assert reader.runs(ALL).number.tolist() == [1, 2]

    def test_the_ancestors_of_a_run_exist_before_they_are_heard_of(
        self, history: History, reader: RunHistoryReader
    ) -> None:
        root, trial, fold = map(id_of, ["root", "trial", "fold"])
        path = f"{root}/{trial}/{fold}"
        create = CreateRun(root, fold, trial, path, "mnist", "fold", START + 5, chosen_id="fold")
        history.apply(root, [create], points=[(BuiltRun(history, fold, root, path).series("loss"), points_of([0]))])
        runs = reader.runs(ALL)
        assert (runs.run_id, runs.depth.tolist()) == ([root, trial, fold], [0, 1, 2])
        assert runs.experiment == ["mnist"] * 3
        assert runs.status[:2] == [RunStatus.NOT_STARTED] * 2
        assert runs.created_at.tolist() == [START + 5] * 3
        history.apply(root, [CreateRun(root, root, None, root, "mnist", "the root", START, chosen_id="root")])
        history.apply(root, [CreateRun(root, trial, root, f"{root}/{trial}", "mnist", "the trial", START + 1)])
        runs = reader.runs(ALL)
        assert runs.display_name == ["the root", "the trial", "fold"]
        assert runs.created_at.tolist() == [START, START + 1, START + 5]
        assert sorted(runs.number.tolist()) == [1, 2, 3]

    def test_a_heartbeat_renews_running_runs_only(
        self, history: History, writer: RunHistoryWriter, reader: RunHistoryReader
    ) -> None:
        runs, ended = history.root("runs"), history.root("ended").end()
        writer.beat([(runs.root_id, runs.run_id), (ended.root_id, ended.run_id)], START + 500)
        writer.beat([], START + 600)
        assert reader.runs(ALL).heartbeat_at.tolist() == [START + 500, START + 2]

    @pytest.mark.parametrize("order", ["as they were", "later heard of first"])
    def test_sessions_are_ordered_by_who_follows_whom_and_not_by_clocks(
        self, history: History, reader: RunHistoryReader, order: str
    ) -> None:
        # The first session's clock is an hour ahead, so that its id sorts behind the second's.
        early, late = "01ffffff-0000-7000-8000-000000000000", "01000000-0000-7000-8000-000000000000"
        run_id = id_of("run")
        history.apply(run_id, [CreateRun(run_id, run_id, None, run_id, "mnist", "run", START, chosen_id="run")])
        first, second = (BuiltRun(history, run_id, run_id, run_id, session) for session in (early, late))

        def report_first() -> None:
            first.apply(StartRun(run_id, run_id, early, START + 3600, "one"))
            first.log("loss", range(10), [1.0] * 10).end(RunStatus.FAILED)

        def report_second() -> None:
            second.apply(StartRun(run_id, run_id, late, START, "two", follows=early))
            second.log("loss", range(5, 12), [2.0] * 7).end()

        for report in (report_first, report_second) if order == "as they were" else (report_second, report_first):
            report()
        runs = reader.runs(ALL)
        assert (runs.status, runs.session_id) == ([RunStatus.COMPLETED], [late])
        (read,) = reader.read_points(reader.series(ALL, DataClass.SCALAR).key)
        assert read.points.steps.tolist() == list(range(12))
        assert read.points.values.tolist() == [1.0] * 5 + [2.0] * 7

    def test_what_changed_is_named_and_what_did_not_is_not(self, history: History, reader: RunHistoryReader) -> None:
        runs = {name: history.root(name) for name in ("a", "b", "c")}
        everything = reader.changes(None)
        assert everything.runs is None or len(everything.runs) == 3
        position = everything.position
        assert reader.changes(position).runs == []
        runs["a"].log("loss", [0])
        changed = reader.changes(position)
        assert changed.runs == [(id_of("a"), id_of("a"))]
        runs["b"].end()
        runs["c"].apply(SetTags(id_of("c"), id_of("c"), {"x": None}))
        later = reader.changes(changed.position)
        assert later.runs is not None
        assert set(later.runs) == {(id_of(name), id_of(name)) for name in "bc"}
        assert len(reader.changes(position).runs or []) == 3
        assert not reader.changes(position).experiments

    def test_experiments_exchange_names_and_leave_them_to_others_in_one_transaction(
        self, history: History, reader: RunHistoryReader
    ) -> None:
        history.root("a", experiment="one")
        history.root("b", experiment="two")
        exchange = [RenameExperiment("one", "x"), RenameExperiment("two", "one"), RenameExperiment("x", "two")]
        history.apply(NO_TREE, exchange)
        history.apply(NO_TREE, [RenameExperiment("one", "three"), CreateExperiment("one", START)])
        shown = reader.runs(ALL)
        assert dict(zip(shown.chosen_id, shown.experiment, strict=True)) == {"a": "two", "b": "three"}
        assert set(reader.experiments().name) == {"one", "two", "three"}

    def test_an_experiment_that_is_called_otherwise_or_put_away_is_a_change(
        self, history: History, reader: RunHistoryReader
    ) -> None:
        history.root("a")
        for change in (RenameExperiment("mnist", "digits"), StageExperiment("digits", LifecycleStage.ARCHIVED)):
            position = reader.changes(None).position
            history.apply(NO_TREE, [change])
            assert reader.changes(position).experiments

    def test_runs_that_do_not_respond_are_counted(self, history: History, reader: RunHistoryReader) -> None:
        sweep = history.root("sweep")
        sweep.child("running")
        sweep.child("done").end()
        beat = START + 2
        assert reader.count_not_responding(beat + HEARTBEAT_TIMEOUT_SECONDS / 2) == 0
        assert reader.count_not_responding(beat + HEARTBEAT_TIMEOUT_SECONDS + 1) == 2
        history.writer.beat([(sweep.root_id, sweep.run_id)], beat + HEARTBEAT_TIMEOUT_SECONDS)
        assert reader.count_not_responding(beat + HEARTBEAT_TIMEOUT_SECONDS + 1) == 1

    def test_the_version_changes_with_every_commit(self, history: History, reader: RunHistoryReader) -> None:
        run = history.root("run")
        seen = {reader.version()}
        assert reader.version() in seen
        for step in range(20):
            run.log("loss", [step])
            seen.add(reader.version())
        assert len(seen) == 21
