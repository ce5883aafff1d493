"""``tensorboard --runhistory_uri``: what starts, what is refused and in which words."""

from __future__ import annotations

import base64
import json
import os
import shlex
import sqlite3
import subprocess
import sys
import warnings
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tensorboard.plugins import base_plugin

from tb_runhistory.store.opening import open_writer
from tb_runhistory.uri import parse_uri
from tests.conformance.builder import History
from tests.provider.viewer import TENSORBOARD, Viewer, refused, wait_for

MARKER = "hunter2marker"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a store and with files that are none."""
    folder = tmp_path_factory.mktemp("flag")
    with open_writer(parse_uri(f"sqlite:///{folder}/runs.db")) as writer:
        history = History(writer)
        history.root("id-000001", display_name="sweep").child("id-000002", display_name="trial").log("loss", range(3))
        history.root("id-000003", experiment="other & more").log("loss", range(1500))
    (folder / "text.db").write_text("not a database")
    (folder / "empty.db").touch()
    with closing(sqlite3.connect(folder / "other.db")) as other:
        other.execute("CREATE TABLE t (x)")
        other.commit()
    (folder / "newer.db").write_bytes((folder / "runs.db").read_bytes())
    with closing(sqlite3.connect(folder / "newer.db")) as newer:
        newer.execute("PRAGMA user_version=999")
    return folder


def _stock_tensorboard() -> Any:
    """What the ``tensorboard`` command runs, in this process."""
    with warnings.catch_warnings():
        # Libraries that come within TensorBoard warn when they are imported.
        warnings.simplefilter("ignore")
        from tensorboard import default, program
    return program.TensorBoard(plugins=default.get_plugins())


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("--runhistory_uri=mysql://u:{m}@host/db", "'mysql://***@host/db' is not a run-history store"),
        ("--runhistory_uri=runs.db", "is not a run-history store"),
        ("--runhistory_uri=", "is not a run-history store"),
        ("--runhistory_uri=sqlite:///", "names no file"),
        ("--runhistory_uri=sqlite://u:{m}@runs.db", "names a host"),
        ("--runhistory_uri=sqlite:///gone.db", "there is no store at"),
        ("--runhistory_uri=sqlite:///text.db", "is not a run-history store"),
        ("--runhistory_uri=sqlite:///empty.db", "is not a run-history store"),
        ("--runhistory_uri=sqlite:///other.db", "not a run-history store"),
        ("--runhistory_uri=sqlite:///newer.db", "pip install -U tb-runhistory"),
        ("--runhistory_uri=sqlite:///.", "is not a file"),
        ("--runhistory_uri=sqlite:///runs.db?password={m}", "unknown option 'password'"),
        ("--runhistory_uri=sqlite:///runs.db?run=", "the option 'run' of the store URI is empty"),
        ("--runhistory_uri=sqlite:///runs.db?experiment=gone", "no experiment 'gone'; it has: 'mnist', 'other & more'"),
        ("--runhistory_uri=sqlite:///runs.db?run=gone", "no run 'gone'"),
        ("--runhistory_uri=sqlite:///runs.db?filter=metrics.loss<", "wrong at character 14: expected a number"),
        ("--runhistory_uri=sqlite:///runs.db?filter=stauts=1", "did you mean status?"),
        ("--runhistory_uri=sqlite:///runs.db --logdir=.", "--runhistory_uri and --logdir cannot go together"),
        ("--logdir=. --runhistory_uri=sqlite:///gone.db", "--runhistory_uri and --logdir cannot go together"),
        ("--runhistory_uri=sqlite:///runs.db --logdir_spec=a:.", "--logdir_spec cannot go together"),
        ("--runhistory_uri=sqlite:///runs.db --db=sqlite:x", "--db cannot go together"),
        ("--runhistory_uri=sqlite:///runs.db --grpc_data_provider=localhost:1", "--grpc_data_provider cannot go"),
        ("--grpc_data_provider=localhost:1 --runhistory_uri=sqlite:///runs.db", "--grpc_data_provider cannot go"),
        ("--runhistory_uri=sqlite:///runs.db --runhistory_uri=sqlite:///runs.db", "more than once"),
        ("--runhistory_uri=sqlite:///runs.db --runhistory_rollups=mean,median", "not 'median'"),
        ("--logdir=. --runhistory_rollups=mean", "--runhistory_rollups goes with --runhistory_uri"),
    ],
)
def test_what_cannot_be_shown_is_refused_with_one_sentence(
    folder: Path, monkeypatch: pytest.MonkeyPatch, arguments: str, sentence: str
) -> None:
    monkeypatch.chdir(folder)
    tensorboard = _stock_tensorboard()
    with pytest.raises(base_plugin.FlagsError) as caught:
        tensorboard.configure(["tensorboard", *shlex.split(arguments.format(m=MARKER))])
    assert sentence in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
    assert MARKER not in str(caught.value)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--runhistory_uri=sqlite:///gone.db"],
        ["--runhistory_uri=sqlite:///runs.db", "--logdir=."],
        ["--runhistory_uri=sqlite:///runs.db?run=gone"],
        ["--runhistory_uri=sqlite:///runs.db", "--bind_all", "--host=::"],
    ],
)
def test_a_refusal_is_one_line_and_exit_code_1(folder: Path, arguments: list[str]) -> None:
    code, stderr = refused(*arguments, cwd=folder)
    assert code == 1
    assert stderr.startswith("Error: ")
    assert len(stderr.splitlines()) == 1


def test_without_the_flag_an_environment_variable_changes_nothing(folder: Path) -> None:
    code, stderr = refused(env={"RUNHISTORY_URI": f"sqlite:///{folder}/runs.db"})
    assert code == 1
    assert "A logdir or db must be specified" in stderr


def test_the_version_is_told_without_a_server(folder: Path) -> None:
    ended = subprocess.run(
        [*TENSORBOARD, "--version", "--runhistory_uri=sqlite:///runs.db"], capture_output=True, check=True, cwd=folder
    )
    assert ended.stdout.strip()


def test_the_help_teaches_the_flags() -> None:
    text = subprocess.run([*TENSORBOARD, "--helpfull"], capture_output=True, text=True, check=False).stdout
    words = " ".join(text.split())
    assert "--runhistory_uri URI" in words
    assert "--runhistory_uri=sqlite:///runs.db" in words
    assert "?experiment=NAME" in words
    assert "--runhistory_rollups NAMES" in words


@pytest.mark.parametrize(
    ("selection", "runs"),
    [
        ("?experiment=other%20%26%20more", ["other & more/id-000003"]),
        ("?run=id-000002", ["mnist/sweep/trial"]),
        ("?filter=metrics.loss.count%20%3D%203", ["mnist/sweep/trial"]),
        ("?experiment=mnist&filter=name%20LIKE%20's%25'", ["mnist/sweep"]),
        ("?filter=depth%3D9", []),
    ],
)
def test_a_selection_narrows_what_is_shown(folder: Path, selection: str, runs: list[str]) -> None:
    with Viewer(f"--runhistory_uri=sqlite:///runs.db{selection}", cwd=folder) as viewer:
        assert viewer.get("data/runs") == runs


def test_samples_that_were_asked_for_are_given(folder: Path) -> None:
    with Viewer("--runhistory_uri=sqlite:///runs.db", "--samples_per_plugin=scalars=1200", cwd=folder) as viewer:
        [points] = [points for run, points in viewer.time_series("loss").items() if run.startswith("other")]
        assert 1000 < len(points) <= 1200


def test_the_flags_that_the_browser_sees_hold_an_address_and_a_redacted_uri(folder: Path) -> None:
    with Viewer("--runhistory_uri=sqlite:///runs.db?experiment=mnist", cwd=folder) as viewer:
        flags = viewer.get("data/environment")["debug"]["flags"]
        assert flags["runhistory_uri"] == f"sqlite:///{folder}/runs.db?experiment=mnist"
        assert flags["grpc_data_provider"].startswith("127.0.0.1:")
        server = viewer.data_server()
        assert server is not None
        assert "runs.db" not in " ".join(server.cmdline())
        # The server's port is open to this machine only.
        assert {connection.laddr.ip for connection in server.net_connections("tcp")} <= {
            "127.0.0.1",
            "::ffff:127.0.0.1",
        }


def test_a_proxy_is_not_asked_for_the_loopback(folder: Path) -> None:
    proxies = {"http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9", "no_proxy": ""}
    with Viewer("--runhistory_uri=sqlite:///runs.db", env=proxies, cwd=folder) as viewer:
        assert len(viewer.get("data/runs")) == 3


def test_notebooks_start_it_and_find_it_again(folder: Path, tmp_path: Path) -> None:
    """``%tensorboard`` is ``tensorboard.manager``, which knows running processes by their arguments."""
    notebook = """
