"""What every store must answer to questions about relatives, and to searches."""

from __future__ import annotations

import pytest

from tb_runhistory.errors import BadRequest
from tb_runhistory.query.parsing import parse_column, parse_filter, parse_order
from tb_runhistory.query.search import RunSearch
from tb_runhistory.query.terms import Matches, Parameter
from tb_runhistory.query.tree import Cells, Shown, TreePage, TreeQuery
from tb_runhistory.records.changes import (
    CreateExperiment,
    Direction,
    LifecycleStage,
    ParameterValue,
    SetParameter,
    StageRun,
)
from tb_runhistory.records.columns import ACTIVE, ANY_STAGE, Scope
from tb_runhistory.records.status import RunStatus
from tb_runhistory.store.base import RunHistoryReader
from tests.conformance.builder import START, BuiltRun, History, id_of
from tests.conformance.door import Suite

NOW = START + 30


def sweep(history: History) -> BuiltRun:
    """Two trials: one of two folds, with losses 1 and 3, and one of its own, with the loss 8; the last fold failed."""
    root = history.root("sweep")
    folded = root.child("folded")
    folded.apply(SetParameter(root.root_id, folded.run_id, "lr", 0.1))
    folded.child("fold-0").log("loss", [0, 1], [5.0, 1.0]).end()
    folded.child("fold-1").log("loss", [0], [3.0]).end(RunStatus.FAILED)
    root.child("alone").log("loss", [0], [8.0])
    return root


def page(reader: RunHistoryReader, parent: str = "", now: float = NOW, text: str = "", **asked: object) -> TreePage:
    """A page in the order of creation, with a filter if any."""
    query = TreeQuery(now, parent_id=id_of(parent), descending=False, filter=parse_filter(text), **asked)  # type: ignore[arg-type]
    return reader.tree_page(query)


def cells(reader: RunHistoryReader, text: str, *runs: str) -> Cells:
    """One column of some runs."""
    [found] = reader.cells([id_of(run) for run in runs], [parse_column(text)], NOW)
    return found


def search(reader: RunHistoryReader, text: str, order: str = "created", scope: Scope | None = None) -> list[str]:
    """The ids of the runs that match."""
    return reader.search(RunSearch(NOW, scope or Scope(), parse_filter(text), parse_order(order))).run_id


def ids(*names: str) -> list[str]:
    """The ids of runs."""
    return [id_of(name) for name in names]


