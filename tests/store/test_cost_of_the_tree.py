"""A page of the tree costs what is on it: as many questions to the database however many runs and columns there are."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine, event

from tb_runhistory.query.terms import Attribute, Column, Field, Metric, Parameter
from tb_runhistory.query.tree import TreeQuery
from tb_runhistory.records.changes import Change, CreateRun, DeclareSeries, SetParameter
from tb_runhistory.records.columns import Scope
from tb_runhistory.records.points import Points
from tb_runhistory.store.base import LoggedPoints, RunHistoryReader, TreeBatch
from tb_runhistory.store.opening import open_reader, open_writer
from tb_runhistory.store.sql.runs import cells as tree_cells
from tb_runhistory.uri import parse_uri
from tests.conformance.builder import JOURNAL, START, id_of, points_of

PARAMETERS, METRICS = 6, 4
COLUMNS: tuple[Column, ...] = (
    *(Parameter(f"p{number}", inherited=True) for number in range(PARAMETERS)),
    *(Metric(f"m{number}") for number in range(METRICS)),
)
SWEEP, SESSION = id_of("sweep"), id_of("session")
MOST_STATEMENTS = 12
ORDERS: list[Column] = [
    *map(Field, (Attribute.CREATED, Attribute.NAME, Attribute.STATUS, Attribute.STARTED, Attribute.DURATION)),
    COLUMNS[0],
    COLUMNS[-1],
]


def sweep_of(folder: Path, trials: int) -> RunHistoryReader:
    """A reader of a store with one sweep of so many trials, each with parameters and metrics; p0 is the sweep's."""
    uri = parse_uri(f"sqlite:///{folder}/runs-{trials}.db")
    changes: list[Change] = [
        CreateRun(SWEEP, SWEEP, None, SWEEP, "mnist", "sweep", START, chosen_id="sweep"),
        SetParameter(SWEEP, SWEEP, "p0", 1),
    ]
    points: list[tuple[DeclareSeries, Points]] = []
    for number in range(trials):
        run_id = id_of(f"trial-{number:05}")
        changes.append(CreateRun(SWEEP, run_id, SWEEP, f"{SWEEP}/{run_id}", "mnist", "", START + number))
        changes += [SetParameter(SWEEP, run_id, f"p{place}", place * number) for place in range(1, PARAMETERS)]
        for place in range(METRICS):
            series = DeclareSeries(SWEEP, run_id, SESSION, 1, f"m{place}", metric=f"m{place}")
            points.append((series, points_of([0, 1], [0.0, float(number % 7)])))
    with open_writer(uri) as writer:
        writer.apply([TreeBatch(JOURNAL, SWEEP, 0, 1, changes, LoggedPoints.of(points))])
    return open_reader(uri)


@contextmanager
def counted_statements() -> Iterator[list[str]]:
    """The statements that are executed in the block, but for those that begin and end transactions."""
    statements: list[str] = []

    def note(connection: object, cursor: object, statement: str, *rest: object) -> None:
        if statement != "BEGIN":
            statements.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(Engine, "before_cursor_execute", note)


@pytest.mark.parametrize("sort", ORDERS, ids=str)
def test_a_page_takes_as_many_statements_however_many_runs_there_are(tmp_path: Path, sort: Column) -> None:
    taken = set()
    for trials in (3, 300):
        query = TreeQuery(START, parent_id=SWEEP, sort=sort, limit=50, columns=COLUMNS)
        with sweep_of(tmp_path, trials) as reader, counted_statements() as statements:
            page = reader.tree_page(query)
            assert (len(page.runs), page.total) == (min(trials, 50), trials)
        taken.add(len(statements))
    assert len(taken) == 1
    assert taken.pop() <= MOST_STATEMENTS


@pytest.mark.parametrize(
    ("scope", "most"),
    [(Scope(), 1), (Scope(experiment="mnist"), 1), (Scope(run_ids=("sweep",)), 5)],
    ids=["everything", "an experiment", "a subtree"],
)
def test_columns_take_as_many_statements_however_many_runs_there_are(tmp_path: Path, scope: Scope, most: int) -> None:
    for trials in (3, 300):
        with sweep_of(tmp_path, trials) as reader, counted_statements() as statements:
            counts = reader.tree_columns(scope)
            assert counts.run_count.tolist() == [trials] * (PARAMETERS - 1) + [1] + [trials] * METRICS
        assert len(statements) <= most


def test_what_is_counted_by_the_writer_reads_no_run(tmp_path: Path) -> None:
    with sweep_of(tmp_path, 300) as reader, counted_statements() as statements:
        reader.experiments()
        reader.tree_columns(Scope(experiment="mnist"))
    assert not [statement for statement in statements if "FROM runs" in statement or "JOIN runs" in statement]


def test_cells_are_read_for_the_runs_of_the_page_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    read = tree_cells._own_parameters

    def noting(connection: object, members: list[tuple[str, str]], names: list[str]) -> object:
        asked.append(len(members))
        return read(connection, members, names)  # type: ignore[arg-type]

    monkeypatch.setattr(tree_cells, "_own_parameters", noting)
    with sweep_of(tmp_path, 300) as reader:
        page = reader.tree_page(TreeQuery(START, parent_id=SWEEP, sort=COLUMNS[1], limit=20, columns=COLUMNS))
    assert [values[0] for values in page.values[:3]] == [1, 299, 598]
    assert asked == [1, 21], "the one run above, whose parameters are inherited, and the page with it"


@pytest.mark.parametrize("parent_id", ["", SWEEP], ids=["roots", "children"])
def test_a_page_by_creation_sorts_no_more_than_it_shows(tmp_path: Path, parent_id: str) -> None:
    with sweep_of(tmp_path, 300) as reader, counted_statements() as statements:
        reader.tree_page(TreeQuery(START, parent_id=parent_id, limit=20))
    [choosing] = [statement for statement in statements if "ORDER BY" in statement]
    with closing(sqlite3.connect(tmp_path / "runs-300.db")) as connection:
        plan = connection.execute(f"EXPLAIN QUERY PLAN {choosing}", [SWEEP.encode()] * choosing.count("?")).fetchall()
    described = " ".join(step for *_, step in plan)
    assert "USING INDEX" in described
    assert "TEMP B-TREE FOR ORDER BY" not in described, "an index has them in order, but for runs of one moment"