import os, signal
from tensorboard import manager
arguments = ["--port=0", "--runhistory_uri=sqlite:///runs.db"]
results = [manager.start(arguments) for _ in range(2)]
print([type(result).__name__ for result in results])
os.kill(results[0].info.pid, signal.SIGTERM)
"""
    environment = {**os.environ, "TMPDIR": str(tmp_path), "TENSORBOARD_BINARY": TENSORBOARD[0]}
    shown = subprocess.run(
        [sys.executable, "-c", notebook], capture_output=True, text=True, cwd=folder, env=environment, check=True
    )
    assert shown.stdout.strip() == "['StartLaunched', 'StartReused']"


def test_a_password_is_nowhere(folder: Path, tmp_path: Path) -> None:
    """TensorBoard notes its arguments in a file that every user can read, but only once it has started."""
    environment = {"TMPDIR": str(tmp_path)}
    for uri in (f"sqlite://u:{MARKER}@host/runs.db", f"sqlite:///runs.db?password={MARKER}"):
        code, stderr = refused(f"--runhistory_uri={uri}", env=environment, cwd=folder)
        assert code == 1
        assert MARKER not in stderr
    assert not list(tmp_path.rglob("*.info"))
    with Viewer("--runhistory_uri=sqlite:///runs.db", env=environment, cwd=folder):
        wait_for(
            "the note of TensorBoard's arguments", lambda: [p for p in tmp_path.rglob("*.info") if p.stat().st_size]
        )
        [note] = tmp_path.rglob("*.info")
        arguments = json.loads(base64.b64decode(json.loads(note.read_text())["cache_key"]))["arguments"]
        assert "--runhistory_uri=sqlite:///runs.db" in arguments


@pytest.mark.parametrize("broken", ["tb_runhistory.uri", "tb_runhistory.provider.data_server.supervisor"])
def test_a_broken_part_of_ours_leaves_a_logdir_alone(tmp_path: Path, broken: str) -> None:
    with Viewer(f"--logdir={tmp_path}", "--load_fast=false", env=breaking(tmp_path, broken)) as viewer:
        assert viewer.get("data/runs") == []
    assert "Traceback" not in viewer.stderr
    assert "tb_runhistory" not in viewer.stderr


@pytest.mark.parametrize("name", ["sqlalchemy", "pcodec"])
@pytest.mark.parametrize("state", ["missing", "broken"])
def test_a_dependency_that_cannot_be_imported_is_told_in_one_warning(tmp_path: Path, name: str, state: str) -> None:
    environment = (_hiding if state == "missing" else breaking)(tmp_path, name)
    with Viewer(f"--logdir={tmp_path}", "--load_fast=false", env=environment) as viewer:
        assert viewer.get("data/runs") == []
        wait_for("the warning", lambda: "tb_runhistory" in viewer.stderr)
    assert "Traceback" not in viewer.stderr
    warnings = [line for line in viewer.stderr.splitlines() if "tb_runhistory" in line]
    assert len(warnings) == 1
    assert f"{name} cannot be imported" in warnings[0]


def test_a_broken_installation_is_told_when_the_flag_is_used(folder: Path, tmp_path: Path) -> None:
    environment = breaking(tmp_path, "tb_runhistory.uri")
    code, stderr = refused("--runhistory_uri=sqlite:///runs.db", env=environment, cwd=folder)
    assert code == 1
    assert stderr.startswith("Error: tb_runhistory cannot be loaded (ImportError)")
    assert len(stderr.splitlines()) == 1


def test_a_broken_dependency_of_the_data_server_is_told_once(folder: Path, tmp_path: Path) -> None:
    with Viewer("--runhistory_uri=sqlite:///runs.db", env=breaking(tmp_path, "sqlalchemy"), cwd=folder) as viewer:
        wait_for("the sentence", lambda: "cannot be loaded (ImportError: broken on purpose)" in viewer.stderr)
        wait_for("the end of the data server", lambda: viewer.data_server() is None)
    assert viewer.stderr.count("tb_runhistory: ") == 1


def breaking(folder: Path, module: str) -> dict[str, str]:
    """An environment in which importing ``module`` raises ImportError."""
    hook = f"""
import importlib.abc, importlib.machinery, sys
class Breaking(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, name, path=None, target=None):
        return importlib.machinery.ModuleSpec(name, self) if name == {module!r} else None
    def create_module(self, spec):
        return None
    def exec_module(self, module):
        raise ImportError("broken on purpose")
sys.meta_path.insert(0, Breaking())
"""
    return _with_hook(folder, hook)


def _hiding(folder: Path, module: str) -> dict[str, str]:
    """An environment in which ``module`` is not installed."""
    hook = f"""
import importlib.machinery
find = importlib.machinery.PathFinder.find_spec
def find_spec(name, path=None, target=None):
    return None if name == {module!r} else find(name, path, target)
importlib.machinery.PathFinder.find_spec = find_spec
"""
    return _with_hook(folder, hook)


def _with_hook(folder: Path, hook: str) -> dict[str, str]:
    place = folder / "hook"
    place.mkdir()
    (place / "sitecustomize.py").write_text(hook)
    return {"PYTHONPATH": os.pathsep.join([str(place), os.environ.get("PYTHONPATH", "")])}
