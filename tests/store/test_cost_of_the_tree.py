"""A page of the tree costs what is on it: as many questions to the database however many runs and columns there are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Engine, event

from tb_runhistory.records.changes import Change, CreateRun, DeclareSeries, SetParameter
from tb_runhistory.records.columns import Scope
from tb_runhistory.records.tree import ColumnKind, RunField, TreeColumn, TreeQuery
from tb_runhistory.store import tree_cells
from tb_runhistory.store.base import LoggedPoints, RunHistoryReader, TreeBatch
from tb_runhistory.store.opening import open_reader, open_writer
from tb_runhistory.uri import parse_uri
from tests.conformance.builder import JOURNAL, START, points_of

PARAMETERS, METRICS = 6, 4
COLUMNS = (
    *(TreeColumn(ColumnKind.PARAMETER, f"p{number}") for number in range(PARAMETERS)),
    *(TreeColumn(ColumnKind.METRIC, f"m{number}") for number in range(METRICS)),
)
MOST_STATEMENTS = 8
ORDERS: list[RunField | TreeColumn] = [*RunField, COLUMNS[0], COLUMNS[-1]]


def sweep_of(folder: Path, trials: int) -> RunHistoryReader:
    """A reader of a store with one sweep of so many trials, each with parameters and metrics; p0 is the sweep's."""
    uri = parse_uri(f"sqlite:///{folder}/runs-{trials}.db")
    changes: list[Change] = [
        CreateRun("sweep", "sweep", None, "sweep", "mnist", "sweep", START),
        SetParameter("sweep", "sweep", "p0", 1),
    ]
    points = []
    for number in range(trials):
        run_id = f"trial-{number:05}"
        changes.append(CreateRun("sweep", run_id, "sweep", f"sweep/{run_id}", "mnist", run_id, START + number))
        changes += [SetParameter("sweep", run_id, f"p{each}", each * number) for each in range(1, PARAMETERS)]
        for each in range(METRICS):
            series = DeclareSeries("sweep", run_id, "session", 1, f"m{each}", metric=f"m{each}")
            points.append(LoggedPoints(series, points_of([0, 1], [0.0, float(number % 7)])))
    with open_writer(uri) as writer:
        writer.apply([TreeBatch(JOURNAL, "sweep", 1, changes, points, [])])
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
def test_a_page_takes_as_many_statements_however_many_runs_there_are(
    tmp_path: Path, sort: RunField | TreeColumn
) -> None:
    taken = set()
    for trials in (3, 300):
        query = TreeQuery(START, parent_id="sweep", sort=sort, limit=50, columns=COLUMNS)
        with sweep_of(tmp_path, trials) as reader, counted_statements() as statements:
            page = reader.tree_page(query)
            assert (len(page.runs), page.total) == (min(trials, 50), trials)
        taken.add(len(statements))
    assert len(taken) == 1
    assert taken.pop() <= MOST_STATEMENTS


def test_columns_take_as_many_statements_however_many_runs_there_are(tmp_path: Path) -> None:
    for trials in (3, 300):
        for scope in (Scope(), Scope(experiment="mnist"), Scope(run_ids=("sweep",))):
            with sweep_of(tmp_path, trials) as reader, counted_statements() as statements:
                counts = reader.tree_columns(scope)
                assert counts.run_count.tolist() == [trials] * (PARAMETERS - 1) + [1] + [trials] * METRICS
            assert len(statements) == 2
        (tmp_path / f"runs-{trials}.db").unlink()


def test_cells_are_read_for_the_runs_of_the_page_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    read = tree_cells._own_parameters

    def noting(connection: object, members: list[tuple[str, str]], names: list[str]) -> object:
        asked.append(len(members))
        return read(connection, members, names)  # type: ignore[arg-type]

    monkeypatch.setattr(tree_cells, "_own_parameters", noting)
    with sweep_of(tmp_path, 300) as reader:
        page = reader.tree_page(TreeQuery(START, parent_id="sweep", sort=COLUMNS[1], limit=20, columns=COLUMNS))
    assert [cells[0] for cells in page.cells[:3]] == [1, 299, 598]
    assert asked == [1, 20], "the one run above, whose parameters are inherited, and the page"
