"""Searching a store from Python: what is found, in which order, and as which columns."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas
import pytest

from tb_runhistory import Experiment, Run, Workspace
from tb_runhistory.errors import BadRequest, NotFound, QueryError
from tb_runhistory.recording.searching import RunList
from tb_runhistory.records.changes import LifecycleStage
from tb_runhistory.records.columns import Scope
from tb_runhistory.store.opening import open_reader


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """A store with a sweep of 250 trials, one of them archived, and a run of another experiment."""
    folder = tmp_path_factory.mktemp("search")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RUNHISTORY_JOURNAL_DIR", str(folder / "journals"))
        workspace = Workspace(f"sqlite:///{folder}/runs.db")
        with Experiment(workspace, "mnist", directions={"margin": "maximize"}).start_logging("sweep") as sweep:
            for number in range(250):
                with sweep.child_run(f"trial-{number}", tags={"odd": None} if number % 2 else None) as trial:
                    trial.log_parameters({"lr": number / 100, "model": "tree" if number < 100 else "net"})
                    trial.log("loss", math.nan if number == 7 else abs(number - 50), step=3)
                    trial.log("margin", number)
            trial.archive()
        with Experiment(workspace, "cifar").start_logging("other") as other:
            other.log_parameter("lr", "auto")
        assert workspace.flush()
        yield workspace
        workspace.link.close()


def names(runs: object) -> list[str]:
    """The names of runs."""
    return [run.name for run in runs]  # type: ignore[attr-defined]


def test_runs_are_found_in_the_order_that_is_asked_for(workspace: Workspace) -> None:
    found = workspace.search_runs("params.lr >= 0.4 and params.lr < 0.6", order_by="metrics.loss ASC, name DESC")
    assert names(found[:3]) == ["trial-50", "trial-51", "trial-49"]
    assert names(workspace.search_runs("metrics.loss < 3", order_by=["metrics.loss desc", "params.lr"])) == [
        *("trial-48", "trial-52", "trial-49", "trial-51", "trial-50"),
    ]
    assert names(workspace.search_runs(max_results=2)) == ["other", "trial-248"]


def test_a_list_knows_how_many_there_are_and_reads_runs_as_they_are_looked_at(workspace: Workspace) -> None:
    found = workspace.search_runs("experiment = 'mnist' and depth = 1", max_results=240)
    assert (len(found), found.total, len(found.ids)) == (240, 249, 240)
    assert "240 of 249 runs" in repr(found)
    assert isinstance(found[-1], Run)
    assert (found[-1].name, found[-1].experiment.name) == ("trial-9", "mnist")
    assert names(found[1:240:100]) == ["trial-247", "trial-147", "trial-47"]
    assert len(set(names(found))) == 240
    assert found[0].get_metrics("margin") == {"margin": 248.0}
    with pytest.raises(IndexError):
        found[240]


def test_what_is_archived_is_found_where_it_is_asked_for(workspace: Workspace) -> None:
    assert names(workspace.search_runs(stage=LifecycleStage.ARCHIVED)) == ["trial-249"]
    assert workspace.search_runs(stage="any").total == 252
    assert workspace.search_runs("params.lr > 2.48").total == 0


def test_columns_are_numpy_arrays(workspace: Workspace) -> None:
    found = workspace.search_runs("name IN ('trial-6', 'trial-7', 'other')", order_by="name")
    columns = found.to_columns("metrics.loss", "params.lr", "params.model", "tags.odd", "parent.name")
    assert {text: column.dtype.kind for text, column in columns.items()} == {
        "metrics.loss": "f",
        "params.lr": "O",
        "params.model": "O",
        "tags.odd": "O",
        "parent.name": "O",
    }
    assert columns["params.lr"].tolist() == ["auto", 0.06, 0.07]
    assert columns["tags.odd"].tolist() == [None, None, ""]
    assert columns["parent.name"].tolist() == [None, "sweep", "sweep"]
    assert np.array_equal(columns["metrics.loss"], [math.nan, 44.0, math.nan], equal_nan=True)
    everything = found.to_columns()
    assert list(everything)[:3] == ["id", "name", "experiment"]
    assert set(everything) >= {"params.lr", "params.model", "metrics.loss", "metrics.margin", "created"}
    assert everything["id"].tolist() == found.ids
    assert workspace.search_runs("depth = 9").to_columns("params.lr")["params.lr"].tolist() == []


def test_a_table_of_pandas_has_the_ids_in_front(workspace: Workspace) -> None:
    found = workspace.search_runs("params.lr <= 0.02", order_by="params.lr")
    table = found.to_pandas("params.lr", "started")
    assert table.index.tolist() == found.ids
    assert table["params.lr"].tolist() == [0.0, 0.01, 0.02]
    assert isinstance(table["started"].dtype, pandas.DatetimeTZDtype)


def test_without_pandas_it_is_said_what_to_do(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(BadRequest, match="pip install pandas"):
        workspace.search_runs().to_pandas()


def test_the_runs_of_an_experiment_can_be_filtered(workspace: Workspace) -> None:
    mnist = Experiment(workspace, "mnist")
    assert names(mnist.get_runs(filter="count(children) > 3")) == ["sweep"]
    assert names(mnist.get_runs(filter="params.lr < 0.02")) == []
    assert names(mnist.get_runs(include_children=True, filter="params.lr < 0.02")) == ["trial-1", "trial-0"]
    assert names(mnist.get_runs(include_children=True, tags="odd", filter="params.lr < 0.02")) == ["trial-1"]
    assert names(mnist.get_runs(include_children=True, status="Failed", filter="params.lr < 0.02")) == []
    with pytest.raises(QueryError):
        mnist.get_runs(filter="params.lr <")


def test_a_run_rolls_up_what_is_below_it(workspace: Workspace) -> None:
    [sweep] = workspace.search_runs("name = 'sweep'")
    assert sweep.roll_up("loss") == 0.0
    assert sweep.roll_up("margin") == 248.0
    assert sweep.roll_up("loss", fact="argmin", statistic="count", over="children") == 248.0
    assert sweep.roll_up("margin", statistic="median", over="leaves") == 124.0
    assert sweep.roll_up("nothing") is None
    for words in ({"fact": "least"}, {"statistic": "sum"}, {"over": "parents"}):
        with pytest.raises(BadRequest, match="it is "):
            sweep.roll_up("loss", **words)


def test_a_view_is_recorded_with_its_experiment(tmp_path: Path) -> None:
    workspace = Workspace(f"sqlite:///{tmp_path}/viewed.db")
    experiment = Experiment(workspace, "shown", view="#runhistory&p.runhistory.sort=name&p.runhistory.order=asc")
    experiment.start_logging().complete()
    with open_reader(workspace.link.uri) as reader:
        assert reader.experiments().view == ["sort=name&order=asc"]


def test_what_is_malformed_is_refused_at_once(workspace: Workspace) -> None:
    for arguments in ({"filter": "params.lr <"}, {"order_by": "lr"}, {"order_by": ["name", "x y"]}):
        with pytest.raises(QueryError) as raised:
            workspace.search_runs(**arguments)
        assert raised.value.expected
    with pytest.raises(QueryError):
        workspace.search_runs().to_columns("loss")
    with pytest.raises(BadRequest, match="lifecycle stage"):
        workspace.search_runs(stage="gone")
    with pytest.raises(BadRequest, match="at most -1 runs"):
        workspace.search_runs(max_results=-1)
    with pytest.raises(ValueError, match="minimize or maximize"):
        Experiment(workspace, "mnist", directions={"loss": "down"})
    with pytest.raises(ValueError, match="copy a link from the tab"):
        Experiment(workspace, "mnist", view="everything")


def test_a_store_that_is_not_there_has_no_runs(tmp_path: Path) -> None:
    found = Workspace(f"sqlite:///{tmp_path}/none.db").search_runs("depth = 0")
    assert (len(found), found.total, list(found)) == (0, 0, [])


def test_a_run_that_is_gone_is_named(workspace: Workspace) -> None:
    missing = RunList(workspace.link, ["0190aaaa-0000-7000-8000-000000000000"], 1, lambda handle: handle, Scope(), 0.0)
    assert list(missing) == []
    with pytest.raises(NotFound, match="is not in the store"):
        missing[0]


@pytest.mark.parametrize("text", ["\0", "\ud800", "'; DROP TABLE runs; --", "%", "\\", "\u202e" * 900])
def test_hostile_texts_find_nothing_and_break_nothing(workspace: Workspace, text: str) -> None:
    quoted = "'" + text.replace("'", "''") + "'"
    for column in ("name", "params.model", "tags.odd", "parent.name", "experiment", "inherited.params.model"):
        for asked in (f"{column} = {quoted}", f"{column} IN ({quoted}, 'x')", f"{column} < {quoted} and depth = 77"):
            assert workspace.search_runs(asked).total == 0
    for name in ("params", "tags", "metrics"):
        assert workspace.search_runs(f"{name}.`{text}` IS NOT NULL").total == 0
    assert workspace.search_runs(f"name LIKE {quoted}").total == (252 - 1 if text == "%" else 0)
