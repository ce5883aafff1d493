"""What TensorBoard's own dashboards get, over HTTP from a real process."""

from __future__ import annotations

import math
import os
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tb_runhistory.records.changes import CreateExperiment
from tb_runhistory.records.status import RunStatus
from tb_runhistory.store.opening import open_writer
from tb_runhistory.uri import StoreUri, parse_uri
from tests.conformance.builder import START, History
from tests.provider.built import with_parameters
from tests.provider.viewer import Viewer, gone, wait_for

ALL_STATUSES = ["STATUS_UNKNOWN", "STATUS_SUCCESS", "STATUS_FAILURE", "STATUS_RUNNING"]


@pytest.fixture(scope="module")
def uri(tmp_path_factory: pytest.TempPathFactory) -> StoreUri:
    """A store of its own."""
    return parse_uri(f"sqlite:///{tmp_path_factory.mktemp('dashboards')}/runs.db")


@pytest.fixture(scope="module")
def history(uri: StoreUri) -> Iterator[History]:
    """A sweep of two trials, described, with parameters of all types."""
    with open_writer(uri) as writer:
        history = History(writer)
        history.apply("", [CreateExperiment("mnist", START, "all about *digits*")])
        sweep = with_parameters(history.root("sweep", description="# Sweep"), data="digits")
        first = with_parameters(sweep.child("a"), lr=0.1, early_stopping=True, activation="relu", depth=3)
        first.log("loss", range(5), [5.0, 4.0, 3.0, 2.0, 1.0]).end()
        second = with_parameters(sweep.child("b"), lr=0.2, early_stopping=False, odd=math.nan)
        second.log("loss", range(3), [5.0, math.nan, 7.0]).end(RunStatus.FAILED)
        second.log_texts("note", [(0, "it **diverged**")])
        yield history


@pytest.fixture(scope="module")
def viewer(uri: StoreUri, history: History) -> Iterator[Viewer]:
    """A TensorBoard on the store, with computed runs."""
    with Viewer(f"--runhistory_uri={uri.text}", "--runhistory_rollups=mean,max") as started:
        yield started


def session_groups(viewer: Viewer, **more: Any) -> dict[str, Any]:
    """The rows of the HParams table by the name of their run."""
    body = {"startIndex": 0, "sliceSize": 100, "allowedStatuses": ALL_STATUSES, **more}
    answer = viewer.get("data/plugin/hparams/session_groups", body=body)
    return {session["name"]: group for group in answer["sessionGroups"] for session in group["sessions"]}


def test_the_header_names_the_experiment(viewer: Viewer, uri: StoreUri) -> None:
    environment = viewer.get("data/environment")
    assert environment["experiment_name"] == "mnist"
    assert environment["experiment_description"] == "all about *digits*"
    assert environment["creation_time"] == START
    assert environment["data_location"] == uri.text


def test_the_dashboards_with_data_are_active(viewer: Viewer) -> None:
    listing = viewer.get("data/plugins_listing")
    active = {name for name, plugin in listing.items() if plugin["enabled"]}
    assert active == {"timeseries", "scalars", "text", "hparams", "runhistory"}


def test_hparams_derives_columns_of_the_right_types(viewer: Viewer) -> None:
    experiment = viewer.get("data/plugin/hparams/experiment", body={})
    columns = {info["name"]: info for info in experiment["hparamInfos"]}
    assert {name: info["type"] for name, info in columns.items()} == {
        "data": "DATA_TYPE_STRING",
        "lr": "DATA_TYPE_FLOAT64",
        "early_stopping": "DATA_TYPE_BOOL",
        "activation": "DATA_TYPE_STRING",
        "depth": "DATA_TYPE_FLOAT64",
        "odd": "DATA_TYPE_STRING",
    }
    assert columns["lr"]["domainInterval"] == {"minValue": 0.1, "maxValue": 0.2}
    metrics = {(info["name"].get("group", ""), info["name"]["tag"]) for info in experiment["metricInfos"]}
    assert metrics == {("", "loss"), ("[mean]", "loss"), ("[max]", "loss")}


def test_hparams_shows_parameters_status_times_and_metrics(viewer: Viewer) -> None:
    groups = session_groups(viewer)
    assert groups["mnist/sweep/a"]["hparams"] == {
        "data": "digits",
        "lr": 0.1,
        "early_stopping": True,
        "activation": "relu",
        "depth": 3.0,
    }
    assert groups["mnist/sweep/b"]["hparams"]["odd"] == "nan"
    assert groups["mnist/sweep"]["hparams"] == {"data": "digits"}
    [first] = groups["mnist/sweep/a"]["sessions"]
    assert (first["status"], first["startTimeSecs"], first["endTimeSecs"]) == ("STATUS_SUCCESS", START + 2, START + 60)
    assert [(value["value"], value["trainingStep"]) for value in first["metricValues"]] == [(1.0, 4)]
    [second] = groups["mnist/sweep/b"]["sessions"]
    assert second["status"] == "STATUS_FAILURE"
    of_parent = groups["mnist/sweep"]["sessions"][0]["metricValues"]
    assert {value["name"]["group"] for value in of_parent} == {"[mean]", "[max]"}


