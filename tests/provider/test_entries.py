"""Tensors and blob sequences, through TensorBoard's own client and in its own dashboards."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

import grpc
import numpy as np
import pytest
from tensorboard import errors
from tensorboard.compat.proto import summary_pb2, tensor_pb2, tensor_shape_pb2, types_pb2
from tensorboard.data import grpc_provider, provider
from tensorboard.plugins.histogram import metadata as histogram
from tensorboard.plugins.image import metadata as image
from tensorboard.plugins.text import metadata as text
from tensorboard.util import tensor_util

from tb_runhistory.provider.data_server.protocol import ServerSettings
from tb_runhistory.provider.data_server.supervisor import DataServer
from tb_runhistory.provider.tensors import stored_tensor
from tb_runhistory.records.changes import DataClass
from tb_runhistory.store.opening import open_writer
from tb_runhistory.uri import StoreUri, parse_uri
from tests.conformance.builder import START, History
from tests.provider.viewer import Viewer

BUCKETS = np.array([[0.0, 1.0, 3.0], [1.0, 2.0, 5.0]])
LARGE = bytes(range(256)) * 2048


def png(width: int, height: int) -> bytes:
    """A black picture."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress((b"\0" + b"\0" * width) * height)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def tensor_bytes(values: Any) -> bytes:
    """The ``TensorProto`` of an array."""
    content: bytes = tensor_util.make_tensor_proto(values).SerializeToString()
    return content


def plugin_of(summary: summary_pb2.SummaryMetadata) -> dict[str, Any]:
    """What of TensorBoard's metadata is recorded with a series."""
    return {"plugin_name": summary.plugin_data.plugin_name, "plugin_data": summary.plugin_data.content}


@pytest.fixture(scope="module")
def uri(tmp_path_factory: pytest.TempPathFactory) -> StoreUri:
    """A store with a histogram, pictures, a table of text and values that are none."""
    uri = parse_uri(f"sqlite:///{tmp_path_factory.mktemp('entries')}/runs.db")
    images = plugin_of(image.create_summary_metadata("", ""))
    histograms = plugin_of(histogram.create_summary_metadata("", ""))
    with open_writer(uri) as writer:
        run = History(writer).root("run")
        run.log_entries(
            "weights", DataClass.TENSOR, [(step, (tensor_bytes(BUCKETS + step),)) for step in range(5)], **histograms
        )
        run.log_entries("broken", DataClass.TENSOR, [(0, (b"\xff\xff",)), (1, (tensor_bytes(BUCKETS),))], **histograms)
        pictures = [(0, (b"4", b"2", png(4, 2))), (1, (b"4", b"2", png(4, 2), LARGE))]
        run.log_entries("samples", DataClass.BLOB_SEQUENCE, pictures, **images)
        table = tensor_bytes(np.array([["a", "b"], ["c", "d"]], object))
        written = plugin_of(text.create_summary_metadata("", ""))
        run.log_entries("table", DataClass.TENSOR, [(0, (table,))], **written)
        run.log_texts("note", [(0, "*hello*")])
        run.log("loss", [0])
        run.child("child").log_texts("note", [(3, "long " * 50_000)])
    return uri


@pytest.fixture(scope="module")
def client(uri: StoreUri) -> Iterator[grpc_provider.GrpcDataProvider]:
    """TensorBoard's own client of a data server over the store."""
    server = DataServer()
    server.start()
    server.serve(ServerSettings(uri.text, server.port))
    server.wait(20)
    options = [("grpc.max_receive_message_length", 256 << 20)]
    with grpc.secure_channel(server.address, grpc.local_channel_credentials(), options) as channel:
        yield grpc_provider.GrpcDataProvider("", grpc_provider.make_stub(channel))
    server.stop()


def test_the_plugins_of_what_was_recorded_have_data(client: grpc_provider.GrpcDataProvider) -> None:
    assert set(client.list_plugins(None, experiment_id="")) == {"scalars", "text", "images", "histograms"}


def test_tensors_come_with_their_plugin_s_data(client: grpc_provider.GrpcDataProvider) -> None:
    listed = client.list_tensors(None, experiment_id="", plugin_name="histograms")
    assert {run: set(tags) for run, tags in listed.items()} == {"mnist/run": {"weights", "broken"}}
    series = listed["mnist/run"]["weights"]
    assert (series.max_step, series.max_wall_time) == (4, START + 4)
    assert series.plugin_content == histogram.create_summary_metadata("", "").plugin_data.content
    wanted = provider.RunTagFilter(["mnist/run"], ["weights"])
    read = client.read_tensors(None, experiment_id="", plugin_name="histograms", downsample=3, run_tag_filter=wanted)
    shown = read["mnist/run"]["weights"]
    assert [datum.step for datum in shown] == [0, 2, 4]
    np.testing.assert_array_equal(shown[-1].numpy, BUCKETS + 4)


def test_a_value_that_is_no_tensor_costs_itself(client: grpc_provider.GrpcDataProvider) -> None:
    wanted = provider.RunTagFilter(tags=["broken"])
    read = client.read_tensors(None, experiment_id="", plugin_name="histograms", downsample=10, run_tag_filter=wanted)
    assert [datum.step for datum in read["mnist/run"]["broken"]] == [1]


