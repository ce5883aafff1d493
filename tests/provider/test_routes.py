"""The same history over every route to it: the reader, the data server, and both of TensorBoard's scalar dashboards."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import grpc
import numpy as np
import pytest
from tensorboard.data import grpc_provider, provider

from tb_runhistory.provider.data_server.protocol import ServerSettings
from tb_runhistory.provider.data_server.supervisor import DataServer
from tb_runhistory.provider.snapshot import Snapshot
from tb_runhistory.records.changes import DataClass
from tb_runhistory.records.columns import Scope
from tb_runhistory.store.opening import open_reader, open_writer
from tb_runhistory.uri import StoreUri, parse_uri
from tests.conformance.builder import START, History
from tests.provider.built import suffix
from tests.provider.viewer import Viewer

Rows = list[tuple[int, float, float]]

SECOND_TRIAL = f"mnist/sweep 1_2 – ünïcode/trial-{suffix('trial-000002')}"
SPIKED = [1.0] * 100_000
SPIKED[77_777] = 1000.0
UNEVEN = {3: 0.25, 10: -1.5, 2**40: 3.0, 2**40 + 1: math.nan, 2**41: math.inf}


class Route(ABC):
    """One way to ask for what a store holds, by TensorBoard's names."""

    @abstractmethod
    def tags(self) -> dict[str, set[str]]:
        """The scalar tags of each run that has any."""

    @abstractmethod
    def points(self, run: str, tag: str) -> Rows:
        """(step, wall time, value) of a series, at most 1,000 of them."""


class ReaderRoute(Route):
    """The store's reader."""

    def __init__(self, uri: StoreUri) -> None:
        self.reader = open_reader(uri)
        self.snapshot = Snapshot(self.reader, Scope())

    def tags(self) -> dict[str, set[str]]:
        series = self.reader.series(Scope(), DataClass.SCALAR)
        found: dict[str, set[str]] = {}
        for key, tag in zip(series.key, series.tag, strict=True):
            found.setdefault(self.snapshot.names[key.run_id], set()).add(tag)
        return found

    def points(self, run: str, tag: str) -> Rows:
        row = self.snapshot.directory.row_named(run)
        assert row is not None
        series = self.reader.series(Scope(only=(self.snapshot.directory.run_id(row),)), DataClass.SCALAR, [tag])
        [sampled] = self.reader.read_points(series.key, 1000)
        shown = sampled.points
        return list(zip(shown.steps.tolist(), shown.wall_times.tolist(), shown.values.tolist(), strict=True))


class GrpcRoute(Route):
    """The data server, through TensorBoard's own client."""

    def __init__(self, uri: StoreUri) -> None:
        self.server = DataServer()
        self.server.start()
        self.server.serve(ServerSettings(uri.text, self.server.port))
        self.server.wait(20)
        self.channel = grpc.secure_channel(self.server.address, grpc.local_channel_credentials())
        self.provider = grpc_provider.GrpcDataProvider("", grpc_provider.make_stub(self.channel))

    def tags(self) -> dict[str, set[str]]:
        listed = self.provider.list_scalars(None, experiment_id="", plugin_name="scalars")
        return {run: set(tags) for run, tags in listed.items()}

    def points(self, run: str, tag: str) -> Rows:
        wanted = provider.RunTagFilter([run], [tag])
        read = self.provider.read_scalars(
            None, experiment_id="", plugin_name="scalars", downsample=1000, run_tag_filter=wanted
        )
        return [(datum.step, datum.wall_time, datum.value) for datum in read[run][tag]]

    def close(self) -> None:
        """Ends the server."""
        self.channel.close()
        self.server.stop()


class TimeSeriesRoute(Route):
    """TensorBoard's Time Series dashboard."""

    def __init__(self, viewer: Viewer) -> None:
        self.viewer = viewer

    def tags(self) -> dict[str, set[str]]:
        listed = self.viewer.get("data/plugin/timeseries/tags")["scalars"]["runTagInfo"]
        return {run: set(tags) for run, tags in listed.items()}

    def points(self, run: str, tag: str) -> Rows:
        series = self.viewer.time_series(tag)[run]
        return [(point["step"], point["wallTime"], float(point["value"])) for point in series]


class ScalarsRoute(Route):
    """TensorBoard's older Scalars dashboard."""

    def __init__(self, viewer: Viewer) -> None:
        self.viewer = viewer

    def tags(self) -> dict[str, set[str]]:
        return {run: set(tags) for run, tags in self.viewer.get("data/plugin/scalars/tags").items()}

    def points(self, run: str, tag: str) -> Rows:
        one = urlencode({"run": run, "tag": tag})
        single = self.viewer.get(f"data/plugin/scalars/scalars?{one}")
        several = self.viewer.get("data/plugin/scalars/scalars_multirun", [("tag", tag), ("runs", run)])[run]
        assert single == several
        return [(step, wall_time, float(value)) for wall_time, step, value in single]


