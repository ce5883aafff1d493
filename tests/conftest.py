"""What every test needs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import Phase, settings

from tests.postgresql_server import PostgresServer, running_server

# A busy machine makes any example slow once; how long tests take is not for hypothesis to judge. And an example of many
# points is said as it is: to explain it, each of its lines would be traced for longer than a test may take.
settings.register_profile("plain", deadline=None, phases=[phase for phase in Phase if phase is not Phase.explain])
settings.load_profile("plain")


@pytest.fixture(autouse=True)
def own_journals(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Journals of a test, and of the processes it starts, stand in a folder of its own."""
    folder = tmp_path_factory.mktemp("journals")
    monkeypatch.setenv("RUNHISTORY_JOURNAL_DIR", str(folder))
    for variable in ("RUNHISTORY_URI", "RUNHISTORY_MODE"):
        monkeypatch.delenv(variable, raising=False)
    return folder


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A PostgreSQL server, started for the first test that needs it."""
    with running_server() as server:
        yield server