def test_texts_of_both_kinds_are_one_run_s(client: grpc_provider.GrpcDataProvider) -> None:
    listed = client.list_tensors(None, experiment_id="", plugin_name="text")
    assert {run: set(tags) for run, tags in listed.items()} == {
        "mnist/run": {"table", "note"},
        "mnist/run/child": {"note"},
    }
    read = client.read_tensors(None, experiment_id="", plugin_name="text", downsample=10)
    assert read["mnist/run"]["table"][0].numpy.tolist() == [[b"a", b"b"], [b"c", b"d"]]
    assert read["mnist/run"]["note"][0].numpy.item() == b"*hello*"
    # A text that is too large for a row is stored as an artifact.
    assert read["mnist/run/child"]["note"][0].numpy.item() == b"long " * 50_000


def test_blobs_are_listed_referenced_and_streamed(client: grpc_provider.GrpcDataProvider) -> None:
    listed = client.list_blob_sequences(None, experiment_id="", plugin_name="images")
    series = listed["mnist/run"]["samples"]
    assert (series.max_step, series.max_length) == (1, 4)
    assert series.plugin_content == image.create_summary_metadata("", "").plugin_data.content
    read = client.read_blob_sequences(None, experiment_id="", plugin_name="images", downsample=10)
    first, second = read["mnist/run"]["samples"]
    assert (first.step, first.wall_time, len(first.values), len(second.values)) == (0, START, 3, 4)
    blobs = [client.read_blob(None, blob_key=reference.blob_key) for reference in second.values]
    assert blobs == [b"4", b"2", png(4, 2), LARGE]


def test_a_key_that_leads_nowhere_is_refused(client: grpc_provider.GrpcDataProvider) -> None:
    with pytest.raises(errors.InvalidArgumentError, match="no key of a blob"):
        client.read_blob(None, blob_key="nonsense")
    read = client.read_blob_sequences(None, experiment_id="", plugin_name="images", downsample=10)
    key = read["mnist/run"]["samples"][0].values[0].blob_key
    with pytest.raises(errors.NotFoundError, match="not there"):
        client.read_blob(None, blob_key="A" * 8 + key[8:32] + "B" * 8 + key[40:])


def test_another_plugin_has_nothing(client: grpc_provider.GrpcDataProvider) -> None:
    for listing in (client.list_tensors, client.list_blob_sequences, client.list_scalars):
        assert listing(None, experiment_id="", plugin_name="audio") == {}


def test_the_stock_dashboards_show_them(uri: StoreUri) -> None:
    one = {"run": "mnist/run", "tag": "weights"}
    with Viewer(f"--runhistory_uri={uri.text}") as viewer:
        listing = viewer.get("data/plugins_listing")
        active = {name for name, plugin in listing.items() if plugin["enabled"]}
        assert active == {"timeseries", "scalars", "text", "images", "histograms", "distributions", "runhistory"}
        histograms = viewer.get(f"data/plugin/histograms/histograms?{urlencode(one)}")
        assert [step for _, step, _ in histograms] == [0, 1, 2, 3, 4]
        assert histograms[2][2] == (BUCKETS + 2).tolist()
        tags = viewer.get("data/plugin/timeseries/tags")
        assert tags["histograms"]["runTagInfo"] == {"mnist/run": ["broken", "weights"]}
        assert tags["images"]["tagRunSampledInfo"] == {"samples": {"mnist/run": {"maxSamplesPerStep": 2}}}
        asked = json.dumps([{"plugin": "images", "tag": "samples", "run": "mnist/run", "sample": 0}])
        [answer] = viewer.get("data/plugin/timeseries/timeSeries", [("requests", asked)])
        [first, _] = answer["runToSeries"]["mnist/run"]
        address = f"{viewer.url}data/plugin/timeseries/imageData?{urlencode({'imageId': first['imageId']})}"
        with urlopen(address, timeout=30) as response:
            assert response.headers["Content-Type"] == "image/png"
            assert response.read() == png(4, 2)


@pytest.mark.parametrize(
    "tensor",
    [
        tensor_pb2.TensorProto(dtype=types_pb2.DT_FLOAT, float_val=[1.0]),
        tensor_pb2.TensorProto(dtype=types_pb2.DT_STRING, string_val=[b"a"]),
    ],
)
def test_a_tensor_that_claims_more_than_it_holds_is_none(tensor: Any) -> None:
    shape = tensor_shape_pb2.TensorShapeProto
    tensor.tensor_shape.CopyFrom(shape(dim=[shape.Dim(size=1)]))
    assert stored_tensor(tensor.SerializeToString()) is not None
    for sizes in ([1 << 40], [1 << 20, 1 << 20], [-1], [1 << 62, 4]):
        tensor.tensor_shape.CopyFrom(shape(dim=[shape.Dim(size=size) for size in sizes]))
        assert stored_tensor(tensor.SerializeToString()) is None


def test_any_bytes_are_a_tensor_or_none() -> None:
    whole = tensor_bytes(np.arange(12.0).reshape(3, 4))
    rng = np.random.default_rng(0)
    for _ in range(500):
        hurt = bytearray(whole)
        hurt[rng.integers(len(hurt))] ^= 1 << rng.integers(8)
        tensor = stored_tensor(bytes(hurt))
        if tensor is not None:
            tensor_util.make_ndarray(tensor)
