"""The data server as a client sees it: what it answers when the store fails, and how it ends."""

from __future__ import annotations

import gc
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from unittest.mock import ANY

import grpc
import numpy as np
import psutil
import pytest
from tensorboard.data.proto import data_provider_pb2 as messages
from tensorboard.data.proto import data_provider_pb2_grpc

from tb_runhistory.errors import StoreError
from tb_runhistory.provider.admission import Admission
from tb_runhistory.provider.data_provider import RunHistoryProvider
from tb_runhistory.provider.data_server import __main__ as data_server
from tb_runhistory.provider.data_server.protocol import READY, ServerSettings
from tb_runhistory.provider.data_server.servicer import Loaded, RunHistoryServicer
from tb_runhistory.provider.data_server.supervisor import DataServer
from tb_runhistory.provider.sampling import REPLY_POINTS
from tb_runhistory.provider.snapshot import Snapshot, Snapshots
from tb_runhistory.records.columns import Scope
from tb_runhistory.store.opening import open_reader
from tb_runhistory.uri import StoreUri
from tests.conformance.builder import History
from tests.provider.viewer import gone, wait_for


class Client:
    """A data server that this process has started, and calls to it. Ends with the ``with`` block."""

    def __init__(self, uri: str) -> None:
        self.server = DataServer()
        self.server.start()
        self.server.serve(ServerSettings(uri, self.server.port, points_budget=None))
        # Each call has a channel that begins anew, so that none waits for another's back-off.
        self.options = [("grpc.use_local_subchannel_pool", 1)]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.server.stop()

    def runs(self, seconds: float = 20.0) -> list[str]:
        """The names of all runs."""
        with grpc.secure_channel(self.server.address, grpc.local_channel_credentials(), self.options) as channel:
            stub = data_provider_pb2_grpc.TensorBoardDataProviderStub(channel)
            request = messages.ListRunsRequest()
            return [run.name for run in stub.ListRuns(request, timeout=seconds, wait_for_ready=True).runs]

    def scalars(self) -> Any:
        """All points of all series."""
        options = [*self.options, ("grpc.max_receive_message_length", 256 << 20)]
        with grpc.secure_channel(self.server.address, grpc.local_channel_credentials(), options) as channel:
            stub = data_provider_pb2_grpc.TensorBoardDataProviderStub(channel)
            request = messages.ReadScalarsRequest()
            request.plugin_filter.plugin_name = "scalars"
            return stub.ReadScalars(request, timeout=30, wait_for_ready=True)

    def error(self) -> grpc.RpcError:
        """What a call ends with, which must be an error."""
        with pytest.raises(grpc.RpcError) as caught:
            self.runs()
        return caught.value

    def process(self) -> psutil.Process:
        """The server's process."""
        # Other tests may have left an ended shipper, which has no command line any more.
        living = [child for child in psutil.Process().children() if child.status() != psutil.STATUS_ZOMBIE]
        [process] = [child for child in living if "tb_runhistory.provider.data_server" in child.cmdline()]
        return process


@pytest.fixture
def client(uri: StoreUri, history: History) -> Iterator[Client]:
    """A server of a store with one run."""
    history.root("a").log("loss", range(10))
    with Client(uri.text) as started:
        yield started


def test_a_store_that_disappears_is_named_and_found_again(
    client: Client, uri: StoreUri, history: History, tmp_path: Path
) -> None:
    assert client.runs() == ["mnist/a"]
    history.writer.close()
    process = client.process()
    shutil.move(tmp_path / "store", tmp_path / "away")
    error = client.error()
    assert error.code() == grpc.StatusCode.NOT_FOUND
    assert uri.path in str(error.details())
    shutil.move(tmp_path / "away", tmp_path / "store")
    assert client.runs() == ["mnist/a"]
    assert client.process() == process


def test_a_store_that_becomes_something_else_is_named(client: Client, uri: StoreUri, history: History) -> None:
    assert client.runs() == ["mnist/a"]
    history.writer.close()
    content = Path(uri.path).read_bytes()
    for name in (uri.path, f"{uri.path}-wal", f"{uri.path}-shm"):
        Path(name).unlink(missing_ok=True)
    Path(uri.path).write_text("no database" * 100)
    error = client.error()
    assert error.code() == grpc.StatusCode.UNAVAILABLE
    assert "not a run-history store" in str(error.details())
    Path(uri.path).write_bytes(content)
    assert client.runs() == ["mnist/a"]


