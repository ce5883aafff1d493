"""A whole session of requests leaves the store's folder as it was, byte for byte."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tb_runhistory.uri import StoreUri, parse_uri
from tests.conformance.builder import History
from tests.provider.built import with_parameters
from tests.provider.viewer import Viewer


def contents(folder: Path) -> dict[str, tuple[str, int, int]]:
    """The hash, size and time of change of every file, by its path."""
    found = {}
    for path in sorted(folder.rglob("*")):
        facts = path.stat()
        content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        found[str(path.relative_to(folder))] = (content, facts.st_size, facts.st_mtime_ns)
    return found


def whole_session(viewer: Viewer) -> list[Any]:
    """Asks everything that the dashboards ask; the answers that depend on the store."""
    one = urlencode({"run": "mnist/a", "tag": "loss"})
    return [
        viewer.get("data/runs"),
        viewer.get("data/environment")["experiment_name"],
        viewer.get("data/plugins_listing"),
        viewer.get("data/plugin/timeseries/tags"),
        viewer.time_series("loss"),
        viewer.get("data/plugin/scalars/tags"),
        viewer.get(f"data/plugin/scalars/scalars?{one}"),
        viewer.get("data/plugin/text/tags"),
        viewer.get("data/plugin/text/text?" + urlencode({"run": "mnist/a", "tag": "note"})),
        viewer.get("data/plugin/hparams/experiment", body={}),
        viewer.get("data/plugin/hparams/session_groups", body={"startIndex": 0, "sliceSize": 9, "allowedStatuses": []}),
        viewer.get("data/plugin/custom_scalars/layout"),
    ]


@pytest.fixture
def store(tmp_path: Path, uri: StoreUri, history: History) -> Path:
    """The folder of a store whose writer is still open, so that a WAL stands beside it."""
    history.root("a", description="# Run").log("loss", range(5000)).log_texts("note", [(0, "hello")])
    with_parameters(history.root("b"), lr=0.1).log("loss", range(10))
    assert os.path.getsize(f"{uri.path}-wal")
    return tmp_path / "store"


@pytest.mark.parametrize("state", ["at rest", "with a WAL that was left", "in a read-only folder"])
def test_a_session_changes_nothing(store: Path, history: History, tmp_path: Path, state: str) -> None:
    left = tmp_path / "left"
    if state == "at rest":
        history.writer.close()
    # What a writer that was killed would leave: no process holds the copy.
    shutil.copytree(store, left)
    if state == "in a read-only folder":
        for path in (*left.iterdir(), left):
            path.chmod(stat.S_IREAD | (stat.S_IEXEC if path.is_dir() else 0))
    before = contents(left)
    home, cache = tmp_path / "home", tmp_path / "cache"
    home.mkdir()
    cache.mkdir()
    environment = {"HOME": str(home), "XDG_CACHE_HOME": str(cache), "XDG_STATE_HOME": str(home)}
    uri = parse_uri(f"sqlite:///{left}/runs.db")
    with Viewer(f"--runhistory_uri={uri.text}", env=environment, cwd=home) as viewer:
        answers = whole_session(viewer)
        assert whole_session(viewer) == answers
    assert answers[0] == ["mnist/a", "mnist/b"]
    assert contents(left) == before
    assert contents(home) == contents(cache) == {}
    left.chmod(0o755)
