"""Answers to the data-provider service's requests, in its own messages, from a real store."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from tensorboard.data.proto import data_provider_pb2 as messages
from tensorboard.plugins.hparams import api_pb2
from tensorboard.plugins.hparams import metadata as stock
from tensorboard.util import tensor_util

from tb_runhistory.errors import BadRequest, NotFound, StoreUnavailable
from tb_runhistory.provider import hparams
from tb_runhistory.provider.answers import Answers
from tb_runhistory.provider.deadline import Deadline
from tb_runhistory.provider.settings import POINTS_BUDGET, ROLLUPS, ServerSettings
from tb_runhistory.provider.snapshot import Snapshots
from tb_runhistory.records.changes import CreateExperiment, ParameterValue, SetParameter
from tb_runhistory.records.columns import Scope
from tb_runhistory.records.status import RunStatus
from tb_runhistory.store.opening import open_reader
from tb_runhistory.store.sql_reader import SqliteReader
from tb_runhistory.uri import StoreUri
from tests.conformance.builder import START, BuiltRun, History

Asking = Callable[..., Answers]


@pytest.fixture
def asking(uri: StoreUri) -> Asking:
    """Opens answers over the store, for a scope."""

    def open_answers(scope: Scope | None = None, **settings: Any) -> Answers:
        snapshots = Snapshots(lambda: open_reader(uri), scope or Scope())
        return Answers(snapshots, ServerSettings(uri.text, 0, **settings))

    return open_answers


def scalars(answers: Answers, points: int = 1000, **wanted: Any) -> dict[tuple[str, str], list[tuple[int, float]]]:
    """(step, value) by run and tag."""
    request = filtered(messages.ReadScalarsRequest(), "scalars", **wanted)
    request.downsample.num_points = points
    return {
        (run.run_name, tag.tag_name): list(zip(tag.data.step, tag.data.value, strict=True))
        for run in answers.read_scalars(request).runs
        for tag in run.tags
    }


def filtered(request: Any, plugin: str, runs: list[str] | None = None, tags: list[str] | None = None) -> Any:
    """The request with a plugin and, where they are given, a run filter and a tag filter (empty ones too)."""
    request.plugin_filter.plugin_name = plugin
    if runs is not None:
        request.run_tag_filter.runs.SetInParent()
        request.run_tag_filter.runs.names.extend(runs)
    if tags is not None:
        request.run_tag_filter.tags.SetInParent()
        request.run_tag_filter.tags.names.extend(tags)
    return request


def names(answers: Answers) -> list[str]:
    """The names of all runs."""
    return [run.name for run in answers.runs(messages.ListRunsRequest()).runs]


def test_runs_are_listed_with_their_start(history: History, asking: Asking) -> None:
    history.root("a", display_name="sweep").child("b", display_name="trial")
    listed = asking().runs(messages.ListRunsRequest()).runs
    assert [(run.name, run.start_time) for run in listed] == [
        ("mnist/sweep", START + 1),
        ("mnist/sweep/trial", START + 2),
    ]


def test_a_narrow_view_keeps_the_names_of_the_whole(history: History, asking: Asking) -> None:
    history.root("id-000001", display_name="sweep").log("loss", [0])
    history.root("id-000002", display_name="sweep").child("id-000003", display_name="trial").log("loss", [1])
    history.root("id-000004", experiment="cifar").log("loss", [2])
    wide = asking()
    assert len(names(wide)) == 4
    assert names(asking(Scope(experiment="cifar"))) == ["cifar/id-000004"]
    narrow = asking(Scope(run_ids=("id-000003",)))
    assert names(narrow) == ["mnist/sweep-000002/trial"]
    assert scalars(narrow) == {("mnist/sweep-000002/trial", "loss"): [(1, 1.0)]}
    assert set(names(asking(Scope(run_ids=("id-000002",))))) < set(names(wide))


def test_an_unknown_experiment_or_run_is_named(history: History, asking: Asking) -> None:
    history.root("a").log("loss", [0])
    with pytest.raises(NotFound, match=r"no experiment 'cifar'; it has"):
        names(asking(Scope(experiment="cifar")))
    with pytest.raises(NotFound, match="no run 'b'"):
        names(asking(Scope(run_ids=("b",))))
    with pytest.raises(NotFound, match="no run 'b'"):
        names(asking(Scope(run_ids=("a", "b"))))


def test_several_runs_are_shown_together_by_the_names_they_have_in_the_whole(history: History, asking: Asking) -> None:
    history.root("id-000001", display_name="sweep").log("loss", [0])
    sweep = history.root("id-000002", display_name="sweep")
    trial = sweep.apply(SetParameter("id-000002", "id-000002", "lr", 0.5)).child("id-000003", display_name="trial")
    trial.log("loss", [1])
    history.root("id-000004", experiment="cifar").log("loss", [2])
    both = asking(Scope(run_ids=("id-000004", "id-000003")))
    assert names(both) == ["mnist/sweep-000002/trial", "cifar/id-000004"]
    assert scalars(both)["cifar/id-000004", "loss"] == [(2, 2.0)]
    assert both.experiment(messages.GetExperimentRequest()).name == "runs.db"


def test_the_header_tells_the_experiment_or_the_store(history: History, asking: Asking) -> None:
    history.apply("", [CreateExperiment("mnist", START, "all about *digits*")])
    run = history.root("a")
    one = asking().experiment(messages.GetExperimentRequest())
    assert (one.name, one.description) == ("mnist", "all about *digits*")
    assert one.creation_time.ToNanoseconds() == START * 1e9
    assert one.data_location.endswith("/store/runs.db")
    history.root("b", experiment="cifar")
    assert asking().experiment(messages.GetExperimentRequest()).name == "runs.db"
    assert asking(Scope(run_ids=(run.run_id,))).experiment(messages.GetExperimentRequest()).name == "mnist"


def test_only_plugins_with_data_are_listed(history: History, asking: Asking) -> None:
    def plugins() -> set[str]:
        return {plugin.name for plugin in asking().plugins(messages.ListPluginsRequest()).plugins}

    run = history.root("a")
    assert plugins() == set()
    run.log("loss", [0])
    assert plugins() == {"scalars"}
    run.apply(SetParameter("a", "a", "lr", 0.1))
    run.log_texts("note", [(0, "hello")])
    assert plugins() == {"scalars", "text", "hparams"}


def test_series_are_listed_with_their_last_step_and_description(history: History, asking: Asking) -> None:
    history.root("a").log("loss", [3, 7])
    request = filtered(messages.ListScalarsRequest(), "scalars")
    [run] = asking().list_scalars(request).runs
    [tag] = run.tags
    assert (run.run_name, tag.tag_name) == ("mnist/a", "loss")
    assert (tag.metadata.max_step, tag.metadata.max_wall_time) == (7, START + 7)
    assert tag.metadata.summary_metadata.plugin_data.plugin_name == "scalars"
    assert not asking().list_scalars(filtered(messages.ListScalarsRequest(), "images")).runs


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, 4),
        ({"runs": ["mnist/a"]}, 2),
        ({"tags": ["loss"]}, 2),
        ({"runs": ["mnist/b"], "tags": ["loss"]}, 1),
        ({"runs": []}, 0),
        ({"tags": []}, 0),
        ({"runs": ["mnist/gone"]}, 0),
        ({"tags": ["gone"]}, 0),
    ],
)
def test_filters_choose_runs_and_tags(history: History, asking: Asking, wanted: dict[str, Any], found: int) -> None:
    for name in "ab":
        history.root(name).log("loss", [0]).log("accuracy", [0])
    listed = asking().list_scalars(filtered(messages.ListScalarsRequest(), "scalars", **wanted)).runs
    assert sum(len(run.tags) for run in listed) == found
    assert len(scalars(asking(), **wanted)) == found


def test_a_spike_stays_and_so_do_the_ends(history: History, asking: Asking) -> None:
    values = [1.0] * 100_000
    values[77_777] = 1000.0
    history.root("a").log("loss", range(100_000), values)
    [points] = scalars(asking()).values()
    assert len(points) <= 1000
    assert (77_777, 1000.0) in points
    assert points[0][0] == 0
    assert points[-1][0] == 99_999


def test_the_last_points_are_told_without_reading_any(
    history: History, asking: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    history.root("a").log("loss", range(100)).child("b").log("loss", range(50))

    def must_not_read(*_: object) -> None:
        raise AssertionError("points were read")

    monkeypatch.setattr(SqliteReader, "read_points", must_not_read)
    assert scalars(asking(rollups=("max",)), points=1) == {
        ("mnist/a", "loss"): [(99, 99.0)],
        ("mnist/a/b", "loss"): [(49, 49.0)],
        ("mnist/a/[max]", "loss"): [(49, 49.0)],
    }


def test_no_number_of_points_means_all_and_a_negative_one_is_refused(history: History, asking: Asking) -> None:
    history.root("a").log("loss", range(2000))
    request = filtered(messages.ReadScalarsRequest(), "scalars")
    assert len(asking().read_scalars(request).runs[0].tags[0].data.step) == 2000
    with pytest.raises(BadRequest, match="-1"):
        scalars(asking(), points=-1)


def test_many_series_share_a_budget_unless_points_were_asked_for(history: History, asking: Asking) -> None:
    for number in range(60):
        history.root(f"run-{number}").log("loss", range(1500))
    each = POINTS_BUDGET // 60
    assert all(0.9 * each < len(points) <= each for points in scalars(asking()).values())
    assert all(900 < len(points) <= 1000 for points in scalars(asking(points_budget=None)).values())


def two_curves(run: BuiltRun) -> None:
    """Logs two series of equal steps with their extremes at different places."""
    rng = np.random.default_rng(3)
    for tag in ("loss", "margin"):
        run.log(tag, range(0, 20_000, 2), rng.normal(size=10_000).tolist())


def test_series_of_one_run_keep_equal_steps_whether_asked_for_together_or_not(history: History, asking: Asking) -> None:
    two_curves(history.root("a"))
    together = scalars(asking(), points=300)
    steps = [[step for step, _ in points] for points in together.values()]
    assert steps[0] == steps[1]
    assert len(steps[0]) <= 300
    for tag in ("loss", "margin"):
        alone = scalars(asking(), points=300, runs=["mnist/a"], tags=[tag])
        assert alone["mnist/a", tag] == together["mnist/a", tag]


def test_series_of_several_runs_keep_equal_steps(history: History, asking: Asking) -> None:
    two_curves(history.root("a"))
    two_curves(history.root("b"))
    shown = scalars(asking(), points=300, tags=["loss"])
    steps = [[step for step, _ in points] for points in shown.values()]
    assert steps[0] == steps[1]


def test_values_that_32_bits_cannot_hold_stay_finite(history: History, asking: Asking) -> None:
    history.root("a").log("loss", range(4), [1e300, math.nan, math.inf, -1e300])
    [points] = scalars(asking()).values()
    shown = [value for _, value in points]
    assert shown[0] == pytest.approx(3.4028235e38)
    assert math.isnan(shown[1])
    assert shown[2:] == [math.inf, pytest.approx(-3.4028235e38)]


def test_computed_runs_stand_beside_the_recorded(history: History, asking: Asking) -> None:
    sweep = history.root("sweep")
    sweep.child("a").log("loss", [0, 1, 2], [1.0, 2.0, 3.0])
    sweep.child("b").log("loss", [0, 1], [3.0, math.nan])
    answers = asking(rollups=ROLLUPS)
    assert names(answers)[-3:] == [f"mnist/sweep/[{statistic}]" for statistic in ROLLUPS]
    shown = scalars(answers)
    assert shown["mnist/sweep/[mean]", "loss"] == [(0, 2.0), (1, 2.0), (2, 3.0)]
    assert shown["mnist/sweep/[min]", "loss"] == [(0, 1.0), (1, 2.0), (2, 3.0)]
    assert shown["mnist/sweep/[max]", "loss"] == [(0, 3.0), (1, 2.0), (2, 3.0)]
    only = scalars(answers, runs=["mnist/sweep/[max]"], tags=["loss"])
    assert only == {("mnist/sweep/[max]", "loss"): shown["mnist/sweep/[max]", "loss"]}
    listed = answers.list_scalars(filtered(messages.ListScalarsRequest(), "scalars")).runs
    assert {run.run_name for run in listed} == {run for run, _ in shown}


def texts(answers: Answers, **wanted: list[str]) -> dict[tuple[str, str], list[tuple[int, str]]]:
    """(step, text) by run and tag."""
    request = filtered(messages.ReadTensorsRequest(), "text", **wanted)
    request.downsample.num_points = 10
    found: dict[tuple[str, str], list[tuple[int, str]]] = {}
    for run in answers.read_tensors(request).runs:
        for tag in run.tags:
            shown = [tensor_util.make_ndarray(value).item().decode() for value in tag.data.value]
            found[run.run_name, tag.tag_name] = list(zip(tag.data.step, shown, strict=True))
    return found


def test_texts_and_descriptions_are_text_series(history: History, asking: Asking) -> None:
    history.apply("", [CreateExperiment("mnist", START, "about *digits*")])
    run = history.root("a", description="# A run")
    run.log_texts("note", [(1, "one"), (2, "two — ünïcode")])
    expected = {
        ("mnist/a", "note"): [(1, "one"), (2, "two — ünïcode")],
        ("mnist", "description"): [(0, "about *digits*")],
        ("mnist/a", "description"): [(0, "# A run")],
    }
    answers = asking()
    assert texts(answers) == expected
    assert texts(answers, runs=["mnist/a"], tags=["note"]) == {("mnist/a", "note"): expected["mnist/a", "note"]}
    listed = answers.list_tensors(filtered(messages.ListTensorsRequest(), "text")).runs
    assert {(each.run_name, tag.tag_name) for each in listed for tag in each.tags} == set(expected)
    assert names(answers) == ["mnist/a", "mnist"]


def test_a_logged_text_called_description_keeps_its_tag(history: History, asking: Asking) -> None:
    history.root("a", description="of the run").log_texts("description", [(5, "logged")])
    assert texts(asking()) == {
        ("mnist/a", "description"): [(5, "logged")],
        ("mnist/a", "description*"): [(0, "of the run")],
    }


def test_a_huge_text_is_cut_and_says_so(history: History, asking: Asking) -> None:
    history.root("a").log_texts("note", [(0, "x" * 1_050_000)])
    [[(_, shown)]] = texts(asking()).values()
    assert shown.endswith("x… (1,424 more characters)")


def sessions(answers: Answers) -> dict[str, tuple[dict[str, ParameterValue], int]]:
    """Parameters and status by run, as TensorBoard's own code reads them."""
    found = {}
    for run in answers.list_tensors(filtered(messages.ListTensorsRequest(), "hparams")).runs:
        content = {tag.tag_name: tag.metadata.summary_metadata.plugin_data.content for tag in run.tags}
        start = stock.parse_session_start_info_plugin_data(content[stock.SESSION_START_INFO_TAG])
        end = stock.parse_session_end_info_plugin_data(content[stock.SESSION_END_INFO_TAG])
        values = {name: getattr(value, value.WhichOneof("kind")) for name, value in start.hparams.items()}
        found[run.run_name] = (values, end.status)
    return found


