"""What a Tensorboard shows, and what it says where it cannot."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, cast

import pytest

from tb_runhistory import Experiment, Tensorboard, Workspace
from tb_runhistory.errors import BadRequest, NotFound, RunHistoryError, StoreUnavailable
from tb_runhistory.launch.launcher import TensorboardProcess
from tb_runhistory.store.opening import open_writer
from tb_runhistory.uri import parse_uri
from tests.launch.asking import last_values, processes_of, runs_at
from tests.launch.conftest import Board
from tests.postgresql_server import PostgresServer
from tests.provider.viewer import wait_for


def test_a_running_run_and_its_children_are_shown_as_they_go_on(board: Board) -> None:
    child = board.run.child_run("child")
    child.log("accuracy", 0.75)
    wait_for("the child", lambda: last_values(board.url, "accuracy") == {"launch/root/child": 0.75})
    board.run.log("loss", 0.25)
    wait_for("the second point", lambda: last_values(board.url, "loss") == {"launch/root": 0.25})
    assert runs_at(board.url) == {"launch/root", "launch/root/child"}


def test_the_first_run_of_a_store_that_does_not_exist_yet_is_waited_for(workspace: Workspace) -> None:
    assert not workspace.exists
    first = Experiment(workspace, "one").start_logging("a")
    first.log("loss", 1.0)
    other = Experiment(workspace, "two").start_logging("b")
    other.log("loss", 2.0)
    Experiment(workspace, "two").start_logging("c").log("loss", 3.0)
    with Tensorboard((run for run in [first, other]), port=0) as tensorboard:
        assert last_values(tensorboard.start(), "loss") == {"one/a": 1.0, "two/b": 2.0}


def test_beside_runs_the_folder_is_left_alone(board: Board, tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    with Tensorboard([board.run], str(folder), 0, use_display_name=True) as tensorboard:
        assert "launch/root" in runs_at(tensorboard.start())
    assert not folder.exists()


def test_what_cannot_be_shown_is_said_at_once(board: Board, workspace: Workspace) -> None:
    other = Experiment(workspace, "e").start_logging()
    with pytest.raises(BadRequest, match="nothing to show: give runs, or a folder"):
        Tensorboard([])
    with pytest.raises(BadRequest, match=r"several stores .*: make a Tensorboard for each"):
        Tensorboard([board.run, other])
    with pytest.raises(BadRequest, match=r"no port 65536: .* 0 to pick a free one"):
        Tensorboard([other], port=65536)
    with pytest.raises(TypeError, match="a port is a whole number, not str"):
        Tensorboard([other], port=cast(Any, "6006"))
    for runs in ([other.id], other.id, other.experiment, None):
        with pytest.raises(TypeError, match=r"a run is what Experiment\.start_logging or Run\.get gives"):
            Tensorboard(cast(Any, runs))
    other.cancel()


def test_a_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"no folder .*/nothing: export runs to it"):
        Tensorboard([], tmp_path / "nothing", port=0).start()


def test_a_run_that_does_not_exist_is_named(board: Board) -> None:
    process = TensorboardProcess(0)
    uri = board.run.experiment.workspace.link.recorder.uri
    with pytest.raises(RunHistoryError, match=r"^the store sqlite:.* has no run 'nobody'$"):
        process.serve(f"{uri.text}?run=nobody", "")
    process.stop()


def test_a_store_that_was_spoiled_is_one_sentence(workspace: Workspace) -> None:
    with Experiment(workspace, "e").start_logging() as run:
        run.log("loss", 1.0)
    Path(workspace.link.recorder.uri.path).write_bytes(b"something else" * 100)
    with pytest.raises(RunHistoryError, match=r"runs\.db.* is not a ") as raised:
        Tensorboard(run, port=0).start()
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("mode", "says"),
    [("offline", "is shipped by 'tb-runhistory sync sqlite:"), ("disabled", "RUNHISTORY_MODE=disabled keeps")],
)
def test_what_is_not_in_the_store_because_of_the_mode_is_said(
    store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str, says: str
) -> None:
    monkeypatch.setenv("RUNHISTORY_MODE", mode)
    run = Experiment(Workspace(store), "e").start_logging()
    with pytest.raises(StoreUnavailable, match=f"there is no store sqlite:.* yet: .*{says}"):
        Tensorboard(run, port=0).start()
    run.complete()
    _make_store(store)
    with pytest.raises(StoreUnavailable, match=f"does not have the run '{run.id}': .*{says}"):
        Tensorboard(run, port=0).start()
    run.experiment.workspace.link.recorder.close()


def _make_store(store: str) -> None:
    """Makes the store, as another process would."""
    open_writer(parse_uri(store)).close()


def test_runs_in_postgresql_are_shown_from_there(postgres_server: PostgresServer) -> None:
    uri = postgres_server.new_database()
    workspace = Workspace(uri)
    with Experiment(workspace, "launch").start_logging("root") as run:
        run.log("loss", 0.5)
        with Tensorboard(run, port=0) as tensorboard:
            url = tensorboard.start()
            assert runs_at(url) == {"launch/root"}
            assert last_values(url, "loss") == {"launch/root": 0.5}
            arguments = [" ".join(process.cmdline()) for process in processes_of(os.getpid())]
            assert not [line for line in arguments if "secret" in line]
    workspace.link.recorder.close()
    postgres_server.drop(uri)
