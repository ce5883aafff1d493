"""What stores answer to random questions about random runs, held against what the questions mean in plain Python."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tb_runhistory.query.groups import GroupColumn, GroupField, GroupQuery, condition_of
from tb_runhistory.query.search import RunSearch
from tb_runhistory.query.terms import (
    AllOf,
    Column,
    Condition,
    Fact,
    Filled,
    Metric,
    Order,
    Parameter,
    Relation,
    RollUp,
    Statistic,
)
from tb_runhistory.query.tree import Cells, Shown, TreeQuery
from tb_runhistory.records.changes import ParameterValue
from tb_runhistory.records.columns import Scope
from tb_runhistory.store.base import RunHistoryReader
from tb_runhistory.store.opening import open_reader, open_writer
from tb_runhistory.uri import StoreUri, parse_uri
from tests.conformance.builder import History
from tests.conformance.engines import ENGINES
from tests.query.model import NOW, ModelRun, random_runs, record
from tests.query.oracle import matches, ordered, statistic_of, truth_of, value_of
from tests.query.questions import columns, conditions, fields, filled, labels, metrics, of_ancestors, parameters

SIZES = (1, 25, 80)


class Recorded:
    """Runs, and a reader of a store that has them."""

    def __init__(self, runs: list[ModelRun], reader: RunHistoryReader, uri: StoreUri) -> None:
        self.runs = runs
        self.reader = reader
        self.uri = uri

    def ids(self, runs: list[ModelRun]) -> list[str]:
        """Their ids."""
        return [run.run_id for run in runs]


@pytest.fixture(scope="module", params=[(engine, size) for engine in ENGINES for size in SIZES], ids=str)
def recorded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recorded]:
    """A store with random trees, of each engine and several sizes."""
    engine, size = request.param
    folder: Path = tmp_path_factory.mktemp("questions")
    if engine == "sqlite":
        uri = parse_uri(f"sqlite:///{folder}/runs.db")
    else:
        uri = parse_uri(request.getfixturevalue("postgres_server").new_database())
    runs = random_runs(random.Random(size), size)
    with open_writer(uri) as writer:
        record(runs, History(writer))
    with open_reader(uri) as reader:
        yield Recorded(runs, reader, uri)


many = settings(max_examples=120, suppress_health_check=[HealthCheck.too_slow])


@given(condition=conditions())
@many
def test_a_search_finds_what_matches(recorded: Recorded, condition: Condition) -> None:
    found = recorded.reader.search(RunSearch(NOW, filter=condition))
    expected = matches(recorded.runs, condition)
    assert sorted(found.run_id) == sorted(recorded.ids(expected))
    assert (found.matches, found.runs_in_scope) == (len(expected), len(recorded.runs))


@given(column=columns(), descending=st.booleans())
@many
def test_cells_are_the_values_of_a_column(recorded: Recorded, column: Column, descending: bool) -> None:
    [cells] = recorded.reader.cells(recorded.ids(recorded.runs), [column], NOW)
    for run, value in zip(recorded.runs, cells.values, strict=True):
        assert is_same(value, value_of(run, column)), (run.name, value, value_of(run, column))
    assert_best(recorded, cells, column)


@given(column=columns())
@many
def test_values_of_many_runs_are_those_of_a_column(recorded: Recorded, column: Column) -> None:
    asked = [*recorded.ids(recorded.runs), "0190aaaa-0000-7000-8000-000000000000"]
    [values] = recorded.reader.run_values(asked, [column], Scope(), NOW)
    expected = [*(value_of(run, column) for run in recorded.runs), None]
    is_plain = all(value is None or isinstance(value, float) for value in expected)
    assert values.dtype.kind == ("f" if is_plain else "O")
    for value, known in zip(values.tolist(), expected, strict=True):
        assert is_same(value, known)
        assert is_plain or type(value) is type(known)


@given(column=columns())
@many
def test_cells_of_a_page_are_the_values_of_a_column(recorded: Recorded, column: Column) -> None:
    by_id = {run.run_id: run for run in recorded.runs}
    for parent in [None, *(run for run in recorded.runs if run.children)][:4]:
        # A reader that has kept nothing reads what stands near the page only.
        with open_reader(recorded.uri) as reader:
            page = reader.tree_page(TreeQuery(NOW, parent_id=parent.run_id if parent else "", columns=(column,)))
        for run_id, value in zip(page.runs.run_id, page.values[0], strict=True):
            assert is_same(value, value_of(by_id[run_id], column))


def assert_best(recorded: Recorded, cells: Cells, column: Column) -> None:
    """What is said to be the best is a run, and there are runs where one is, or it is inherited from that one."""
    is_inherited = isinstance(column, Parameter) and column.inherited
    known = set(recorded.ids(recorded.runs))
    for best, over in zip(cells.best, cells.over.tolist(), strict=True):
        assert not best or (best in known and (over > 0 or is_inherited))


@given(column=columns(), descending=st.booleans(), limit=st.integers(1, 100))
@many
def test_a_search_is_sorted_by_a_column(recorded: Recorded, column: Column, descending: bool, limit: int) -> None:
    search = RunSearch(NOW, order=(Order(column, descending),), limit=limit)
    assert recorded.reader.search(search).run_id == recorded.ids(ordered(recorded.runs, column, descending)[:limit])


@given(column=columns(), descending=st.booleans())
@many
def test_siblings_are_sorted_by_a_column(recorded: Recorded, column: Column, descending: bool) -> None:
    for parent in [None, *(run for run in recorded.runs if run.children)][:5]:
        siblings = parent.children if parent else [run for run in recorded.runs if run.parent is None]
        query = TreeQuery(NOW, parent_id=parent.run_id if parent else "", sort=column, descending=descending)
        page = recorded.reader.tree_page(query)
        assert page.runs.run_id == recorded.ids(ordered(siblings, column, descending))
        assert page.total == len(siblings)


@given(condition=conditions(1), shown=st.sampled_from(Shown))
@many
def test_a_filtered_tree_shows_what_it_should(recorded: Recorded, condition: Condition, shown: Shown) -> None:
    expected = expected_tree(recorded.runs, condition, shown)
    for parent in [None] if shown is Shown.FLAT else [None, *(run for run in recorded.runs if run.children)][:5]:
        query = TreeQuery(NOW, parent_id=parent.run_id if parent else "", filter=condition, shown=shown, statuses=True)
        page = recorded.reader.tree_page(query)
        if shown is Shown.FLAT:
            below = expected
        elif shown is Shown.TOPS and parent is None:
            below = tops_of(matches(recorded.runs, condition))
        else:
            below = [run for run in expected if run.parent is parent]
        assert sorted(page.runs.run_id) == sorted(recorded.ids(below))
        by_id = {run.run_id: run for run in recorded.runs}
        for run_id, children, is_match in zip(page.runs.run_id, page.children, page.is_match, strict=True):
            run = by_id[run_id]
            is_whole = shown in (Shown.FLAT, Shown.TOPS)
            assert children == sum(child in expected or is_whole for child in run.children)
            assert is_match == (truth_of(run, condition) is True)
        assert page.matches == len(matches(recorded.runs, condition))
        assert page.statuses is not None
        assert page.statuses.sum() == sum(len(list(by_id[run_id].descendants())) for run_id in page.runs.run_id)


def expected_tree(runs: list[ModelRun], condition: Condition, shown: Shown) -> list[ModelRun]:
    """The runs of which a filtered tree has rows."""
    found = matches(runs, condition)
    if shown is Shown.FLAT:
        return found
    if shown is Shown.TOPS:
        return runs
    kept = {id(above) for run in found for above in run.line}
    if shown is Shown.SUBTREES:
        kept |= {id(below) for run in found for below in run.descendants()}
    return [run for run in runs if id(run) in kept]


def tops_of(runs: list[ModelRun]) -> list[ModelRun]:
    """Those whose parents are not among them."""
    return [run for run in runs if run.parent not in runs]


grouping_columns = of_ancestors(fields | parameters | labels | metrics.filter(lambda one: one.fact is not Fact.MEAN))


@given(
    by=grouping_columns,
    condition=st.none() | conditions(1),
    column=fields | parameters | metrics | filled,
    data=st.data(),
)
@many
def test_runs_are_grouped_by_what_they_have(
    recorded: Recorded, by: Column, condition: Condition | None, column: Column, data: st.DataObject
) -> None:
    tag = column.own if isinstance(column, Filled) else column
    statistic = data.draw(
        st.sampled_from([one for one in Statistic if one is not Statistic.BEST or isinstance(tag, Metric)])
    )
    asked = GroupColumn(statistic, column)
    page = recorded.reader.groups(GroupQuery(NOW, by, filter=condition, columns=(asked,), limit=1000))
    found = recorded.runs if condition is None else matches(recorded.runs, condition)
    groups: dict[tuple[type, object], list[ModelRun]] = {}
    for run in found:
        groups.setdefault((type(value_of(run, by)), value_of(run, by)), []).append(run)
    assert page.total == len(page) == len(groups)
    assert (page.matches, page.runs_in_scope) == (len(found), len(recorded.runs))
    [cells] = page.cells
    for place, value in enumerate(page.value):
        members = tops_of(groups.pop((type(value), value)))
        assert page.run_count[place] == len(members)
        assert page.statuses[place].sum() == len(members)
        values = [value_of(run, column) for run in members]
        expected = expected_cell(values, RollUp(statistic, Relation.CHILDREN, tag))  # type: ignore[arg-type]
        assert is_same(cells.values[place], expected)
        listed = and_in_group(condition, by, value)
        tops = recorded.reader.tree_page(TreeQuery(NOW, filter=listed, shown=Shown.TOPS, limit=1000))
        if not isinstance(value, str):
            # A text is compared with numbers, too: '1' with 1.
            assert sorted(tops.runs.run_id) == sorted(recorded.ids(members))


def expected_cell(values: list[ParameterValue | None], column: RollUp) -> ParameterValue | None:
    """What a group's cell has: a statistic of numbers, else the one value that there is."""
    there = [value for value in values if value is not None]
    if column.statistic is Statistic.COUNT:
        return len(there)
    numbers = [value for value in there if isinstance(value, float)]
    if numbers:
        return statistic_of(numbers, column)
    return there[0] if there and all(value == there[0] for value in there) else None