def test_a_writer_at_work_does_not_lock_viewers_out(client: Client, uri: StoreUri) -> None:
    with closing(sqlite3.connect(uri.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert client.runs() == ["mnist/a"]
        other.execute("ROLLBACK")


def test_a_program_that_keeps_every_lock_does_not_lock_viewers_out(
    client: Client, uri: StoreUri, history: History
) -> None:
    history.writer.close()
    with closing(sqlite3.connect(uri.path, isolation_level=None)) as other:
        # SQLite then keeps what it locked until the connection is closed.
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("UPDATE experiments SET description = 'another'")
        with closing(sqlite3.connect(uri.path, timeout=0)) as refused, pytest.raises(sqlite3.OperationalError):
            refused.execute("SELECT * FROM runs")
        # The second is the text that an experiment's description is shown as.
        assert client.runs() == ["mnist/a", "mnist"]
    assert client.runs() == ["mnist/a", "mnist"]


def test_a_server_that_dies_answers_again_on_the_same_port(client: Client) -> None:
    assert client.runs() == ["mnist/a"]
    process = client.process()
    process.kill()
    assert wait_for("a further answer", lambda: client.runs() == ["mnist/a"]) < 3
    assert client.process() != process


def test_a_client_that_keeps_its_channel_is_answered_as_soon_as_a_slow_start_is_over(client: Client) -> None:
    with grpc.secure_channel(client.server.address, grpc.local_channel_credentials(), client.options) as channel:
        stub = data_provider_pb2_grpc.TensorBoardDataProviderStub(channel)

        def is_answered() -> bool:
            # As TensorBoard asks: at once or not at all.
            try:
                return [run.name for run in stub.ListRuns(messages.ListRunsRequest(), timeout=20).runs] == ["mnist/a"]
            except grpc.RpcError:
                return False

        wait_for("an answer", is_answered)
        first = client.process()
        first.kill()
        wait_for("a new process", lambda: gone(first) and _is_started(client))
        client.process().suspend()
        answers = ThreadPoolExecutor(1)
        answer = answers.submit(wait_for, "a further answer", is_answered)
        # Were it refused meanwhile, the client would by now stay away for seconds after each try.
        time.sleep(6)
        client.process().resume()
        assert answer.result() < 6 + 2
        answers.shutdown()


def test_a_server_that_cannot_be_started_for_a_while_is_tried_again(
    client: Client, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert client.runs() == ["mnist/a"]
    start, refusals = client.server.start, iter([OSError(11, "no process is left"), OSError(11, "no process is left")])

    def start_or_not() -> None:
        for refusal in refusals:
            raise refusal
        start()

    monkeypatch.setattr(client.server, "start", start_or_not)
    client.process().kill()
    assert wait_for("a further answer", lambda: client.runs() == ["mnist/a"]) < 10
    assert capfd.readouterr().err.count("cannot be started: no process is left; it is tried again") == 2


def _is_started(client: Client) -> bool:
    try:
        return client.process().status() != psutil.STATUS_ZOMBIE
    except (ValueError, psutil.NoSuchProcess):
        return False


def test_damaged_points_are_counted_on_stderr_and_the_others_are_shown(
    uri: StoreUri, history: History, capfd: pytest.CaptureFixture[str]
) -> None:
    history.root("a").log("loss", range(20_000))
    with closing(sqlite3.connect(uri.path)) as raw, raw:
        rowid, payload = raw.execute("SELECT rowid, payload FROM blocks WHERE level = 0 LIMIT 1").fetchone()
        middle = len(payload) // 2
        hurt = payload[:middle] + bytes([payload[middle] ^ 4]) + payload[middle + 1 :]
        raw.execute("UPDATE blocks SET payload = ? WHERE rowid = ?", (hurt, rowid))
    with Client(uri.text) as client:
        for _ in range(2):
            [run] = client.scalars().runs
            steps = run.tags[0].data.step
            assert 0 < len(steps) < 20_000
            assert steps[-1] == 19_999
    [line] = [line for line in capfd.readouterr().err.splitlines() if "damaged" in line]
    assert f"{20_000 - len(steps):,} points of 'loss' of the run 'mnist/a' are damaged" in line


def test_the_memory_of_the_server_is_bounded_whatever_is_asked_for(uri: StoreUri, history: History) -> None:
    rng = np.random.default_rng(0)
    for number in range(24):
        history.root(f"run-{number}").log("loss", range(50_000), rng.normal(size=50_000).tolist())
    with Client(uri.text) as client:
        with ThreadPoolExecutor(6) as pool:
            replies = list(pool.map(lambda _: client.scalars(), range(6)))
        assert client.process().memory_info().rss < 200 << 20
    points = sum(len(run.tags[0].data.step) for run in replies[0].runs)
    assert 0.9 * REPLY_POINTS < points <= REPLY_POINTS


def test_a_selection_that_does_not_exist_is_told_at_the_start(uri: StoreUri, history: History) -> None:
    history.root("a")
    server = DataServer()
    server.start()
    server.serve(ServerSettings(f"{uri.text}?experiment=gone", server.port, check_selection=True))
    with pytest.raises(StoreError, match="no experiment 'gone'"):
        server.wait(20)
    server.stop()


def test_stopping_leaves_no_process_behind(client: Client) -> None:
    assert client.runs() == ["mnist/a"]
    process = client.process()
    client.server.stop()
    client.server.stop()
    assert not process.is_running()


def test_the_server_ends_with_the_process_that_started_it(uri: StoreUri, history: History) -> None:
    history.root("a")
    parent = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys\n"
            "from tb_runhistory.provider.data_server.supervisor import DataServer\n"
            "from tb_runhistory.provider.data_server.protocol import ServerSettings\n"
            "server = DataServer()\n"
            "server.start()\n"
            "server.serve(ServerSettings(sys.stdin.readline().strip(), server.port))\n"
            "server.wait(20)\n"
            "print(server._process.pid, flush=True)\n"
            "sys.stdin.read()\n",
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdin is not None
    assert parent.stdout is not None
    parent.stdin.write(uri.text + "\n")
    parent.stdin.flush()
    child = psutil.Process(int(parent.stdout.readline()))
    os.kill(child.pid, signal.SIGINT)
    assert not gone(child)
    parent.kill()
    parent.wait()
    wait_for("the end of the server", lambda: gone(child), 5)
    parent.stdin.close()
    parent.stdout.close()


class Refused(Exception):
    """A call was ended with a status."""


class Context:
    """What gRPC gives a method, as far as it is used."""

    def abort(self, code: grpc.StatusCode, text: str) -> None:
        raise Refused(code, text)


def ask(servicer: RunHistoryServicer, method: str, request: Any) -> bytes:
    """The reply of a method of the service."""
    return servicer.answer(method, request, Context())  # type: ignore[arg-type]


@pytest.fixture
def servicer(uri: StoreUri, history: History) -> RunHistoryServicer:
    """The service over a store with one run."""
    history.root("a").log("loss", range(10))
    loaded: Future[Loaded] = Future()
    loaded.set_result(Loaded(Snapshots(lambda: open_reader(uri), Scope()), RunHistoryProvider()))
    return RunHistoryServicer(loaded)


def test_equal_requests_of_one_moment_are_answered_once(
    servicer: RunHistoryServicer, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []
    runs = RunHistoryProvider.runs

    def counted(provider: RunHistoryProvider, snapshot: Snapshot, request: Any) -> bytes:
        calls.append("")
        return runs(provider, snapshot, request)

    monkeypatch.setattr(RunHistoryProvider, "runs", counted)
    request = messages.ListRunsRequest()
    with ThreadPoolExecutor(20) as pool:
        replies = set(pool.map(lambda _: ask(servicer, "ListRuns", request), range(60)))
    assert len(replies) == len(calls) == 1
    history.root("b")
    assert ask(servicer, "ListRuns", request) not in replies


def test_who_would_wait_too_long_is_sent_away(servicer: RunHistoryServicer) -> None:
    request = messages.ReadScalarsRequest()
    request.plugin_filter.plugin_name = "scalars"
    servicer._charts = Admission(1, longest_wait=0.01)
    with servicer._charts.turn(), pytest.raises(Refused) as caught:
        ask(servicer, "ReadScalars", request)
    assert caught.value.args == (grpc.StatusCode.UNAVAILABLE, ANY)
    assert "ask again later" in caught.value.args[1]
    assert ask(servicer, "ReadScalars", request)
    request.run_tag_filter.runs.names.append("mnist/a")
    with servicer._charts.turn():
        assert ask(servicer, "ReadScalars", request), "a chart of one run waits for none of many"


def test_an_unknown_error_is_told_without_its_text(capsys: pytest.CaptureFixture[str]) -> None:
    loaded: Future[Loaded] = Future()
    loaded.set_exception(ValueError("password=hunter2"))
    with pytest.raises(Refused) as caught:
        ask(RunHistoryServicer(loaded), "ListRuns", messages.ListRunsRequest())
    assert caught.value.args[0] == grpc.StatusCode.INTERNAL
    assert "hunter2" not in caught.value.args[1] + capsys.readouterr().err


def test_a_server_says_that_it_is_ready_before_anybody_is_answered(
    uri: StoreUri, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Whoever watches it would else take one that answered and then died for one that cannot start, and wait.
    loaded: Future[Loaded] = Future()
    said: list[tuple[str, bool]] = []
    monkeypatch.setattr(data_server, "_say", lambda line: said.append((line, loaded.done())))
    data_server._load(ServerSettings(uri.text, 0), loaded)
    gc.unfreeze()
    assert said == [(READY, False)]
    assert loaded.done()
