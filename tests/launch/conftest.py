"""Runs to show: of a store that tests share, and of one for each test that needs its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tb_runhistory import Experiment, Run, Tensorboard, Workspace
from tests.recording.conftest import shared_workspace, store
from tests.recording.scripts import Scripts

__all__ = ["shared_workspace", "store"]


@dataclass(frozen=True)
class Board:
    """A Tensorboard that runs, its address, and the running run that it shows."""

    tensorboard: Tensorboard
    url: str
    run: Run


@pytest.fixture(scope="session")
def board(shared_workspace: Workspace) -> Iterator[Board]:
    """A Tensorboard that shows one run, which has just begun."""
    run = Experiment(shared_workspace, "launch").start_logging("root")
    run.log("loss", 0.5)
    with Tensorboard(run, port=0) as tensorboard:
        yield Board(tensorboard, tensorboard.start(), run)
    run.cancel()


@pytest.fixture
def workspace(store: str) -> Iterator[Workspace]:
    """A workspace with a store of its own."""
    workspace = Workspace(store)
    yield workspace
    workspace.link.recorder.close()


@pytest.fixture
def scripts(store: str) -> Scripts:
    """Scripts that record to a store of the test's own."""
    return Scripts(store, "e")
