"""A reader that goes on asking answers what one that has just been opened does, whatever has changed meanwhile."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from tb_runhistory.query.search import FoundRuns, RunSearch
from tb_runhistory.query.terms import (
    Attribute,
    Column,
    Comparison,
    CountOf,
    Fact,
    Field,
    Label,
    LabelKind,
    Metric,
    Operator,
    Order,
    Parameter,
    Relation,
    RollUp,
    Statistic,
)
from tb_runhistory.query.tree import TreeQuery
from tb_runhistory.records.changes import (
    LifecycleStage,
    ParameterValue,
    RenameExperiment,
    SetParameter,
    SetTags,
    StageRun,
)
from tb_runhistory.records.columns import Scope
from tb_runhistory.records.status import RunStatus
from tb_runhistory.store.base import RunHistoryReader, RunHistoryWriter
from tb_runhistory.store.sql.questions import kept
from tests.conformance.builder import START, BuiltRun, History
from tests.conformance.door import StoreDoor

NOW = START + 100
LOSS = Metric("loss", Fact.MIN)
COLUMNS: tuple[Column, ...] = (
    LOSS,
    Metric("loss", Fact.FIRST),
    Parameter("lr", inherited=True),
    Label(LabelKind.TAG, "team"),
    Field(Attribute.STATUS),
    Field(Attribute.NAME),
    RollUp(Statistic.MEAN, Relation.DESCENDANTS, LOSS),
    RollUp(Statistic.MEDIAN, Relation.LEAVES, Metric("loss")),
    CountOf(Relation.DESCENDANTS, Comparison(Field(Attribute.STATUS), Operator.EQUAL, "Failed")),
)
SCOPES = (Scope(), Scope(experiment="mnist"), Scope(experiment="digits"))


@pytest.fixture
def history(door: StoreDoor) -> Iterator[History]:
    """A builder of a store."""
    with door.open_writer() as writer:
        yield History(writer)


def answers(reader: RunHistoryReader) -> list[FoundRuns]:
    """The runs of each scope, sorted by each column."""
    return [
        reader.search(RunSearch(NOW, scope, order=(Order(column, descending),)))
        for column in COLUMNS
        for scope in SCOPES
        for descending in (False, True)
    ]


def test_what_has_changed_is_seen(door: StoreDoor, history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(11)
    runs = [history.root("first").log("loss", [0], [1.0])]
    with door.open_reader() as reader:
        for number in range(60):
            change(history, runs, number, chance)
            if number == 40:
                monkeypatch.setattr(kept, "_FEW", 1)
            if number % 3 == 0:
                with door.open_reader() as fresh:
                    assert answers(reader) == answers(fresh), number


def change(history: History, runs: list[BuiltRun], number: int, chance: random.Random) -> None:
    """Changes something of some run."""
    run = chance.choice(runs)
    what = chance.randrange(8)
    if what == 0:
        runs.append(history.root(f"root-{number}", experiment=chance.choice(["mnist", "cifar"])))
    elif what in (1, 2):
        runs.append(run.child(f"child-{number}").log("loss", [0, 1], [chance.random(), chance.random()]))
    elif what == 3:
        run.log("loss", [number], [chance.random()])
    elif what == 4:
        values: list[ParameterValue] = [0.1, "auto", True, number]
        run.apply(SetParameter(run.root_id, run.run_id, "lr", chance.choice(values)))
    elif what == 5:
        run.apply(SetTags(run.root_id, run.run_id, {"team": chance.choice(["red", "blue", None])}))
    elif what == 6:
        run.end(chance.choice([RunStatus.FAILED, RunStatus.COMPLETED]))
    else:
        run.apply(StageRun(run.root_id, run.run_id, chance.choice(list(LifecycleStage))))


def test_a_renamed_experiment_and_removed_runs_are_seen(door: StoreDoor, history: History) -> None:
    gone = history.root("gone").log("loss", [0], [0.5])
    history.root("stays").child("below").log("loss", [0], [1.0])
    with door.open_reader() as reader:
        assert [found.matches for found in answers(reader)[:3]] == [3, 3, 3]
        history.apply("", [RenameExperiment("mnist", "digits")])
        assert [found.matches for found in answers(reader)[:6:2]] == [3, 0, 3]
        gone.apply(StageRun(gone.root_id, gone.run_id, LifecycleStage.DELETED))
        assert isinstance(history.writer, RunHistoryWriter)
        history.writer.remove_deleted()
        with door.open_reader() as fresh:
            assert answers(reader) == answers(fresh)
        assert answers(reader)[0].runs_in_scope == 2


def test_columns_that_were_asked_for_long_ago_make_room(
    door: StoreDoor, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(20):
        history.root(f"root-{number}").log("loss", [0], [number])
    monkeypatch.setattr(kept, "MOST_BYTES", 600)
    with door.open_reader() as reader, door.open_reader() as other:
        expected = answers(other)
        for _ in range(2):
            assert answers(reader) == expected


def test_pages_are_the_same_of_what_stands_near_them_and_of_all(
    door: StoreDoor, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(6):
        root = history.root(f"root-{number}", experiment=["mnist", "digits"][number % 2])
        for child in range(3):
            root.child(f"child-{child}").log("loss", [0, 1], [number, child]).end(RunStatus.FAILED)
    queries = [
        TreeQuery(NOW, scope, offset=offset, limit=2, columns=COLUMNS, statuses=True)
        for scope in (Scope(), Scope(experiment="mnist"))
        for offset in range(4)
    ]
    with door.open_reader() as near, door.open_reader() as whole:
        expected = [near.tree_page(query) for query in queries]
        monkeypatch.setattr(kept, "_NEAR", (1, 1))
        for query, page in zip(queries, expected, strict=True):
            found = whole.tree_page(query)
            assert found.runs.run_id == page.runs.run_id
            assert [cells.values for cells in found.cells] == [cells.values for cells in page.cells]
            assert [cells.best for cells in found.cells] == [cells.best for cells in page.cells]
            assert found.statuses is not None
            assert page.statuses is not None
            assert found.statuses.tolist() == page.statuses.tolist()
