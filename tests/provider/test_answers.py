"""Answers to the data-provider service's requests, in its own messages, from a real store."""

from __future__ import annotations

import math
import os
import re
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tensorboard.data.proto import data_provider_pb2 as messages
from tensorboard.plugins.hparams import api_pb2
from tensorboard.plugins.hparams import metadata as stock
from tensorboard.util import tensor_util

from tb_runhistory.errors import BadRequest, NotFound
from tb_runhistory.provider import hparams, listing_cache
from tb_runhistory.provider.data_provider import RunHistoryProvider
from tb_runhistory.provider.data_server.protocol import POINTS_BUDGET, ROLLUPS
from tb_runhistory.provider.snapshot import Snapshots
from tb_runhistory.provider.tensors import text_tensor
from tb_runhistory.records.changes import (
    NO_TREE,
    CreateExperiment,
    DataClass,
    DescribeRun,
    LifecycleStage,
    ParameterValue,
    RenameExperiment,
    StageExperiment,
    StageRun,
)
from tb_runhistory.records.columns import RunColumns, SampledPoints, Scope, SeriesColumns, SeriesKey
from tb_runhistory.records.status import RunStatus
from tb_runhistory.store.opening import open_reader, open_writer
from tb_runhistory.store.sql.reader import SqlReader
from tb_runhistory.uri import StoreUri
from tests.conformance.builder import START, BuiltRun, History, id_of
from tests.provider.built import suffix, with_parameters


@dataclass(frozen=True)
class Answers:
    """The answers of a provider over a store, each parsed again."""

    snapshots: Snapshots
    provider: RunHistoryProvider

    def __call__(self, method: str, request: Any) -> Any:
        """The answer to a request of the service, such as "ListRuns"."""
        name = re.sub(r"(?<!^)(?=[A-Z])", "_", method).lower().removeprefix("get_")
        name = {"list_plugins": "plugins", "list_runs": "runs"}.get(name, name)
        reply = getattr(self.provider, name)(self.snapshots.current(), request)
        return getattr(messages, f"{method}Response").FromString(reply)


Asking = Callable[..., Answers]


@pytest.fixture
def asking(uri: StoreUri) -> Asking:
    """Opens answers over the store, for a scope."""

    def open_answers(
        scope: Scope | None = None, rollups: Sequence[str] = (), points_budget: int | None = POINTS_BUDGET
    ) -> Answers:
        snapshots = Snapshots(lambda: open_reader(uri), scope or Scope())
        return Answers(snapshots, RunHistoryProvider(rollups, points_budget))

    return open_answers


