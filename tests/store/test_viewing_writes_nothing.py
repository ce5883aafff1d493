"""Looking at a store changes no byte of its folder, however its last writer ended."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tb_runhistory.records.changes import DataClass
from tb_runhistory.records.columns import Scope
from tb_runhistory.store.opening import open_reader, open_writer
from tb_runhistory.uri import parse_uri
from tests.conformance.builder import History

RECORD_AND_DIE = """
import os, signal, sys
from tb_runhistory.store.opening import open_writer
from tb_runhistory.uri import parse_uri
from tests.conformance.builder import History
run = History(open_writer(parse_uri("sqlite:///" + sys.argv[1]))).root("run")
run.log("loss", range(5000)).log_texts("note", [(0, "hello")])
os.kill(os.getpid(), signal.SIGKILL)
"""

LOOK_ONCE = """
import sys
from tests.store.test_viewing_writes_nothing import look
print(look(sys.argv[1]))
"""


def contents(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Every file's bytes and the time of its last change."""
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir()}


def look(path: str) -> int:
    """Asks a reader every question; returns the number of points it was shown."""
    with open_reader(parse_uri(f"sqlite:///{path}")) as reader:
        reader.version()
        reader.experiments()
        assert len(reader.runs(Scope())) == 1
        reader.parameters(Scope())
        reader.tags(Scope())
        reader.properties(Scope())
        (notes,) = reader.read_entries(reader.series(Scope(), DataClass.TEXT).key)
        assert notes.contents[0][0].data == b"hello"
        keys = reader.series(Scope(), DataClass.SCALAR).key
        reader.read_points(keys, 100)
        return len(reader.read_points(keys)[0].points)


@pytest.fixture
def closed_store(tmp_path: Path) -> Path:
    """A store whose writer closed it."""
    path = tmp_path / "store" / "runs.db"
    with open_writer(parse_uri(f"sqlite:///{path}")) as writer:
        History(writer).root("run").log("loss", range(5000)).log_texts("note", [(0, "hello")])
    return path


@pytest.fixture
def killed_store(tmp_path: Path) -> Path:
    """A store whose writer was killed, so that its newest commits are in the WAL only."""
    path = tmp_path / "store" / "runs.db"
    killed = subprocess.run([sys.executable, "-c", RECORD_AND_DIE, str(path)], check=False, cwd=Path.cwd())
    assert killed.returncode == -signal.SIGKILL
    assert path.with_name("runs.db-wal").stat().st_size > 0
    return path


def test_a_closed_store_stays_as_it_is(closed_store: Path) -> None:
    before = contents(closed_store.parent)
    assert look(str(closed_store)) == 5000
    assert contents(closed_store.parent) == before
    assert set(before) == {"runs.db", "runs.db-lock"}


@pytest.mark.parametrize("index", ["with its index", "without its index"])
def test_a_wal_that_was_left_is_read_and_stays(killed_store: Path, index: str) -> None:
    if index == "without its index":
        killed_store.with_name("runs.db-shm").unlink()
    before = contents(killed_store.parent)
    assert look(str(killed_store)) == 5000
    assert contents(killed_store.parent) == before


@pytest.mark.parametrize("store", ["closed_store", "killed_store"])
def test_a_folder_that_may_not_be_written_is_enough(store: str, request: pytest.FixtureRequest) -> None:
    path: Path = request.getfixturevalue(store)
    shown = path.parent
    for file in shown.iterdir():
        file.chmod(0o444)
    shown.chmod(0o555)
    for folder in list(shown.parents)[:4]:  # pytest's own, which are private to the user
        if folder.stat().st_mode & 0o777 == 0o700:
            folder.chmod(0o755)
    try:
        before = contents(shown)
        # Root may write anywhere, so the look is another user's where it can be.
        command = [sys.executable, "-c", LOOK_ONCE, str(path)]
        if os.geteuid() == 0 and shutil.which("setpriv") and _others_can_run_python():
            command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *command]
        looked = subprocess.run(command, check=False, capture_output=True, text=True, cwd=Path.cwd())
        assert looked.stdout.strip() == "5000", looked.stderr
        assert contents(shown) == before
    finally:
        shown.chmod(0o755)


def _others_can_run_python() -> bool:
    probe = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", sys.executable, "-c", "import sqlalchemy"]
    return subprocess.run(probe, check=False, capture_output=True).returncode == 0


def test_a_store_that_is_being_written_is_read_live_and_its_writer_is_not_held_up(tmp_path: Path) -> None:
    path = tmp_path / "runs.db"
    with open_writer(parse_uri(f"sqlite:///{path}")) as writer:
        run = History(writer).root("run").log_texts("note", [(0, "hello")])
        for turn in range(1, 4):
            run.log("loss", range(turn * 100, turn * 100 + 100))
            assert look(str(path)) == turn * 100
    assert look(str(path)) == 300
