"""Pages of the tree against a plain model: whatever the order, each run is on one page, once, where it belongs."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tb_runhistory.query.terms import Attribute, Column, Field, Metric, Parameter
from tb_runhistory.query.tree import TreeQuery
from tb_runhistory.records.changes import DataClass, ParameterValue, SetParameter
from tb_runhistory.records.columns import Scope
from tb_runhistory.store.base import RunHistoryReader
from tb_runhistory.store.opening import open_reader, open_writer
from tb_runhistory.uri import parse_uri
from tests.conformance.builder import START, BuiltRun, History, id_of
from tests.conformance.engines import ENGINES

VALUES: list[ParameterValue] = [0, 1, True, False, 0.5, -3, 1e300, math.inf, -math.inf, math.nan, "adam", "", "Zebra"]
LR, LOSS = Parameter("lr", inherited=True), Metric("loss")
NOW = START + 500


@pytest.fixture(scope="module", params=ENGINES)
def reader(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunHistoryReader]:
    """A store with three levels of runs, some with parameters and metrics and many ties."""
    chance = random.Random(7)
    folder: Path = tmp_path_factory.mktemp("tree")
    if request.param == "sqlite":
        uri = parse_uri(f"sqlite:///{folder}/runs.db")
    else:
        uri = parse_uri(request.getfixturevalue("postgres_server").new_database())
    with open_writer(uri) as writer:
        history = History(writer)
        parents: list[BuiltRun | None] = [None]
        for number in range(90):
            parent = chance.choice(parents[-30:] if number % 3 else [None])
            name = f"run-{number}"
            run = history.root(name) if parent is None else parent.child(name)
            if chance.random() < 0.5:
                run.apply(SetParameter(run.root_id, run.run_id, "lr", chance.choice(VALUES)))
            if chance.random() < 0.6:
                run.log("loss", [0], [chance.choice([1.0, 2.0, math.nan, math.inf, -1.5])])
            if run.path.count("/") < 2:
                parents.append(run)
    with open_reader(uri) as opened:
        yield opened


class Model:
    """What the reader's whole tables say, in Python."""

    def __init__(self, reader: RunHistoryReader) -> None:
        self.runs = reader.runs(Scope())
        own = reader.parameters(Scope())
        self._own = {
            run_id: value for run_id, name, value in zip(own.run_id, own.name, own.value, strict=True) if name == "lr"
        }
        series = reader.series(Scope(), DataClass.SCALAR, ["loss"])
        self._last = {key.run_id: last for key, last in zip(series.key, series.last_value.tolist(), strict=True)}

    def key(self, row: int, sort: Column) -> tuple[float | str, ...] | None:
        """What the run in ``row`` is sorted by; None for no value."""
        if sort == Field(Attribute.CREATED):
            return (float(self.runs.created_at[row]),)
        if sort == LOSS:
            last = self._last.get(self.runs.run_id[row], math.nan)
            return None if math.isnan(last) else (last,)
        ids = self.runs.path[row].split("/")
        value = next((self._own[run_id] for run_id in reversed(ids) if run_id in self._own), None)
        if value is None or (isinstance(value, float) and math.isnan(value)):
            return None
        return (1, value) if isinstance(value, str) else (0, float(value))

    def children(self, parent_id: str, sort: Column, descending: bool) -> list[str]:
        """The ids of the children in order."""
        rows = [row for row, parent in enumerate(self.runs.parent_id) if parent == parent_id]
        keyed = [(self.key(row, sort), row) for row in rows]
        valued = sorted([(key, row) for key, row in keyed if key is not None], key=lambda each: each[0], reverse=False)
        if descending:
            valued = sorted(valued, key=lambda each: each[0], reverse=True)
        return [self.runs.run_id[row] for _, row in valued] + [
            self.runs.run_id[row] for key, row in keyed if key is None
        ]


@given(
    number=st.integers(-1, 89),
    sort=st.sampled_from([Field(Attribute.CREATED), LR, LOSS]),
    descending=st.booleans(),
    limit=st.integers(1, 40),
)
@settings(max_examples=150)
def test_pages_give_each_child_once_and_in_order(
    reader: RunHistoryReader, number: int, sort: Column, descending: bool, limit: int
) -> None:
    parent_id = "" if number < 0 else id_of(f"run-{number}")
    expected = Model(reader).children(parent_id, sort, descending)
    found: list[str] = []
    while True:
        page = reader.tree_page(
            TreeQuery(NOW, parent_id=parent_id, sort=sort, descending=descending, offset=len(found), limit=limit)
        )
        assert page.total == len(expected)
        if not len(page.runs):
            break
        found += page.runs.run_id
    assert found == expected
