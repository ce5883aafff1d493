"""What the page is told to ask again for, and when."""

from __future__ import annotations

from pathlib import Path

import pytest

from tb_runhistory.plugin.live_version import LiveVersion
from tb_runhistory.records.status import HEARTBEAT_TIMEOUT_SECONDS
from tb_runhistory.store.opening import open_reader, open_writer
from tb_runhistory.uri import parse_uri
from tests.conformance.builder import START, History


class Clock:
    """A clock that stands still until it is set."""

    now = START

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_store_in_which_nothing_runs_keeps_its_version(tmp_path: Path, clock: Clock) -> None:
    uri = parse_uri(f"sqlite:///{tmp_path}/runs.db")
    with open_writer(uri) as writer:
        History(writer).root("done").end()
    with open_reader(uri) as reader:
        version = LiveVersion(clock)
        first = version.text(reader)
        for _ in range(100):
            clock.now += 60
            assert version.text(reader) == first


def test_a_run_that_stops_responding_makes_a_new_version_and_no_more(tmp_path: Path, clock: Clock) -> None:
    uri = parse_uri(f"sqlite:///{tmp_path}/runs.db")
    with open_writer(uri) as writer:
        History(writer).root("running")
    with open_reader(uri) as reader:
        version = LiveVersion(clock)
        first = version.text(reader)
        clock.now += HEARTBEAT_TIMEOUT_SECONDS / 2
        assert version.text(reader) == first
        clock.now += HEARTBEAT_TIMEOUT_SECONDS
        silent = version.text(reader)
        assert silent != first
        clock.now += 3600
        assert version.text(reader) == silent
        # A TensorBoard that starts later says the same.
        assert LiveVersion(clock).text(reader) == silent
