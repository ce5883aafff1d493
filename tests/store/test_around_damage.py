"""A page of a store's file that is lost costs what stands on it: all else is listed, paged and drawn as before."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tb_runhistory.query.parsing import parse_filter
from tb_runhistory.query.search import RunSearch
from tb_runhistory.query.terms import AnyOf, Attribute, Field, IsMissing, Metric, Not, Parameter
from tb_runhistory.query.tree import TreeQuery
from tb_runhistory.records.changes import AddProperties, DataClass, SetParameter, SetTags
from tb_runhistory.records.columns import LabelColumns, ParameterColumns, Scope
from tb_runhistory.store.base import RunHistoryReader
from tb_runhistory.store.opening import open_reader, open_writer
from tb_runhistory.uri import parse_uri
from tests.conformance.builder import START, History

RUNS = 60
PAGE = 4096


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sweep with so many trials that each table has several pages."""
    path = tmp_path_factory.mktemp("sound") / "runs.db"
    with open_writer(parse_uri(f"sqlite:///{path}")) as writer:
        sweep = History(writer).root("sweep")
        for number in range(RUNS):
            trial = sweep.child(f"trial {number}").log("loss", range(40)).log("speed", range(40))
            trial.apply(SetParameter(trial.root_id, trial.run_id, "rate", number / 10))
            trial.log_texts("note", [(0, f"trial {number} " * 10)]).end()
    return path