def test_children_inherit_parameters_and_their_own_win(history: History, asking: Asking) -> None:
    sweep = history.root("sweep").apply(
        SetParameter("sweep", "sweep", "lr", 1), SetParameter("sweep", "sweep", "on", True)
    )
    child = sweep.child("a").apply(SetParameter("sweep", "a", "lr", 0.5), SetParameter("sweep", "a", "act", "relu"))
    child.child("b").end(RunStatus.FAILED)
    history.root("bare").log("loss", [0])
    child.end()
    expected = {
        "mnist/sweep": ({"lr": 1.0, "on": True}, api_pb2.STATUS_RUNNING),
        "mnist/sweep/a": ({"lr": 0.5, "on": True, "act": "relu"}, api_pb2.STATUS_SUCCESS),
        "mnist/sweep/a/b": ({"lr": 0.5, "on": True, "act": "relu"}, api_pb2.STATUS_FAILURE),
    }
    found = sessions(asking())
    # A run that no process beats for is not responding, and that is shown as a failure.
    found["mnist/sweep"] = (found["mnist/sweep"][0], api_pb2.STATUS_RUNNING)
    assert found == expected
    assert sessions(asking(Scope(run_ids=("b",)))) == {"mnist/sweep/a/b": expected["mnist/sweep/a/b"]}