@pytest.fixture(scope="module")
def uri(tmp_path_factory: pytest.TempPathFactory) -> StoreUri:
    """A store with one of each."""
    return fill(tmp_path_factory.mktemp("routes"))


def fill(folder: Path) -> StoreUri:
    """A sweep, a spike, odd names, uneven steps, a resumed run."""
    uri = parse_uri(f"sqlite:///{folder}/runs.db")
    with open_writer(uri) as writer:
        history = History(writer)
        history.root("spike").log("loss", range(100_000), SPIKED)
        sweep = history.root("sweep", display_name="sweep 1/2 – ünïcode")
        sweep.child("trial-000001", display_name="trial").log("train/loss", list(UNEVEN), list(UNEVEN.values()))
        sweep.child("trial-000002", display_name="trial").log("train/loss", [5], [0.1])
        history.root("resumed", experiment="other").log("loss", range(10)).resume().log("loss", [4, 5], [40.0, 50.0])
        history.root("shuffled", experiment="other").log("loss", [3, 1, 2, 1], [3.0, 0.0, 2.0, 1.0])
        history.root("silent")
    return uri


@pytest.fixture(scope="module")
def viewer(uri: StoreUri) -> Iterator[Viewer]:
    """A TensorBoard on the store."""
    with Viewer(f"--runhistory_uri={uri.text}") as started:
        yield started


@pytest.fixture(scope="module", params=["reader", "grpc", "time series", "scalars"])
def route(request: pytest.FixtureRequest, uri: StoreUri) -> Iterator[Route]:
    """Each of the routes."""
    if request.param == "reader":
        reader = ReaderRoute(uri)
        yield reader
        reader.reader.close()
    elif request.param == "grpc":
        server = GrpcRoute(uri)
        yield server
        server.close()
    else:
        viewer: Viewer = request.getfixturevalue("viewer")
        yield TimeSeriesRoute(viewer) if request.param == "time series" else ScalarsRoute(viewer)


def test_every_series_is_listed_under_its_run(route: Route) -> None:
    assert route.tags() == {
        "mnist/spike": {"loss"},
        "mnist/sweep 1_2 – ünïcode/trial": {"train/loss"},
        SECOND_TRIAL: {"train/loss"},
        "other/resumed": {"loss"},
        "other/shuffled": {"loss"},
    }


def test_a_short_series_comes_whole(route: Route) -> None:
    points = route.points("mnist/sweep 1_2 – ünïcode/trial", "train/loss")
    assert [(step, wall_time) for step, wall_time, _ in points] == [(step, START + step) for step in UNEVEN]
    np.testing.assert_equal([value for _, _, value in points], list(UNEVEN.values()))


def test_a_spike_in_a_long_series_is_shown_and_both_ends_are(route: Route) -> None:
    points = route.points("mnist/spike", "loss")
    assert len(points) <= 1000
    assert (77_777, START + 77_777, 1000.0) in points
    assert points[0] == (0, START, 1.0)
    assert points[-1] == (99_999, START + 99_999, 1.0)


def test_a_resumed_run_shows_one_clean_curve(route: Route) -> None:
    values = [(step, value) for step, _, value in route.points("other/resumed", "loss")]
    assert values == [(0, 0.0), (1, 1.0), (2, 2.0), (3, 3.0), (4, 40.0), (5, 50.0)]


def test_points_come_by_step_and_the_later_of_two_shows(route: Route) -> None:
    assert [(step, value) for step, _, value in route.points("other/shuffled", "loss")] == [
        (1, 1.0),
        (2, 2.0),
        (3, 3.0),
    ]


def test_values_are_exact_but_for_the_32_bits_of_the_service(route: Route) -> None:
    [(_, _, value)] = route.points(SECOND_TRIAL, "train/loss")
    assert value == (0.1 if isinstance(route, ReaderRoute) else float(np.float32(0.1)))


def test_runs_stand_in_the_order_of_their_start(viewer: Viewer) -> None:
    assert viewer.get("data/runs") == [
        "mnist/spike",
        "mnist/sweep 1_2 – ünïcode",
        "mnist/sweep 1_2 – ünïcode/trial",
        SECOND_TRIAL,
        "other/resumed",
        "other/shuffled",
        "mnist/silent",
    ]
