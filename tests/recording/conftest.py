"""Workspaces to record to: one that tests share, and one for each test that needs a store of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tb_runhistory import Experiment, Run, Workspace
from tb_runhistory.recording.endings import end_all
from tb_runhistory.records.status import RunStatus
from tests.recording.scripts import Scripts


@pytest.fixture(scope="session")
def shared_workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """A workspace with a live shipper for tests that only look at runs of their own."""
    folder = tmp_path_factory.mktemp("shared")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RUNHISTORY_JOURNAL_DIR", str(folder / "journals"))
        workspace = Workspace(f"sqlite:///{folder / 'runs.db'}")
    yield workspace
    workspace.link.close()


@pytest.fixture
def run(shared_workspace: Workspace, request: pytest.FixtureRequest) -> Iterator[Run]:
    """A running run in an experiment of the test's own."""
    run = Experiment(shared_workspace, request.node.name).start_logging("run")
    yield run
    end_all(RunStatus.CANCELED, "")


@pytest.fixture
def scripts(shared_workspace: Workspace, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Scripts:
    """Scripts that record to an experiment of the test's own, in a store whose shipper is at work already."""
    Experiment(shared_workspace, "shared", description="keeps the journal, and so the shipper, alive")
    monkeypatch.setenv("RUNHISTORY_JOURNAL_DIR", str(shared_workspace.link.recorder.spool.parent))
    return Scripts(shared_workspace.link.recorder.uri.text, request.node.name)


@pytest.fixture
def own_scripts(store: str) -> Scripts:
    """Scripts that record to a store of the test's own."""
    return Scripts(store, "e")


@pytest.fixture
def store(tmp_path: Path) -> str:
    """The URI of a store that does not exist yet."""
    return f"sqlite:///{tmp_path / 'runs.db'}"


@pytest.fixture
def workspace(store: str) -> Iterator[Workspace]:
    """A workspace with a store of its own."""
    workspace = Workspace(store)
    yield workspace
    end_all(RunStatus.CANCELED, "")
    workspace.link.close()
