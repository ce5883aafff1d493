"""What other people's runs hold costs itself: the dashboards' questions are answered, or refused with a sentence."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tensorboard.data.proto import data_provider_pb2 as messages

from tb_runhistory.errors import BadRequest, StoreError
from tb_runhistory.provider import replies
from tb_runhistory.provider.data_provider import RunHistoryProvider
from tb_runhistory.provider.data_server.protocol import POINTS_BUDGET, ROLLUPS
from tb_runhistory.provider.snapshot import Snapshot, Snapshots
from tb_runhistory.records.changes import DataClass
from tb_runhistory.records.columns import Scope
from tb_runhistory.records.status import RunStatus
from tb_runhistory.store.opening import open_reader
from tb_runhistory.uri import StoreUri
from tests.conformance.builder import History
from tests.provider.built import with_parameters
from tests.provider.test_entries import BUCKETS, tensor_bytes

PLUGINS = ("scalars", "text", "hparams", "histograms", "images")


@pytest.fixture
def provider() -> RunHistoryProvider:
    """A provider with computed runs."""
    return RunHistoryProvider(ROLLUPS, POINTS_BUDGET)


def everything(provider: RunHistoryProvider, snapshot: Snapshot) -> int:
    """Asks all that the dashboards ask; the number of runs that are listed."""
    provider.experiment(snapshot, messages.GetExperimentRequest())
    provider.plugins(snapshot, messages.ListPluginsRequest())
    for kind, method in (
        (messages.ListScalarsRequest, provider.list_scalars),
        (messages.ListTensorsRequest, provider.list_tensors),
        (messages.ListBlobSequencesRequest, provider.list_blob_sequences),
        (messages.ReadScalarsRequest, provider.read_scalars),
        (messages.ReadTensorsRequest, provider.read_tensors),
        (messages.ReadBlobSequencesRequest, provider.read_blob_sequences),
    ):
        for plugin in PLUGINS:
            request: Any = kind()
            request.plugin_filter.plugin_name = plugin
            method(snapshot, request)
    listed = messages.ListRunsResponse.FromString(provider.runs(snapshot, messages.ListRunsRequest()))
    return len(listed.runs)


@pytest.fixture
def damaged(uri: StoreUri, history: History) -> StoreUri:
    """A store with values of every class, whose writer is closed."""
    history.root("first", description="# First")
    sweep = history.root("sweep")
    trial = with_parameters(sweep.child("trial"), lr=0.5, name="wide").log("loss", range(200))
    trial.log_texts("note", [(0, "hello")])
    trial.log_entries("weights", DataClass.TENSOR, [(0, (tensor_bytes(BUCKETS),))], "histograms", b"\x08\x00")
    trial.log_entries("samples", DataClass.BLOB_SEQUENCE, [(0, (b"1", b"2", b"png"))], "images", b"\x08\x00")
    trial.end(RunStatus.FAILED, "it broke")
    history.writer.close()
    return uri


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE runs SET status = 99",
        "UPDATE runs SET number = 'many', created_at = 'yesterday', started_at = x'00', heartbeat_at = x'ff'",
        "UPDATE runs SET created_at = 9e999, started_at = -9e999, ended_at = 9e999",
        "UPDATE runs SET display_name = x'fffefd', description = x'ff', error = x'ff00'",
        "UPDATE runs SET depth = -5, experiment_id = 12345",
        "UPDATE runs SET parent_id = run_id WHERE depth > 0",
        "UPDATE runs SET session_id = x'00', session = 'first'",
        "UPDATE params SET kind = 77",
        "UPDATE params SET number = 'text', text = x'ff', name = x'ff' WHERE name = 'lr'",
        "UPDATE series SET declaration = 'no json'",
        'UPDATE series SET declaration = \'{"plugin_name": 5, "plugin_data": [], "description": {}}\'',
        "UPDATE series SET count = 'many', last_step = 'last', last_wall_time = 'late', last_value = 'high'",
        "UPDATE series SET count = 4611686018427387904, first_step = -9223372036854775808",
        "UPDATE series SET number = number + 1",
        "UPDATE entries SET payload = x'00ff'",
        "UPDATE entries SET step = 'one', wall_time = 'late', number = 'none'",
        "UPDATE appends SET payload = x'00ff', number = 7",
        "UPDATE experiments SET created_at = 'once', run_count = 'some', description = x'ff'",
        "UPDATE experiments SET name = x'ff'",
        "UPDATE names SET run_count = 'many'",
    ],
)
def test_a_cell_that_cannot_be_understood_takes_nothing_down(
    damaged: StoreUri, provider: RunHistoryProvider, damage: str
) -> None:
    with closing(sqlite3.connect(damaged.path)) as raw, raw:
        raw.execute(damage)
    with open_reader(damaged) as reader:
        assert everything(provider, Snapshots(lambda: reader, Scope()).current()) >= 3


def test_a_reply_that_is_too_large_is_a_sentence(
    uri: StoreUri, history: History, provider: RunHistoryProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = history.root("run")
    for tag in range(20):
        run.log_texts(f"note-{tag}", [(step, "long " * 1000) for step in range(10)])
    monkeypatch.setattr(replies, "MAX_REPLY_BYTES", 100_000)
    request = messages.ReadTensorsRequest()
    request.plugin_filter.plugin_name = "text"
    with open_reader(uri) as reader, pytest.raises(BadRequest, match="show fewer runs or tags"):
        provider.read_tensors(Snapshot(reader, Scope()), request)


def test_texts_of_any_length_make_replies_of_bounded_length(
    uri: StoreUri, history: History, provider: RunHistoryProvider
) -> None:
    huge = "x" * 1_200_000
    for number in range(20):
        run = history.root(f"run-{number}", display_name=huge)
        with_parameters(run, note=huge)
        with_parameters(run, **{"y" * 5000: 1})
    request = messages.ListTensorsRequest()
    request.plugin_filter.plugin_name = "hparams"
    with open_reader(uri) as reader:
        snapshot = Snapshot(reader, Scope())
        assert len(provider.list_tensors(snapshot, request)) < 200_000
        assert len(provider.runs(snapshot, messages.ListRunsRequest())) < 20_000


def test_thousands_of_plugins_are_not_all_told_apart(
    uri: StoreUri, history: History, provider: RunHistoryProvider
) -> None:
    run = history.root("run")
    for number in range(200):
        run.log_entries(f"tag-{number}", DataClass.TENSOR, [(0, (b"",))], f"plugin-{number}")
    with open_reader(uri) as reader:
        reply = provider.plugins(Snapshot(reader, Scope()), messages.ListPluginsRequest())
    assert 0 < len(messages.ListPluginsResponse.FromString(reply).plugins) <= 64


def test_a_store_that_is_damaged_as_a_file_is_a_sentence(damaged: StoreUri, provider: RunHistoryProvider) -> None:
    file = Path(damaged.path)
    content = bytearray(file.read_bytes())
    for page in range(1, len(content) // 4096):
        content[page * 4096 : page * 4096 + 200] = b"\xff" * 200
    file.write_bytes(bytes(content))
    with pytest.raises(StoreError):
        everything(provider, Snapshots(lambda: open_reader(damaged), Scope()).current())
