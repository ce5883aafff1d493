"""The meaning of questions, case by case: the oracle that stores are held against is held against examples."""

from __future__ import annotations

import math
import random
from pathlib import Path

import pytest
from hypothesis import given

from tb_runhistory.query.terms import (
    Ancestor,
    Attribute,
    Column,
    Comparison,
    Condition,
    CountOf,
    EveryRelative,
    Fact,
    Field,
    Filled,
    Label,
    LabelKind,
    Like,
    Metric,
    Not,
    OfAncestor,
    Operator,
    Parameter,
    Relation,
    RollUp,
    SomeRelative,
    Statistic,
    Within,
    readings,
)
from tb_runhistory.records.columns import Scope
from tb_runhistory.records.status import RunStatus
from tb_runhistory.store.opening import open_reader, open_writer
from tb_runhistory.uri import parse_uri
from tests.conformance.builder import START, History
from tests.query.model import ModelRun, forests, random_runs, record
from tests.query.oracle import ordered, truth_of, value_of
from tests.query.questions import columns, conditions

LOSS = Metric("loss")


def sweep() -> ModelRun:
    """A sweep with two trials of folds and one trial without: losses 1, 3; 8; and 5."""
    top = ModelRun("sweep", "mnist", 1, START, parameters={"lr": 0.25, "model": "adam"})
    for number, losses in enumerate([[1.0, 3.0], [8.0], []]):
        trial = ModelRun(f"trial-{number}", "mnist", number + 2, START, top)
        top.children.append(trial)
        for fold, loss in enumerate(losses):
            trial.children.append(ModelRun(f"{number}-{fold}", "mnist", 9, START, trial, points={"loss": {0: loss}}))
    top.children[2].points["loss"] = {0: 4.0, 7: 5.0, 8: math.nan, 9: math.inf}
    return top


@pytest.mark.parametrize(
    ("column", "value"),
    [
        (RollUp(Statistic.MIN, Relation.LEAVES, LOSS), 1.0),
        (RollUp(Statistic.MEAN, Relation.LEAVES, Metric("loss", Fact.MIN)), 4.0),
        (RollUp(Statistic.MEAN, Relation.REPEATS, Metric("loss", Fact.MIN)), (2.0 + 8.0 + 4.0) / 3),
        (RollUp(Statistic.MEAN, Relation.LEAVES, LOSS), math.inf),
        (RollUp(Statistic.BEST, Relation.DESCENDANTS, LOSS), 1.0),
        (RollUp(Statistic.COUNT, Relation.DESCENDANTS, LOSS), 4.0),
        (RollUp(Statistic.STD, Relation.CHILDREN, Metric("loss", Fact.MIN)), 0.0),
        (RollUp(Statistic.MEDIAN, Relation.CHILDREN, Parameter("lr")), None),
        (CountOf(Relation.DESCENDANTS), 6.0),
        (CountOf(Relation.LEAVES, Comparison(LOSS, Operator.GREATER, 2.0)), 3.0),
        (Filled(LOSS, RollUp(Statistic.MAX, Relation.CHILDREN, Metric("loss", Fact.MAX))), 5.0),
        (OfAncestor(Ancestor.ROOT, Parameter("lr")), 0.25),
        (OfAncestor(Ancestor.PARENT, Parameter("lr")), None),
        (Field(Attribute.ERROR), None),
    ],
)
def test_a_column_of_a_sweep(column: Column, value: float | None) -> None:
    assert value_of(sweep(), column) == value


def test_facts_of_a_metric() -> None:
    trial = sweep().children[2]
    found = {fact: value_of(trial, Metric("loss", fact)) for fact in Fact}
    assert found == {
        Fact.LAST: math.inf,
        Fact.FIRST: 4.0,
        Fact.MIN: 4.0,
        Fact.MAX: 5.0,
        Fact.MEAN: 4.5,
        Fact.COUNT: 4.0,
        Fact.ARGMIN: 0.0,
        Fact.ARGMAX: 7.0,
    }


@pytest.mark.parametrize(
    ("condition", "truth"),
    [
        (Comparison(Parameter("lr"), Operator.LESS, 1.0), True),
        (Comparison(Parameter("lr"), Operator.EQUAL, "0.250"), True),
        (Comparison(Parameter("lr"), Operator.EQUAL, "adam"), None),
        (Not(Comparison(Parameter("lr"), Operator.EQUAL, "adam")), None),
        (Comparison(Parameter("model"), Operator.GREATER, 1.0), None),
        (Within(Parameter("lr"), ("adam", 1.0)), False),
        (Within(Parameter("lr"), ("adam",)), None),
        (Like(Parameter("model"), "A_A%", ignore_case=True), True),
        (Comparison(Label(LabelKind.TAG, "x"), Operator.DIFFERENT, ""), None),
        (SomeRelative(Relation.CHILDREN, Comparison(LOSS, Operator.GREATER, 4.0)), True),
        (EveryRelative(Relation.LEAVES, Comparison(LOSS, Operator.GREATER, 0.0)), True),
        (EveryRelative(Relation.CHILDREN, Comparison(LOSS, Operator.GREATER, 0.0)), False),
    ],
)
def test_a_condition_on_a_sweep(condition: Condition, truth: bool | None) -> None:
    assert truth_of(sweep(), condition) is truth


def test_only_parameters_are_read_in_quotes() -> None:
    assert readings(Parameter("lr"), "1e-3") == ("1e-3", 0.001)
    assert readings(OfAncestor(Ancestor.ROOT, Parameter("wide")), "True") == ("True", True)
    assert readings(Parameter("lr"), "adam") == ("adam",)
    assert readings(Label(LabelKind.TAG, "lr"), "1e-3") == ("1e-3",)


@given(runs=forests(), column=columns(), condition=conditions())
def test_every_question_has_an_answer(runs: list[ModelRun], column: Column, condition: Condition) -> None:
    for run in runs:
        assert truth_of(run, condition) in (True, False, None)
        value = value_of(run, column)
        assert value is None or value == value
    assert sorted(map(id, ordered(runs, column, True))) == sorted(map(id, runs))


def test_random_runs_are_stored_as_they_are(tmp_path: Path) -> None:
    runs = random_runs(random.Random(3), 40)
    uri = parse_uri(f"sqlite:///{tmp_path}/runs.db")
    with open_writer(uri) as writer:
        record(runs, History(writer))
    with open_reader(uri) as reader:
        stored = reader.runs(Scope())
        rows = {run_id: row for row, run_id in enumerate(stored.run_id)}
        assert len(rows) == len(runs)
        for run in runs:
            row = rows[run.run_id]
            assert (stored.number[row], stored.depth[row]) == (run.number, len(run.line) - 1)
            assert (stored.status[row], stored.error[row]) == (run.status, run.error)
            assert stored.status[row] is not RunStatus.NOT_RESPONDING