class QuestionsSuite(Suite):
    """The tests."""

    def test_a_cell_is_a_run_s_own_fact_or_made_of_those_below(
        self, history: History, reader: RunHistoryReader
    ) -> None:
        sweep(history)
        runs = ("sweep", "folded", "alone", "nobody")
        found = cells(reader, "coalesce(metrics.loss.min, min(leaves.metrics.loss.min))", *runs)
        assert (found.values, found.over.tolist()) == ([1.0, 1.0, 8.0, None], [3, 2, 0, 0])
        assert found.best == [id_of("fold-0"), id_of("fold-0"), "", ""]
        most = cells(reader, "max(children.metrics.loss)", *runs)
        assert (most.values, most.best) == ([8.0, 3.0, None, None], [*ids("alone", "fold-1"), "", ""])

    def test_an_inherited_parameter_says_from_which_run_it_is(self, history: History, reader: RunHistoryReader) -> None:
        root = history.root("root")
        root.apply(SetParameter(root.root_id, root.run_id, "lr", 0.1))
        trial = root.child("trial")
        fold, other = trial.child("fold"), trial.child("other")
        other.apply(SetParameter(other.root_id, other.run_id, "lr", 0.2))
        found = cells(reader, "inherited.params.lr", "root", "trial", "fold", "other")
        assert (found.values, found.best) == ([0.1, 0.1, 0.1, 0.2], ["", root.run_id, root.run_id, ""])
        assert (found.over.tolist(), fold.run_id) == ([0, 0, 0, 0], id_of("fold"))
        assert cells(reader, "params.lr", "fold", "other").best == ["", ""]

    def test_repeats_weigh_once(self, history: History, reader: RunHistoryReader) -> None:
        sweep(history)
        assert cells(reader, "mean(leaves.metrics.loss)", "sweep").values == [4.0]
        repeats = cells(reader, "mean(repeats.metrics.loss)", "sweep", "folded")
        assert (repeats.values, repeats.over.tolist()) == ([5.0, 2.0], [2, 2])
        assert cells(reader, "min(repeats.metrics.loss)", "sweep").best == ids("folded")

    def test_statuses_are_counted_below_each_run(self, history: History, reader: RunHistoryReader) -> None:
        sweep(history)
        for now, silent in ((NOW, 0), (NOW + 1000, 2)):
            found = page(reader, now=now, statuses=True).statuses
            assert found is not None
            counted = dict(zip(RunStatus, found[0].tolist(), strict=True))
            assert {status: count for status, count in counted.items() if count} == {
                **({RunStatus.RUNNING: 2} if not silent else {RunStatus.NOT_RESPONDING: 2}),
                RunStatus.COMPLETED: 1,
                RunStatus.FAILED: 1,
            }

    def test_what_is_put_away_is_no_relative(self, history: History, reader: RunHistoryReader) -> None:
        root = sweep(history)
        for fold in ("fold-0", "fold-1"):
            history.apply(root.root_id, [StageRun(root.root_id, id_of(fold), LifecycleStage.ARCHIVED)])
        assert cells(reader, "count(descendants)", "sweep").values == [2]
        assert cells(reader, "count(leaves)", "sweep").values == [2], "a run whose children are put away is a leaf"
        assert search(reader, "any(children.metrics.loss < 4)") == []
        everything = Scope(stages=ANY_STAGE)
        assert search(reader, "any(children.metrics.loss < 4)", scope=everything) == ids("folded")
        put_away = Scope(stages=ANY_STAGE - ACTIVE)
        assert search(reader, "", scope=put_away) == ids("fold-0", "fold-1")

    def test_a_filter_says_what_matches_and_how_many(self, history: History, reader: RunHistoryReader) -> None:
        sweep(history)
        history.root("other", experiment="cifar").log("loss", [0], [0.5])
        found = page(reader, text="parent.params.lr = 0.1 and status = 'Failed'")
        assert (found.runs.run_id, found.is_match.tolist()) == (ids("sweep"), [False])
        assert (found.matches, found.runs_in_scope, found.children.tolist()) == (1, 6, [1])
        below = page(reader, "folded", text="parent.params.lr = 0.1 and status = 'Failed'")
        assert (below.runs.run_id, below.is_match.tolist(), below.total) == (ids("fold-1"), [True], 1)
        flat = page(reader, text="metrics.loss < 4", shown=Shown.FLAT, limit=2)
        assert (flat.runs.run_id, flat.total) == (ids("fold-0", "fold-1"), 3)
        subtree = page(reader, "folded", text="name = 'folded'", shown=Shown.SUBTREES)
        assert (subtree.total, subtree.is_match.tolist(), subtree.matches) == (2, [False, False], 1)
        assert page(reader, "folded", text="name = 'folded'").total == 0

    def test_a_search_is_of_its_scope(self, history: History, reader: RunHistoryReader) -> None:
        sweep(history)
        history.root("other", experiment="cifar").log("loss", [0], [0.5])
        assert search(reader, "metrics.loss < 4", "metrics.loss desc") == ids("fold-1", "fold-0", "other")
        assert search(reader, "metrics.loss < 4", scope=Scope(experiment="mnist")) == ids("fold-0", "fold-1")
        assert search(reader, "metrics.loss < 9", scope=Scope(run_ids=tuple(ids("folded")))) == ids("fold-0", "fold-1")
        assert search(reader, "", scope=Scope(only=tuple(ids("alone", "nobody")))) == ids("alone")
        assert search(reader, "", scope=Scope(experiment="nothing")) == []
        # What is left out of the scope is a relative all the same.
        assert search(reader, "min(leaves.metrics.loss) = 1", scope=Scope(only=tuple(ids("sweep")))) == ids("sweep")

    def test_a_search_can_be_of_what_stands_below_one_run(self, history: History, reader: RunHistoryReader) -> None:
        sweep(history)
        history.root("elsewhere").log("loss", [0], [2.0])
        for run, found in (("folded", ["folded", "fold-0", "fold-1"]), ("alone", ["alone"]), ("nobody", [])):
            asked = RunSearch(NOW, order=parse_order("created"), below=id_of(run))
            assert reader.search(asked).run_id == ids(*found)
        within = RunSearch(NOW, filter=parse_filter("metrics.loss > 2"), below=id_of("folded"))
        assert reader.search(within).run_id == ids("fold-1")

    def test_a_page_of_a_search_says_how_many_there_are(self, history: History, reader: RunHistoryReader) -> None:
        for number in range(5):
            history.root(f"r{number}").log("loss", [0], [number])
        found = reader.search(RunSearch(NOW, filter=parse_filter("metrics.loss > 0"), offset=1, limit=2))
        assert (found.run_id, found.matches, found.runs_in_scope) == (ids("r3", "r2"), 4, 5)

    def test_the_best_is_by_the_direction_that_was_said(self, history: History, reader: RunHistoryReader) -> None:
        root = history.root("root")
        for name, value in (("low", 1.0), ("high", 2.0)):
            root.child(name).log("score", [0], [value])
        text = "best(children.metrics.score)"
        assert cells(reader, text, "root").best == ids("high"), "guessed by its name"
        history.apply("", [CreateExperiment("mnist", START, directions={"score": Direction.MINIMIZE})])
        assert cells(reader, text, "root").best == ids("low")
        [given] = reader.cells(ids("root"), [parse_column(text)], NOW, {"score": Direction.MAXIMIZE})
        assert (given.values, given.best) == ([2.0], ids("high"))

    def test_the_values_of_a_column_are_counted(self, history: History, reader: RunHistoryReader) -> None:
        values: list[ParameterValue] = ["adam", "Adam", "adam", True, 1, 0.5]
        for number, value in enumerate(values):
            run = history.root(f"r{number}")
            run.apply(SetParameter(run.root_id, run.run_id, "of", value))
        found = reader.column_values(Parameter("of"), Scope(), NOW)
        assert found.value[0] == "adam"
        assert dict(zip(map(repr, found.value), found.run_count.tolist(), strict=True)) == {
            "'adam'": 2,
            "'Adam'": 1,
            "True": 1,
            "1.0": 1,
            "0.5": 1,
        }
        assert reader.column_values(Parameter("of"), Scope(), NOW, "ADA", limit=1).value == ["adam"]

    def test_a_pattern_that_cannot_be_used_is_refused(self, history: History, reader: RunHistoryReader) -> None:
        history.root("run")
        for pattern in ("(", "a{1000}{1000}{1000}"):
            with pytest.raises(BadRequest, match=r"pattern|expression"):
                reader.search(RunSearch(NOW, filter=Matches(Parameter("model"), pattern)))

    def test_a_run_is_as_far_as_its_last_step_is_of_its_total(self, history: History, reader: RunHistoryReader) -> None:
        root = history.root("sweep")
        root.apply(SetParameter(root.root_id, root.run_id, "total_steps", 10))
        root.child("half").log("loss", [0, 4]).log("accuracy", [2])
        root.child("over").log("loss", [5, 99])
        root.child("begun")
        own = root.child("own").log("loss", [0])
        own.apply(SetParameter(root.root_id, own.run_id, "total_steps", 4))
        odd = root.child("odd").log("loss", [7])
        odd.apply(SetParameter(root.root_id, odd.run_id, "total_steps", "many"))
        history.root("alone").log("loss", [3])
        runs = ("half", "over", "begun", "own", "odd", "alone", "sweep")
        expected = [0.5, 1.0, 0.0, 0.25, None, None, 0.0]
        assert cells(reader, "steps", *runs).values == [5, 100, None, 1, 8, 4, None]
        assert cells(reader, "progress", *runs).values == expected
        rolled = cells(reader, "mean(leaves.progress)", "sweep", "alone")
        assert (rolled.values, rolled.over.tolist()) == ([pytest.approx(1.75 / 4), None], [4, 0])
        assert search(reader, "progress < 1", "progress desc") == ids("half", "own", "sweep", "begun")
        assert page(reader, "sweep", sort=parse_column("progress")).runs.chosen_id[:4] == [
            "begun",
            "own",
            "half",
            "over",
        ]
        own.log("loss", [1])
        assert cells(reader, "progress", "own").values == [0.5]
        assert search(reader, "progress = 0.5") == ids("half", "own")