def hurt(sound: Path, folder: Path, table: str, least: int = 2) -> RunHistoryReader:
    """A reader of a copy that has lost a page in the midst of a table or index of at least so many pages."""
    path = folder / "hurt.db"
    shutil.copy(sound, path)
    with closing(sqlite3.connect(path)) as raw:
        leaves = "SELECT pageno FROM dbstat WHERE name = ? AND pagetype = 'leaf' ORDER BY path"
        pages = [page for (page,) in raw.execute(leaves, (table,))]
    assert len(pages) >= least, f"{table} has {len(pages)} pages"
    with path.open("r+b") as file:
        file.seek((pages[len(pages) // 2] - 1) * PAGE)
        file.write(b"\xff" * PAGE)
    return open_reader(parse_uri(f"sqlite:///{path}"))


def test_a_lost_page_of_runs_costs_their_rows_in_the_listing_and_the_tree(sound: Path, tmp_path: Path) -> None:
    with open_reader(parse_uri(f"sqlite:///{sound}")) as reader:
        whole = reader.runs(Scope())
    with hurt(sound, tmp_path, "runs") as reader:
        runs = reader.runs(Scope())
        assert RUNS / 2 < len(runs) < RUNS
        assert runs.run_id == [run_id for run_id in whole.run_id if run_id in set(runs.run_id)]
        assert reader.run_ids(Scope()) == runs.run_id
        columns = (Metric("loss"),)
        sweep = whole.run_id[0]
        page = reader.tree_page(TreeQuery(START, Scope(), sweep, Field(Attribute.NAME), columns=columns, limit=10))
        assert page.total == len(runs) - 1
        assert page.runs.run_id == runs.run_id[:0:-1][:10]
        tops = reader.tree_page(TreeQuery(START, Scope()))
        assert tops.runs.run_id == [sweep]
        assert len(reader.parameters(Scope())) == len(runs) - 1


def test_a_lost_page_of_series_costs_the_series_of_few_runs(sound: Path, tmp_path: Path) -> None:
    with hurt(sound, tmp_path, "series") as reader:
        series = reader.series(Scope(), DataClass.SCALAR)
        assert RUNS < len(series) < 2 * RUNS
        assert len(reader.runs(Scope())) == RUNS + 1
        read = dict(zip(series.key, reader.read_points(series.key), strict=True))
        # What is known of a run's series is read together: that of a run on the edge of the page may be lost.
        assert len({key.run_id for key, line in read.items() if line.damaged}) <= 1
        assert all(len(line.points) == 40 for line in read.values() if not line.damaged)


@pytest.mark.parametrize("table", ["runs", "series"])
def test_a_lost_page_costs_a_search_the_runs_of_which_it_knows_nothing(sound: Path, tmp_path: Path, table: str) -> None:
    loss, rate = Metric("loss"), Parameter("rate")
    with hurt(sound, tmp_path, table) as reader:
        found = reader.search(RunSearch(START, filter=parse_filter("metrics.loss = 39 and params.rate < 100")))
        assert RUNS / 2 < found.matches < RUNS
        both = reader.search(RunSearch(START, filter=AnyOf((Not(IsMissing(loss)), Not(IsMissing(rate))))))
        assert both.matches >= found.matches
        query = TreeQuery(START, filter=parse_filter("any(children.metrics.loss = 39)"), columns=(loss,), statuses=True)
        page = reader.tree_page(query)
        assert (len(page.runs), page.matches) == (1, 1)
        assert page.statuses is not None
        assert RUNS / 2 < page.statuses.sum() <= RUNS


def test_a_lost_page_of_points_costs_the_lines_that_stand_on_it_and_not_the_chart(sound: Path, tmp_path: Path) -> None:
    with hurt(sound, tmp_path, "appends") as reader:
        keys = reader.series(Scope(), DataClass.SCALAR).key
        read = reader.read_points(keys, 100)
        lines = [line for line in read if not line.damaged]
        assert len(keys) == 2 * RUNS
        assert RUNS / 4 < len(lines) < len(keys)
        assert all(line.points.values.tolist() == list(range(40)) for line in lines)
        lost = [line for line in read if line.damaged]
        assert all(sum(block.count for block in line.damaged) == line.total == 40 for line in lost)
        assert all(len(line.points) == 0 for line in lost)


def test_a_lost_page_of_entries_costs_the_texts_that_stand_on_it(sound: Path, tmp_path: Path) -> None:
    with hurt(sound, tmp_path, "entries") as reader:
        read = reader.read_entries(reader.series(Scope(), DataClass.TEXT).key)
        assert RUNS / 2 < sum(len(texts) for texts in read) < RUNS
        assert all(len(texts) + texts.damaged == 1 for texts in read)


@pytest.mark.parametrize("table", ["params", "tags", "properties"])
def test_what_describes_runs_and_is_lost_whole_costs_nothing_else(tmp_path: Path, table: str) -> None:
    path = tmp_path / "small.db"
    with open_writer(parse_uri(f"sqlite:///{path}")) as writer:
        run = History(writer).root("sweep")
        place = run.root_id, run.run_id
        run.apply(
            SetParameter(*place, "rate", 0.1),
            SetTags(*place, {"rate": "0.1"}),
            AddProperties(*place, {"rate": "0.1"}),
        )
        run.log("loss", range(3)).end()
    with hurt(path, tmp_path, table, 1) as reader:
        described: dict[str, ParameterColumns | LabelColumns] = {
            "params": reader.parameters(Scope()),
            "tags": reader.tags(Scope()),
            "properties": reader.properties(Scope()),
        }
        assert {name: columns.name for name, columns in described.items()} == {
            name: [] if name == table else ["rate"] for name in described
        }
        assert len(reader.runs(Scope())) == 1
        assert reader.tree_page(TreeQuery(START, Scope())).total == 1


@pytest.mark.parametrize("table", ["experiments", "experiments_by_name", "names", "sqlite_autoindex_store_1"])
def test_a_small_table_that_is_lost_whole_costs_what_it_says_and_no_run(
    sound: Path, tmp_path: Path, table: str
) -> None:
    with hurt(sound, tmp_path, table, 1) as reader:
        runs = reader.runs(Scope())
        assert len(runs) == RUNS + 1
        # Where the table is lost its index still has the name.
        assert set(runs.experiment) == {"mnist"}
        assert len(reader.series(Scope(), DataClass.SCALAR)) == 2 * RUNS
        assert reader.tree_page(TreeQuery(START, Scope())).total == 1
        assert reader.tree_columns(Scope()).column == [Parameter("rate"), Metric("loss"), Metric("speed")]
        changes = reader.changes(1)
        assert changes.runs is None or len(changes.runs) == RUNS + 1