@pytest.mark.parametrize(
    ("value", "shown"), [(math.nan, "nan"), (math.inf, "inf"), (-math.inf, "-inf"), (10**400, str(10**400)), (3, 3.0)]
)
def test_numbers_that_json_lacks_are_texts(
    history: History, asking: Asking, value: ParameterValue, shown: ParameterValue
) -> None:
    history.root("a").apply(SetParameter("a", "a", "lr", value))
    assert sessions(asking())["mnist/a"][0] == {"lr": shown}


def test_sessions_are_read_as_empty_tensors(history: History, asking: Asking) -> None:
    history.root("a").apply(SetParameter("a", "a", "lr", 1))
    request = filtered(messages.ReadTensorsRequest(), "hparams", tags=[stock.SESSION_START_INFO_TAG])
    [run] = asking().read_tensors(request).runs
    [tag] = run.tags
    assert tag.data.value[0].SerializeToString() == stock.NULL_TENSOR.SerializeToString()
    assert (hparams.SESSION_START_TAG, hparams.SESSION_END_TAG) == (
        stock.SESSION_START_INFO_TAG,
        stock.SESSION_END_INFO_TAG,
    )
    assert (hparams.PLUGIN_NAME, hparams.PLUGIN_DATA_VERSION) == (stock.PLUGIN_NAME, stock.PLUGIN_DATA_VERSION)


def test_there_are_no_blobs(history: History, asking: Asking) -> None:
    history.root("a")
    assert not asking().list_blob_sequences(messages.ListBlobSequencesRequest()).runs
    assert not asking().read_blob_sequences(messages.ReadBlobSequencesRequest()).runs
    with pytest.raises(NotFound):
        asking().read_blob(messages.ReadBlobRequest(blob_key="x"))


def test_what_is_recorded_while_viewing_shows(history: History, asking: Asking) -> None:
    answers = asking()
    run = history.root("a").log("loss", [0])
    assert names(answers) == ["mnist/a"]
    run.child("b").log("loss", [0, 1])
    assert names(answers) == ["mnist/a", "mnist/a/b"]
    assert scalars(answers)["mnist/a/b", "loss"] == [(0, 0.0), (1, 1.0)]


def test_an_answer_that_takes_too_long_is_given_up() -> None:
    Deadline(10.0).check()
    with pytest.raises(StoreUnavailable, match="show fewer runs"):
        Deadline(-1.0).check()
    lock = threading.Lock()
    with Deadline(10.0).holding(lock), pytest.raises(StoreUnavailable), Deadline(0.01).holding(lock):
        pass
    assert not lock.locked()