def test_hparams_shows_the_end_of_a_run_s_name_first(viewer: Viewer) -> None:
    assert {run: group["name"] for run, group in session_groups(viewer).items()} == {
        "mnist/sweep": "sweep  ‹ mnist",
        "mnist/sweep/a": "a  ‹ sweep  ‹ mnist",
        "mnist/sweep/b": "b  ‹ sweep  ‹ mnist",
    }


def test_hparams_can_be_filtered(viewer: Viewer) -> None:
    chosen = session_groups(
        viewer,
        colParams=[{"hparam": "lr", "filterInterval": {"minValue": 0.15, "maxValue": 1}, "excludeMissingValues": True}],
    )
    assert list(chosen) == ["mnist/sweep/b"]


def test_text_shows_metrics_and_descriptions_as_markdown(viewer: Viewer) -> None:
    assert viewer.get("data/plugin/text/tags") == {
        "mnist/sweep/b": ["note"],
        "mnist": ["description"],
        "mnist/sweep": ["description"],
    }
    query = urlencode({"run": "mnist/sweep", "tag": "description"})
    [described] = viewer.get(f"data/plugin/text/text?{query}")
    assert "<h1>Sweep</h1>" in described["text"]
    query = urlencode({"run": "mnist/sweep/b", "tag": "note"})
    [note] = viewer.get(f"data/plugin/text/text?{query}")
    assert "<strong>diverged</strong>" in note["text"]


def test_computed_runs_are_curves_like_others(viewer: Viewer) -> None:
    series = viewer.time_series("loss")
    assert set(series) == {"mnist/sweep/a", "mnist/sweep/b", "mnist/sweep/[mean]", "mnist/sweep/[max]"}
    assert [point["value"] for point in series["mnist/sweep/[mean]"]] == [5.0, 4.0, 5.0, 2.0, 1.0]
    assert [point["value"] for point in series["mnist/sweep/[max]"]] == [5.0, 4.0, 7.0, 2.0, 1.0]


def test_runs_arrive_while_tensorboard_runs(viewer: Viewer, history: History) -> None:
    with_parameters(history.root("late"), lr=0.7).log("loss", range(3))
    assert wait_for("the run's arrival", lambda: "mnist/late" in viewer.get("data/runs"), 5) < 1
    assert len(viewer.time_series("loss")["mnist/late"]) == 3
    assert session_groups(viewer)["mnist/late"]["hparams"] == {"lr": 0.7}


def test_charts_are_back_each_time_when_the_data_server_dies_three_times_in_a_row(viewer: Viewer) -> None:
    for _ in range(3):
        server = viewer.data_server()
        assert server is not None
        server.kill()
        _expect_chart(viewer, 3)


def test_requests_are_answered_when_the_data_server_freezes(viewer: Viewer) -> None:
    server = viewer.data_server()
    assert server is not None
    server.suspend()
    _expect_chart(viewer, 10)


def _expect_chart(viewer: Viewer, seconds: float) -> None:
    """Asks for a chart until it is answered, which must be within ``seconds``; else says what came instead."""
    others: list[tuple[float, int, str]] = []
    start = time.monotonic()

    def is_answered() -> bool:
        query = urlencode({"run": "mnist/sweep/a", "tag": "loss"})
        status, text = viewer.status(f"data/plugin/scalars/scalars?{query}")
        if not others or others[-1][1:] != (status, text):
            others.append((round(time.monotonic() - start, 2), status, text))
        return status == 200 and text.count("[") == 6

    assert wait_for("a chart", is_answered, 2 * seconds) < seconds, f"{others}\n{viewer.stderr}"


def test_a_store_that_disappears_is_named_and_found_again(tmp_path: Path) -> None:
    uri = parse_uri(f"sqlite:///{tmp_path}/store/runs.db")
    with open_writer(uri) as writer:
        History(writer).root("a").log("loss", [0])
    with Viewer(f"--runhistory_uri={uri.text}") as viewer:
        assert viewer.get("data/runs") == ["mnist/a"]
        shutil.move(tmp_path / "store", tmp_path / "away")
        for _ in range(2):
            status, text = viewer.status("data/runs")
            assert status == 404
            assert f"the store {uri.path} is gone" in text
        shutil.move(tmp_path / "away", tmp_path / "store")
        assert viewer.get("data/runs") == ["mnist/a"]
    told = [line for line in viewer.stderr.splitlines() if line.startswith("tb_runhistory: ")]
    assert len(told) == 2
    assert uri.path in told[0]
    assert told[1] == "tb_runhistory: the run history can be read again"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_the_end_of_tensorboard_leaves_no_process(uri: StoreUri, history: History, number: signal.Signals) -> None:
    with Viewer(f"--runhistory_uri={uri.text}") as viewer:
        viewer.get("data/runs")
        server = viewer.data_server()
        assert server is not None
        if number == signal.SIGINT:
            # As a terminal sends it: to the whole group.
            os.killpg(viewer.process.pid, number)
        else:
            viewer.process.send_signal(number)
        viewer.finish()
        wait_for("the end of the data server", lambda: gone(server), 5)