def and_in_group(condition: Condition | None, by: Column, value: ParameterValue | None) -> Condition:
    """The filter of the runs of one group."""
    of_group = condition_of(by, value)
    return of_group if condition is None else AllOf((condition, of_group))


@given(by=grouping_columns, column=metrics, descending=st.booleans())
@many
def test_groups_are_sorted_and_paged(recorded: Recorded, by: Column, column: Metric, descending: bool) -> None:
    largest = GroupColumn(Statistic.MAX, column)
    for sort in (GroupField.VALUE, GroupField.RUNS, largest):
        query = GroupQuery(NOW, by, sort=sort, descending=descending, columns=(largest,), limit=1000)
        page = recorded.reader.groups(query)
        assert None not in page.value[:-1], "runs without a value come last"
        if sort is GroupField.RUNS:
            counts = [
                count for count, value in zip(page.run_count.tolist(), page.value, strict=True) if value is not None
            ]
            assert counts == sorted(counts, reverse=descending)
        if sort is largest:
            shown = [cell for cell, value in zip(page.cells[0].values, page.value, strict=True) if value is not None]
            there = [cell for cell in shown if isinstance(cell, float)]
            assert shown == [*sorted(there, reverse=descending), *[None] * (len(shown) - len(there))]
        part = recorded.reader.groups(replace(query, offset=1, limit=2))
        assert (part.value, part.total) == (page.value[1:3], page.total)


def is_same(value: ParameterValue | None, expected: ParameterValue | None) -> bool:
    """Whether a cell has a value, with room for rounding; a NaN that is shown is a missing value."""
    if isinstance(value, float) and math.isnan(value):
        return expected is None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return type(value) is type(expected) and value == expected
    return isinstance(expected, int | float) and math.isclose(value, expected, rel_tol=1e-9, abs_tol=1e-9)