def scalars(answers: Answers, points: int = 1000, **wanted: Any) -> dict[tuple[str, str], list[tuple[int, float]]]:
    """(step, value) by run and tag."""
    request = filtered(messages.ReadScalarsRequest(), "scalars", **wanted)
    request.downsample.num_points = points
    return {
        (run.run_name, tag.tag_name): list(zip(tag.data.step, tag.data.value, strict=True))
        for run in answers("ReadScalars", request).runs
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
    return [run.name for run in answers("ListRuns", messages.ListRunsRequest()).runs]


def test_runs_are_listed_with_their_start(history: History, asking: Asking) -> None:
    history.root("a", display_name="sweep").child("b", display_name="trial")
    listed = asking()("ListRuns", messages.ListRunsRequest()).runs
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
    assert names(narrow) == [f"mnist/sweep-{suffix('id-000002')}/trial"]
    assert scalars(narrow) == {(f"mnist/sweep-{suffix('id-000002')}/trial", "loss"): [(1, 1.0)]}
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
    trial = with_parameters(sweep, lr=0.5).child("id-000003", display_name="trial")
    trial.log("loss", [1])
    history.root("id-000004", experiment="cifar").log("loss", [2])
    both = asking(Scope(run_ids=("id-000004", "id-000003")))
    assert names(both) == [f"mnist/sweep-{suffix('id-000002')}/trial", "cifar/id-000004"]
    assert scalars(both)["cifar/id-000004", "loss"] == [(2, 2.0)]
    assert both("GetExperiment", messages.GetExperimentRequest()).name == "runs.db"


def test_the_header_tells_the_experiment_or_the_store(history: History, asking: Asking) -> None:
    history.apply("", [CreateExperiment("mnist", START, "all about *digits*")])
    run = history.root("a")
    one = asking()("GetExperiment", messages.GetExperimentRequest())
    assert (one.name, one.description) == ("mnist", "all about *digits*")
    assert one.creation_time.ToNanoseconds() == START * 1e9
    assert one.data_location.endswith("/store/runs.db")
    history.root("b", experiment="cifar")
    assert asking()("GetExperiment", messages.GetExperimentRequest()).name == "runs.db"
    assert asking(Scope(run_ids=(run.run_id,)))("GetExperiment", messages.GetExperimentRequest()).name == "mnist"


def test_only_plugins_with_data_are_listed(history: History, asking: Asking) -> None:
    def plugins() -> set[str]:
        return {plugin.name for plugin in asking()("ListPlugins", messages.ListPluginsRequest()).plugins}

    run = history.root("a")
    assert plugins() == set()
    run.log("loss", [0])
    assert plugins() == {"scalars"}
    with_parameters(run, lr=0.1)
    run.log_texts("note", [(0, "hello")])
    assert plugins() == {"scalars", "text", "hparams"}


def test_series_are_listed_with_their_last_step_and_description(history: History, asking: Asking) -> None:
    history.root("a").log("loss", [3, 7])
    request = filtered(messages.ListScalarsRequest(), "scalars")
    [run] = asking()("ListScalars", request).runs
    [tag] = run.tags
    assert (run.run_name, tag.tag_name) == ("mnist/a", "loss")
    assert (tag.metadata.max_step, tag.metadata.max_wall_time) == (7, START + 7)
    assert tag.metadata.summary_metadata.plugin_data.plugin_name == "scalars"
    assert not asking()("ListScalars", filtered(messages.ListScalarsRequest(), "images")).runs


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
    listed = asking()("ListScalars", filtered(messages.ListScalarsRequest(), "scalars", **wanted)).runs
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

    monkeypatch.setattr(SqlReader, "read_points", must_not_read)
    assert scalars(asking(rollups=("max",)), points=1) == {
        ("mnist/a", "loss"): [(99, 99.0)],
        ("mnist/a/b", "loss"): [(49, 49.0)],
        ("mnist/a/[max]", "loss"): [(49, 49.0)],
    }


def test_no_number_of_points_means_all_and_a_negative_one_is_refused(history: History, asking: Asking) -> None:
    history.root("a").log("loss", range(2000))
    request = filtered(messages.ReadScalarsRequest(), "scalars")
    assert len(asking()("ReadScalars", request).runs[0].tags[0].data.step) == 2000
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


def test_series_of_one_run_that_are_asked_for_together_keep_equal_steps(history: History, asking: Asking) -> None:
    two_curves(history.root("a"))
    steps = [[step for step, _ in points] for points in scalars(asking(), points=300).values()]
    assert steps[0] == steps[1]
    assert len(steps[0]) <= 300


def test_where_custom_charts_are_laid_out_series_that_are_asked_for_one_by_one_keep_equal_steps(
    history: History, asking: Asking
) -> None:
    run = history.root("a")
    two_curves(run)
    layout = text_tensor("a layout").SerializeToString()
    run.log_entries("custom_scalars__config__", DataClass.TENSOR, [(0, (layout,))], "custom_scalars")
    answers = asking()
    answers("ListPlugins", messages.ListPluginsRequest())
    together = scalars(answers, points=300)
    for tag in ("loss", "margin"):
        apart = scalars(answers, points=300, runs=["mnist/a"], tags=[tag])
        assert apart == {("mnist/a", tag): together["mnist/a", tag]}


def test_a_question_about_one_tag_of_one_run_reads_nothing_of_the_others(
    history: History, asking: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    two_curves(history.root("a"))
    two_curves(history.root("b").child("c"))
    answers = asking()
    names(answers)
    asked: list[tuple[str, ...]] = []
    series, read_points = SqlReader.series, SqlReader.read_points

    def noted_series(reader: SqlReader, scope: Scope, data_class: DataClass, tags: list[str]) -> SeriesColumns:
        asked.append((*(scope.only or ("everything",)), *tags))
        return series(reader, scope, data_class, tags)

    def noted_points(reader: SqlReader, keys: list[SeriesKey], limit: int) -> list[SampledPoints]:
        asked.append(tuple(key.run_id for key in keys))
        return read_points(reader, keys, limit)

    monkeypatch.setattr(SqlReader, "series", noted_series)
    monkeypatch.setattr(SqlReader, "read_points", noted_points)
    assert len(scalars(answers, points=300, runs=["mnist/b/c"], tags=["loss"])) == 1
    assert asked == [(id_of("c"), "loss"), (id_of("c"),)]


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
    listed = answers("ListScalars", filtered(messages.ListScalarsRequest(), "scalars")).runs
    assert {run.run_name for run in listed} == {run for run, _ in shown}


def texts(answers: Answers, **wanted: list[str]) -> dict[tuple[str, str], list[tuple[int, str]]]:
    """(step, text) by run and tag."""
    request = filtered(messages.ReadTensorsRequest(), "text", **wanted)
    request.downsample.num_points = 10
    found: dict[tuple[str, str], list[tuple[int, str]]] = {}
    for run in answers("ReadTensors", request).runs:
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
    listed = answers("ListTensors", filtered(messages.ListTensorsRequest(), "text")).runs
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
    for run in answers("ListTensors", filtered(messages.ListTensorsRequest(), "hparams")).runs:
        content = {tag.tag_name: tag.metadata.summary_metadata.plugin_data.content for tag in run.tags}
        start = stock.parse_session_start_info_plugin_data(content[stock.SESSION_START_INFO_TAG])
        end = stock.parse_session_end_info_plugin_data(content[stock.SESSION_END_INFO_TAG])
        values = {name: getattr(value, value.WhichOneof("kind")) for name, value in start.hparams.items()}
        found[run.run_name] = (values, end.status)
    return found


def test_children_inherit_parameters_and_their_own_win(history: History, asking: Asking) -> None:
    sweep = with_parameters(history.root("sweep"), lr=1, on=True)
    child = with_parameters(sweep.child("a"), lr=0.5, act="relu")
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
    with_parameters(history.root("a"), lr=value)
    assert sessions(asking())["mnist/a"][0] == {"lr": shown}


def test_sessions_are_read_as_empty_tensors(history: History, asking: Asking) -> None:
    with_parameters(history.root("a"), lr=1)
    request = filtered(messages.ReadTensorsRequest(), "hparams", tags=[stock.SESSION_START_INFO_TAG])
    [run] = asking()("ReadTensors", request).runs
    [tag] = run.tags
    assert tag.data.value[0].SerializeToString() == stock.NULL_TENSOR.SerializeToString()
    assert (hparams.SESSION_START_TAG, hparams.SESSION_END_TAG) == (
        stock.SESSION_START_INFO_TAG,
        stock.SESSION_END_INFO_TAG,
    )
    assert (hparams.PLUGIN_NAME, hparams.PLUGIN_DATA_VERSION) == (stock.PLUGIN_NAME, stock.PLUGIN_DATA_VERSION)


def test_what_is_recorded_while_viewing_shows(history: History, asking: Asking) -> None:
    answers = asking()
    run = history.root("a").log("loss", [0])
    assert names(answers) == ["mnist/a"]
    run.child("b").log("loss", [0, 1])
    assert names(answers) == ["mnist/a", "mnist/a/b"]
    assert scalars(answers)["mnist/a/b", "loss"] == [(0, 0.0), (1, 1.0)]


def test_what_changes_is_read_anew_and_nothing_else(
    history: History, asking: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = [history.root(f"run-{number}") for number in range(5)]
    answers = asking()
    assert len(names(answers)) == 5
    read: list[tuple[str, ...] | None] = []
    read_runs = SqlReader.runs

    def noted(reader: SqlReader, scope: Scope) -> RunColumns:
        read.append(scope.only)
        return read_runs(reader, scope)

    monkeypatch.setattr(SqlReader, "runs", noted)
    runs[3].apply(DescribeRun(runs[3].root_id, runs[3].run_id, display_name="other"))
    assert names(answers)[3] == "mnist/other"
    assert names(answers)[3] == "mnist/other"
    assert read == [(runs[3].run_id,)]


def test_an_experiment_that_is_put_away_or_renamed_has_no_other_read_anew(
    history: History, asking: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        history.root(f"run-{number}")
    other = history.root("other", experiment="cifar")
    answers = asking()
    before = names(answers)
    read: list[str] = []
    read_runs = SqlReader.runs

    def noted(reader: SqlReader, scope: Scope) -> RunColumns:
        read.extend(scope.only or ())
        return read_runs(reader, scope)

    monkeypatch.setattr(SqlReader, "runs", noted)
    history.apply(NO_TREE, [StageExperiment("mnist", LifecycleStage.ARCHIVED)])
    assert names(answers) == ["cifar/other"]
    history.apply(NO_TREE, [StageExperiment("mnist", LifecycleStage.ACTIVE)])
    assert names(answers) == before
    assert read == []
    history.apply(NO_TREE, [RenameExperiment("cifar", "pictures")])
    assert names(answers) == [*before[:-1], "pictures/other"]
    # Two that exchange their names between two looks.
    history.apply(NO_TREE, [RenameExperiment("pictures", "x"), RenameExperiment("mnist", "pictures")])
    history.apply(NO_TREE, [RenameExperiment("x", "mnist")])
    assert read == [other.run_id]
    assert names(answers) == ["pictures/run-0", "pictures/run-1", "pictures/run-2", "mnist/other"]


def test_what_is_put_away_is_out_of_view_and_back_under_its_name(history: History, asking: Asking) -> None:
    first, second = history.root("id-000001", display_name="trial"), history.root("id-000002", display_name="trial")
    first.child("fold").log("loss", [0])
    answers = asking()
    before = names(answers)
    first.apply(StageRun(first.root_id, first.run_id, LifecycleStage.DELETED))
    assert names(answers) == [before[1]] == [f"mnist/trial-{suffix('id-000002')}"]
    assert scalars(answers) == {}
    assert names(asking()) == [before[1]]
    history.apply(NO_TREE, [StageExperiment("mnist", LifecycleStage.ARCHIVED)])
    assert names(answers) == []
    history.apply(NO_TREE, [StageExperiment("mnist", LifecycleStage.ACTIVE)])
    first.apply(StageRun(first.root_id, first.run_id, LifecycleStage.ACTIVE))
    assert names(answers) == before
    history.apply(NO_TREE, [RenameExperiment("mnist", "digits")])
    assert names(answers) == [name.replace("mnist/", "digits/") for name in before]
    assert second.run_id


def test_runs_that_are_removed_for_good_are_gone(history: History, asking: Asking) -> None:
    run = history.root("a").log("loss", [0])
    history.root("b")
    answers = asking()
    assert names(answers) == ["mnist/a", "mnist/b"]
    run.apply(StageRun(run.root_id, run.run_id, LifecycleStage.DELETED))
    assert history.writer.remove_deleted() == 1
    assert names(answers) == ["mnist/b"]


def listed(answers: Answers) -> dict[str, set[tuple[str, int]]]:
    """(tag, last step) of all scalar series, by run."""
    found = answers("ListScalars", filtered(messages.ListScalarsRequest(), "scalars")).runs
    return {run.run_name: {(tag.tag_name, tag.metadata.max_step) for tag in run.tags} for run in found}


def test_a_listing_is_made_anew_of_what_has_changed_and_of_nothing_else(
    history: History, asking: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing_cache, "_RUNS_A_PIECE", 2)
    runs = [history.root(f"run-{number}").log("loss", [0]) for number in range(4)]
    child = runs[0].child("child").log("loss", [0])
    answers = asking()
    read: list[int] = []
    series = SqlReader.series

    def noted(reader: SqlReader, scope: Scope, data_class: DataClass, tags: list[str] | None) -> SeriesColumns:
        read.append(len(scope.only or ()))
        return series(reader, scope, data_class, tags)

    monkeypatch.setattr(SqlReader, "series", noted)
    once = listed(answers)
    assert set(once) == {"mnist/run-0", "mnist/run-1", "mnist/run-2", "mnist/run-3", "mnist/run-0/child"}
    assert (sum(read), listed(answers), sum(read)) == (5, once, 5)
    runs[3].log("loss", [7]).log("accuracy", [1])
    assert listed(answers) == {**once, "mnist/run-3": {("loss", 7), ("accuracy", 1)}}
    assert sum(read) == 7
    runs[0].apply(DescribeRun(runs[0].root_id, runs[0].run_id, display_name="other"))
    assert {"mnist/other", "mnist/other/child"} < set(listed(answers))
    child.apply(StageRun(child.root_id, child.run_id, LifecycleStage.ARCHIVED))
    assert set(listed(answers)) == {"mnist/other", "mnist/run-1", "mnist/run-2", "mnist/run-3"}
    assert listed(asking()) == listed(answers)


def test_an_earlier_copy_that_is_put_in_the_place_of_a_store_is_shown(
    uri: StoreUri, asking: Asking, tmp_path: Path
) -> None:
    with open_writer(uri) as writer:
        History(writer).root("a")
    shutil.copy(uri.path, tmp_path / "copy.db")
    with open_writer(uri) as writer:
        History(writer, journal_id=id_of("another journal")).root("b")
    answers = asking()
    assert names(answers) == ["mnist/a", "mnist/b"]
    os.replace(tmp_path / "copy.db", uri.path)
    assert names(answers) == ["mnist/a"]
    with open_writer(uri) as writer:
        History(writer, journal_id=id_of("another journal")).root("c")
    assert names(answers) == ["mnist/a", "mnist/c"]
